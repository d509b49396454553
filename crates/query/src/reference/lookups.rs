//! What finds elements without looking at all of them: nodes by id and by label, relationships by their ends and type.

use super::joins;
use super::packed::{Packed, id_of, number};
use crate::expression::EvalError;
use crate::joins::Join;
use crate::language::ast::Way;
use crate::meter::Meter;
use livewell_model::{ElementId, Node, Relationship, SmolStr};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Packed elements and the virtual relationships of joins, with what finds them.
///
/// Whatever is looked up is a candidate as each element is when all are looked at: it is judged in the same way after.
#[derive(Debug)]
pub(super) struct Lookups {
    stored: Rc<Packed>,
    /// The virtual relationships. Their numbers come after those of the stored ones.
    joined: Packed,
    /// The nodes of each label, ascending.
    labels: BTreeMap<Vec<u8>, Vec<u32>>,
    /// The number of each type.
    kinds: BTreeMap<Vec<u8>, u32>,
    /// The relationships by the node they start at, ascending.
    leaving: Vec<Tie>,
    /// The relationships by the node they end at, ascending.
    arriving: Vec<Tie>,
}

/// A relationship of this type at one of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Tie {
    node: u32,
    kind: u32,
    relationship: u32,
}

impl Lookups {
    /// Finds the virtual relationships of `joins`, then notes where everything is.
    ///
    /// # Errors
    /// Returns the errors of [`crate::Meter::hold`].
    pub(super) fn new(stored: Rc<Packed>, joins: &[Join], meter: &Meter) -> Result<Self, EvalError> {
        let joined = joins::found(&stored, joins, meter)?;
        let mut lookups = Self {
            stored,
            joined,
            labels: BTreeMap::new(),
            kinds: BTreeMap::new(),
            leaving: Vec::new(),
            arriving: Vec::new(),
        };
        lookups.note_labels(meter)?;
        lookups.note_ties(meter)?;
        Ok(lookups)
    }

    fn note_labels(&mut self, meter: &Meter) -> Result<(), EvalError> {
        for node in 0..self.stored.node_count() {
            for label in self.stored.labels(node) {
                meter.hold(size_of::<u32>())?;
                match self.labels.get_mut(label) {
                    Some(nodes) => nodes.push(node),
                    None => drop(self.labels.insert(label.to_vec(), vec![node])),
                }
            }
        }
        Ok(())
    }

    fn note_ties(&mut self, meter: &Meter) -> Result<(), EvalError> {
        let stored = self.stored.relationship_count();
        for relationship in 0..stored + self.joined.relationship_count() {
            let ends = match relationship.checked_sub(stored) {
                None => self.stored.ends(relationship),
                Some(joined) => self.joined.ends(joined),
            };
            let next = number(self.kinds.len());
            let kind = match self.kinds.get(ends.kind) {
                Some(kind) => *kind,
                None => *self.kinds.entry(ends.kind.to_vec()).or_insert(next),
            };
            meter.hold(2 * size_of::<Tie>())?;
            let tie = |node| Tie { node, kind, relationship };
            self.leaving.extend(self.stored.find(ends.from).map(tie));
            self.arriving.extend(self.stored.find(ends.to).map(tie));
        }
        self.leaving.sort_unstable();
        self.arriving.sort_unstable();
        Ok(())
    }

    /// The virtual relationships.
    pub(super) fn joined(&self) -> &Packed {
        &self.joined
    }

    /// The elements without the virtual relationships.
    pub(super) fn stored(&self) -> &Rc<Packed> {
        &self.stored
    }

    pub(super) fn node(&self, id: &ElementId) -> Option<Arc<Node>> {
        self.stored.find(id_of(id)).map(|node| self.stored.node(node))
    }

    /// Whether there is a relationship of this id.
    pub(super) fn has_relationship(&self, id: &ElementId) -> bool {
        self.stored.has_relationship(id_of(id)) || self.joined.has_relationship(id_of(id))
    }

    /// The nodes that carry all of `labels`, and maybe others; by id.
    pub(super) fn nodes<'a>(&'a self, labels: &[SmolStr]) -> Box<dyn Iterator<Item = Arc<Node>> + 'a> {
        let of_label = |label: &SmolStr| self.labels.get(label.as_bytes()).map_or(&[][..], Vec::as_slice);
        match labels.iter().map(of_label).min_by_key(|nodes| nodes.len()) {
            Some(nodes) => Box::new(nodes.iter().map(|node| self.stored.node(*node))),
            None => Box::new((0..self.stored.node_count()).map(|node| self.stored.node(node))),
        }
    }

    /// The relationships of one of these types (none means any) that can be walked from the node, and maybe others; by
    /// id, the virtual ones last.
    pub(super) fn around<'a>(
        &'a self,
        node: &ElementId,
        types: &[SmolStr],
        way: Way,
    ) -> impl Iterator<Item = Arc<Relationship>> + use<'a> {
        let mut found = Vec::new();
        if let Some(node) = self.stored.find(id_of(node)) {
            let sides = [(&self.leaving, way != Way::Left), (&self.arriving, way != Way::Right)];
            for (ties, _) in sides.into_iter().filter(|(_, is_walked)| *is_walked) {
                if types.is_empty() {
                    found.extend(between(ties, (node, 0), (node + 1, 0)));
                }
                for kind in types.iter().filter_map(|kind| self.kinds.get(kind.as_bytes())) {
                    found.extend(between(ties, (node, *kind), (node, kind + 1)));
                }
            }
        }
        // A loop is found at both of its ends.
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|relationship| self.relationship(relationship))
    }

    fn relationship(&self, number: u32) -> Arc<Relationship> {
        match number.checked_sub(self.stored.relationship_count()) {
            None => self.stored.relationship(number),
            Some(joined) => self.joined.relationship(joined),
        }
    }
}

/// The relationships of the ties from one node and type on, to before another.
fn between(ties: &[Tie], from: (u32, u32), to: (u32, u32)) -> impl Iterator<Item = u32> + '_ {
    let place = |at| ties.partition_point(|tie| (tie.node, tie.kind) < at);
    ties[place(from)..place(to)].iter().map(|tie| tie.relationship)
}
