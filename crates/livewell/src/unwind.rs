//! Unwinding at the intake: in the transaction that changes a node, its parts come, change and go with it.

use crate::Error;
use crate::intake::{Intake, Touched};
use crate::shared::{Component, Shared};
use livewell_model::{Change, Element, ElementId, Transaction};
use livewell_source::unwind::{self, Parts, Unwind};
use livewell_store::catalog::{self, Registered};
use livewell_store::{IndexError, WriteSet, compare};

/// How many elements are looked at for one commit, where the rules were changed.
const BATCH: usize = 1_000;

/// Adds to what a transaction touches the parts of what it touches.
pub(crate) fn follow(rules: &[Unwind], intake: &Intake<'_>, touched: &mut Touched) -> Result<(), Error> {
    if rules.is_empty() {
        return Ok(());
    }
    for id in touched.keys() {
        if is_part(rules, intake, id)? {
            return Err(taken(id));
        }
    }
    let wholes: Vec<_> = touched.values().cloned().collect();
    for (before, after) in wholes {
        let (old, new) = (parts(rules, before.as_ref())?, parts(rules, after.as_ref())?);
        for (id, part) in &new {
            if touched.contains_key(id) || (!old.contains_key(id) && intake.element(id)?.is_some()) {
                return Err(taken(id));
            }
            touched.insert(id.clone(), (old.get(id).cloned(), Some(part.clone())));
        }
        for (id, part) in old {
            if !new.contains_key(&id) && touched.insert(id.clone(), (Some(part), None)).is_some() {
                return Err(taken(&id));
            }
        }
    }
    Ok(())
}

fn parts(rules: &[Unwind], whole: Option<&Element>) -> Result<Parts, Error> {
    let parts = whole.map(|whole| unwind::parts(rules, whole)).transpose();
    parts.map(Option::unwrap_or_default).map_err(|why| Error::invalid("LW0537", why))
}

/// Whether the element is a part of one that is stored: only its whole changes it.
fn is_part(rules: &[Unwind], intake: &Intake<'_>, id: &ElementId) -> Result<bool, Error> {
    for whole in rules.iter().flat_map(|rule| rule.wholes(&id.id)) {
        let whole = intake.element(&ElementId::new(id.source.as_str(), whole))?;
        if parts(rules, whole.as_ref())?.contains_key(id) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn taken(id: &ElementId) -> Error {
    Error::invalid(
        "LW0537",
        format!("`{id}` is the id of a part that `unwind` makes, and of another element"),
    )
}

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
            if is_part(&old, &intake, whole.id())? {
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
    let position = crate::shared::lock(&shared.position);
    let expected = compare::read_version(&*shared.store.snapshot()?, catalog::CATALOG)?;
    let mut set =
        WriteSet { feed: catalog::CATALOG, expected, next: expected.after(), ..WriteSet::default() };
    set.put(entry.key(), entry.encode());
    shared.group.commit(set)?;
    drop(position);
    Ok(())
}
