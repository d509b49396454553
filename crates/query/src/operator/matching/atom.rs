//! Atoms: the pattern elements that a match joins, and how each is found from the others.

use super::Trail;
use crate::operator::scan::{Scan, Scanned};
use livewell_model::{ElementId, Value};
use smallvec::{SmallVec, smallvec};

/// One pattern element.
#[derive(Debug)]
pub struct Atom {
    /// Which elements it may be.
    pub scan: Scan,
    /// Node or relationship, and how it hangs together with the rest.
    pub kind: AtomKind,
}

/// A node of the pattern, or what lies between two.
#[derive(Debug)]
pub enum AtomKind {
    /// A node; `arranged` if any other atom's change has to look it up.
    Node {
        /// Whether its elements are remembered.
        arranged: bool,
    },
    /// A relationship between the nodes in two slots.
    Relationship(Ends),
    /// A trail of relationships between the nodes in two slots. Its edges come as an input of the operator.
    Trail(Trail),
}

impl AtomKind {
    /// The ends of what lies between two nodes.
    pub fn ends(&self) -> Option<&Ends> {
        match self {
            Self::Node { .. } => None,
            Self::Relationship(ends) | Self::Trail(Trail { ends, .. }) => Some(ends),
        }
    }

    /// The ends, to change.
    pub fn ends_mut(&mut self) -> Option<&mut Ends> {
        match self {
            Self::Node { .. } => None,
            Self::Relationship(ends) | Self::Trail(Trail { ends, .. }) => Some(ends),
        }
    }
}

/// Where a relationship's ends are bound, and by which of them it is remembered.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// The slot of the node it starts at. Undirected: of the node left of it in the text.
    pub from: usize,
    /// The slot of the node it ends at. Undirected: of the node right of it.
    pub to: usize,
    /// Whether it may lie either way round.
    pub undirected: bool,
    /// Whether it is remembered by its start.
    pub by_from: bool,
    /// Whether it is remembered by its end.
    pub by_to: bool,
}

/// How the next atom is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// The node whose id a bound relationship tells.
    NodeById {
        /// The node's slot.
        node: usize,
    },
    /// All nodes this slot may be: the pattern is not connected.
    AllNodes {
        /// The node's slot.
        node: usize,
    },
    /// The relationships, or trails, that start at the bound node.
    ByFrom {
        /// The relationship's slot.
        relationship: usize,
    },
    /// The relationships, or trails, that end at the bound node.
    ByTo {
        /// The relationship's slot.
        relationship: usize,
    },
    /// The input rows that bind a node whose id is known.
    InputByNode {
        /// The node's slot.
        node: usize,
    },
    /// All input rows: nothing connects them with what is bound.
    AllInput,
}

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
