//! What a changed atom binds, to extend from.

use super::parts::{Atom, AtomKind};
use crate::operator::scan::Scanned;
use livewell_model::{ElementId, Value};
use smallvec::{SmallVec, smallvec};

/// A changed atom to extend from: what is bound, and the weighted values of its slot that share the binding.
#[derive(Debug)]
pub struct Start {
    /// The values of the atom's slot: the old one with -1, the new one with +1, where they bind the same ids.
    pub values: SmallVec<[(Value, i64); 2]>,
    /// A relationship's ends, as its pattern's `from` and `to` slots take them.
    pub ends: Option<(ElementId, ElementId)>,
}

impl Atom {
    /// The bindings that a change of this atom begins from.
    ///
    /// An update that keeps the id (and the ends) is one start with two values: all look-ups are shared.
    pub fn starts(&self, scanned: &Scanned) -> SmallVec<[Start; 1]> {
        let weighted = [(scanned.before.as_ref(), -1), (scanned.after.as_ref(), 1)];
        let mut starts: SmallVec<[Start; 1]> = SmallVec::new();
        for (value, weight) in weighted.into_iter().filter_map(|(value, weight)| Some((value?, weight))) {
            for ends in self.orientations(value) {
                match starts.iter_mut().find(|start| start.ends == ends) {
                    Some(start) => start.values.push((value.clone(), weight)),
                    None => starts.push(Start { values: smallvec![(value.clone(), weight)], ends }),
                }
            }
        }
        starts
    }

    /// The ways this element can lie in the pattern: one for a node or a directed relationship; for an
    /// undirected one two, a loop once.
    fn orientations(&self, value: &Value) -> impl Iterator<Item = Option<(ElementId, ElementId)>> {
        let (along, against) = match (&self.kind, value) {
            (AtomKind::Relationship(ends), Value::Relationship(relationship)) => {
                let (from, to) = (relationship.from.clone(), relationship.to.clone());
                let against = (ends.undirected && from != to).then(|| (to.clone(), from.clone()));
                (Some((from, to)), against)
            }
            _ => (None, None),
        };
        std::iter::once(along).chain(against.map(Some))
    }
}
