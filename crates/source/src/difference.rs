//! The difference between the elements of a copy and those that queries see.

use crate::SourceError;
use crate::pages::Elements;
use crate::source::{Commit, Side};
use livewell_model::{Change, Element};
use std::cmp::Ordering;

/// Makes the live elements whose ids begin with `prefix` equal to those of the stage, by changes of the transaction that
/// was begun. Returns the number of changes.
pub(crate) fn compare(commit: &mut dyn Commit, prefix: &str) -> Result<u64, SourceError> {
    let (mut before, mut after) = (Elements::of(Side::Live, prefix), Elements::of(Side::Staged, prefix));
    let (mut old, mut new) = (before.next(commit)?, after.next(commit)?);
    let mut changes = 0;
    while let Some((order, _)) = first(old.as_ref(), new.as_ref(), |element: &Element| &element.id().id) {
        let change = match (&old, &new) {
            (Some(gone), _) if order.is_lt() => Some(Change::Delete(gone.id().clone())),
            (Some(same), Some(next)) if order.is_eq() && same == next => None,
            (_, Some(next)) => Some(Change::Insert(next.clone())),
            (_, None) => None,
        };
        if let Some(change) = change {
            changes += 1;
            commit.change(change)?;
        }
        if order.is_le() {
            old = before.next(commit)?;
        }
        if order.is_ge() {
            new = after.next(commit)?;
        }
    }
    Ok(changes)
}

/// Returns whichever of the two comes first by its key; `None` if there is neither.
pub(crate) fn first<'a, T, K: Ord + 'a>(
    old: Option<&'a T>,
    new: Option<&'a T>,
    key: impl Fn(&'a T) -> &'a K,
) -> Option<(Ordering, &'a T)> {
    match (old, new) {
        (None, None) => None,
        (Some(old), None) => Some((Ordering::Less, old)),
        (None, Some(new)) => Some((Ordering::Greater, new)),
        (Some(old), Some(new)) => match key(old).cmp(key(new)) {
            Ordering::Greater => Some((Ordering::Greater, new)),
            order => Some((order, old)),
        },
    }
}
