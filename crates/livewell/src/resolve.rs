//! What a database says that only who knows the elements can make changes of: a node that moves to another id
//! and keeps what was not sent, and all elements of a table going at once.

use crate::Error;
use crate::intake::Intake;
use livewell_model::{Change, Element, ElementId};
use livewell_source::postgres::Step;
use std::collections::BTreeMap;

/// The changes that the steps come to, over the elements as they are now.
pub(crate) fn changes(intake: &Intake<'_>, steps: Vec<Step>) -> Result<Vec<Change>, Error> {
    if steps.iter().all(|step| matches!(step, Step::Change(_))) {
        let change = |step| match step {
            Step::Change(change) => Some(change),
            _ => None,
        };
        return Ok(steps.into_iter().filter_map(change).collect());
    }
    let mut resolver =
        Resolver { intake, touched: BTreeMap::new(), changes: Vec::with_capacity(steps.len()) };
    steps.into_iter().try_for_each(|step| resolver.take(step))?;
    Ok(resolver.changes)
}

struct Resolver<'a> {
    intake: &'a Intake<'a>,
    /// What the elements are after the steps so far.
    touched: BTreeMap<ElementId, Option<Element>>,
    changes: Vec<Change>,
}

impl Resolver<'_> {
    fn take(&mut self, step: Step) -> Result<(), Error> {
        match step {
            Step::Change(change) => self.put(change),
            Step::Move { mut insert, from, kept } => {
                let before = self.now(&from)?;
                for name in kept {
                    let value = before.as_ref().and_then(|before| before.properties().get(&name)).cloned();
                    // One that was null is not sent as unchanged, so it must be here.
                    let value = value.ok_or_else(|| {
                        let message = format!("`{from}` has no `{name}` here, and it is not sent again");
                        Error::invalid("LW0521", message)
                    })?;
                    insert.properties.insert(name, value);
                }
                self.put(Change::insert(insert))?;
                self.put(Change::Delete(from))
            }
            Step::Clear { prefix } => {
                let stored = self.intake.ids(&prefix)?;
                let new =
                    self.touched.iter().filter(|(id, now)| now.is_some() && id.id.starts_with(&*prefix));
                let mut ids: Vec<ElementId> = new.map(|(id, _)| id.clone()).chain(stored).collect();
                ids.sort_unstable();
                ids.dedup();
                ids.into_iter().try_for_each(|id| self.put(Change::Delete(id)))
            }
        }
    }

    fn put(&mut self, change: Change) -> Result<(), Error> {
        let before = self.now(change.id())?;
        let after = change.apply(before.as_ref());
        let after = after.map_err(|error| Error::invalid("LW0521", error.to_string()))?;
        self.touched.insert(change.id().clone(), after);
        self.changes.push(change);
        Ok(())
    }

    fn now(&self, id: &ElementId) -> Result<Option<Element>, Error> {
        match self.touched.get(id) {
            Some(now) => Ok(now.clone()),
            None => self.intake.element(id),
        }
    }
}
