//! Makes the parts of all stored elements again, after the rules of `unwind` were changed.

use super::intake::Intake;
use super::unwind::{is_part, parts};
use crate::Error;
use crate::component::Component;
use crate::component::definition::{self, Definition, Made};
use crate::component::shared::Shared;
use livewell_model::{Change, Transaction};
use livewell_store::WriteSet;
use livewell_store::catalog::{self, Registered};

/// How many elements are read for one commit.
const BATCH: usize = 1_000;

/// If the rules were changed, replaces the parts of all stored elements, then records the new rules.
///
/// If it is killed meanwhile, it begins again: repeating what is done already changes nothing.
pub(crate) fn refit(shared: &Shared, source: &Component) -> Result<(), Error> {
    let snapshot = shared.store.snapshot()?;
    let old = definition::rules(&*snapshot, &source.id)?;
    if old == source.unwind {
        return Ok(());
    }
    drop(snapshot);
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
    note(shared, source)
}

/// Records the rules that made the parts of the stored elements.
fn note(shared: &Shared, source: &Component) -> Result<(), Error> {
    let turn = shared.positions.take();
    let snapshot = shared.store.snapshot()?;
    let Some(entry) = catalog::find(&*snapshot, &source.id)? else { return Ok(()) };
    let spec = Definition::read(&entry).map(|definition| definition.spec).unwrap_or_default();
    let definition = Definition { spec, made: Made::Source { unwind: source.unwind.clone() } }.text()?;
    let entry = Registered { definition, ..entry };
    let mut set = WriteSet::over(&*snapshot, catalog::CATALOG)?;
    set.put(entry.key(), entry.encode());
    shared.group.commit(set)?;
    drop(turn);
    Ok(())
}
