//! Making the parts of all that is stored again, after the rules of `unwind` were changed.

use super::intake::Intake;
use super::unwind::{is_part, parts};
use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use livewell_model::{Change, Transaction};
use livewell_source::unwind::Unwind;
use livewell_store::catalog::{self, Registered};
use livewell_store::{IndexError, WriteSet};

/// How many elements are looked at for one commit.
const BATCH: usize = 1_000;

/// The rules as the catalog keeps them, beside the source.
pub(crate) fn definition(rules: &[Unwind]) -> String {
    if rules.is_empty() { String::new() } else { serde_json::to_string(rules).unwrap_or_default() }
}

/// Where the rules were changed: replaces the parts of all that is stored, then notes the new rules.
///
/// Killed on the way, it begins again: what is done already is the same once more.
pub(crate) fn refit(shared: &Shared, source: &Component) -> Result<(), Error> {
    let Some(entry) = catalog::find(&*shared.store.snapshot()?, &source.id)? else { return Ok(()) };
    let definition = definition(&source.unwind);
    if entry.definition == definition {
        return Ok(());
    }
    let old: Vec<Unwind> = match entry.definition.as_str() {
        "" => Vec::new(),
        text => serde_json::from_str(text).map_err(|_| IndexError::corrupted("the rules of a source"))?,
    };
    let mut after = None;
    loop {
        let mut intake = Intake::begin(shared, source)?;
        let wholes = intake.elements(after.as_deref(), BATCH)?;
        let Some(last) = wholes.last() else { break };
        after = Some(last.id().id.to_string());
        let mut changes = Vec::new();
        for whole in &wholes {
            if is_part(&old, &|id| intake.element(id), whole.id())? {
                continue;
            }
            let (old, new) = (parts(&old, Some(whole))?, parts(&source.unwind, Some(whole))?);
            changes.extend(old.keys().filter(|id| !new.contains_key(*id)).cloned().map(Change::Delete));
            changes.extend(new.into_values().map(Change::Insert));
        }
        if !changes.is_empty() {
            intake.add_made(Transaction { changes, timestamp: None })?;
        }
        intake.commit()?;
    }
    note(shared, &Registered { definition, ..entry })
}

fn note(shared: &Shared, entry: &Registered) -> Result<(), Error> {
    let turn = shared.positions.take();
    let mut set = WriteSet::over(&*shared.store.snapshot()?, catalog::CATALOG)?;
    set.put(entry.key(), entry.encode());
    shared.group.commit(set)?;
    drop(turn);
    Ok(())
}
