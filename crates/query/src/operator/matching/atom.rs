//! What a changed atom binds, to extend from.

use super::parts::{Atom, AtomKind};
use crate::operator::scan::Scanned;
use livewell_model::{ElementId, Value};
use smallvec::{SmallVec, smallvec};

/// A changed atom to extend from: what is bound, and the weighted values of its slot that share the binding.
#[derive(Debug)]
pub struct Start<'v> {
    /// The values of the atom's slot: the old one with -1, the new one with +1, where they bind the same ids.
    pub values: SmallVec<[(&'v Value, i64); 2]>,
    /// A relationship's ends, as its pattern's `from` and `to` slots take them.
    pub ends: Option<Ends<'v>>,
}

/// The nodes where something begins and ends.
type Ends<'v> = (&'v ElementId, &'v ElementId);

impl Atom {
    /// The bindings that a change of this atom begins from.
    ///
    /// An update that keeps the id (and the ends) is one start with two values: all look-ups are shared.
    pub fn starts<'v>(&self, scanned: &'v Scanned) -> SmallVec<[Start<'v>; 1]> {
        let mut starts: SmallVec<[Start<'v>; 1]> = SmallVec::new();
        let mut add = |value, weight, ends| match starts.iter_mut().find(|start| start.ends == ends) {
            Some(start) => start.values.push((value, weight)),
            None => starts.push(Start { values: smallvec![(value, weight)], ends }),
        };
        for (value, weight) in [(&scanned.before, -1), (&scanned.after, 1)] {
            let Some(value) = value else { continue };
            let (along, against) = self.orientations(value);
            add(value, weight, along);
            if against.is_some() {
                add(value, weight, against);
            }
        }
        starts
    }

    /// The ways this element can lie in the pattern: one for a node, which has no ends, or a directed relationship; for
    /// an undirected one also against its direction, but a loop once.
    fn orientations<'v>(&self, value: &'v Value) -> (Option<Ends<'v>>, Option<Ends<'v>>) {
        match (&self.kind, value) {
            (AtomKind::Relationship(ends), Value::Relationship(relationship)) => {
                let (from, to) = (&relationship.from, &relationship.to);
                (Some((from, to)), (ends.undirected && from != to).then_some((to, from)))
            }
            _ => (None, None),
        }
    }
}
