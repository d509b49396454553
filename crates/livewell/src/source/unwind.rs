//! Unwinding at the intake: the transaction that changes a node also adds, changes and removes its parts.

use crate::Error;
use livewell_model::{Element, ElementId};
use livewell_source::unwind::{self, Parts, Unwind};
use std::collections::BTreeMap;

/// The elements of one transaction: their old and their new forms.
pub(crate) type Touched = BTreeMap<ElementId, (Option<Element>, Option<Element>)>;

/// Looks up the present form of an element.
pub(crate) type Lookup<'a> = dyn Fn(&ElementId) -> Result<Option<Element>, Error> + 'a;

/// Adds the parts of the elements that a transaction touches.
pub(crate) fn follow(rules: &[Unwind], element: &Lookup<'_>, touched: &mut Touched) -> Result<(), Error> {
    if rules.is_empty() {
        return Ok(());
    }
    for id in touched.keys() {
        if is_part(rules, element, id)? {
            return Err(taken(id));
        }
    }
    let wholes: Vec<_> = touched.values().cloned().collect();
    for (before, after) in wholes {
        let (old, new) = (parts(rules, before.as_ref())?, parts(rules, after.as_ref())?);
        for (id, part) in &new {
            if touched.contains_key(id) || (!old.contains_key(id) && element(id)?.is_some()) {
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

pub(crate) fn parts(rules: &[Unwind], whole: Option<&Element>) -> Result<Parts, Error> {
    let parts = whole.map(|whole| unwind::parts(rules, whole)).transpose();
    parts.map(Option::unwrap_or_default).map_err(|why| Error::invalid("LW0537", why))
}

/// Returns whether the element is a part of a stored one, and so can only change with its whole.
pub(crate) fn is_part(rules: &[Unwind], element: &Lookup<'_>, id: &ElementId) -> Result<bool, Error> {
    for whole in rules.iter().flat_map(|rule| rule.wholes(&id.id)) {
        let whole = element(&ElementId::new(id.source.as_str(), whole))?;
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
