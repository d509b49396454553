//! Arrangements: what a match remembers of each atom, and under which keys.
//!
//! ```text
//! operator u16 | atom u8 | 0 | node id                              -> node
//! operator u16 | atom u8 | 1 | start id | end id | relationship id  -> relationship   (by start)
//! operator u16 | atom u8 | 2 | end id | start id | relationship id  -> relationship   (by end)
//! operator u16 | ff      | 0 | slot u16 | node id | row key         -> input row      (by a node it binds)
//! operator u16 | ff      | 0 | ffff | row key                       -> input row      (all)
//! ```

use super::parts::{AtomKind, Match};
use crate::operator::scan::Scanned;
use crate::state::{Area, State};
use livewell_model::codec::Writer;
use livewell_model::{ElementId, Value, key};
use smallvec::{SmallVec, smallvec};

/// Stands for the input where keys have an atom.
pub(super) const INPUT: usize = 0xff;

/// The keys of an element: mostly one, or one for each end.
type Keys = SmallVec<[Vec<u8>; 2]>;

/// By what an arrangement finds its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum By {
    Id = 0,
    From = 1,
    To = 2,
}

impl Match {
    /// The beginning of the keys of all that is remembered of an atom, or of the input.
    pub(super) fn remembered(&self, atom: usize) -> [u8; 3] {
        let [high, low] = self.number.to_be_bytes();
        [high, low, u8::try_from(atom).expect("the plan limits the atoms of a pattern")]
    }

    /// The beginning of the keys of one arrangement.
    pub(super) fn arrangement(&self, atom: usize, by: By) -> [u8; 4] {
        let [high, low, atom] = self.remembered(atom);
        [high, low, atom, by as u8]
    }

    /// Brings the atom's arrangements from the old to the new image.
    pub(super) fn rearrange(&self, state: &mut dyn State, atom: usize, scanned: &Scanned) {
        let keys =
            |image: &Option<Value>| image.as_ref().map_or_else(Keys::new, |value| self.keys(atom, value));
        let mut new = keys(&scanned.after);
        if !lie_alike(scanned) {
            for key in keys(&scanned.before).into_iter().filter(|key| !new.contains(key)) {
                state.delete(Area::Operators, key);
            }
        }
        if let (Some(after), Some(last)) = (&scanned.after, new.pop()) {
            let mut bytes = Writer::new();
            self.atoms[atom].scan.write(after, &mut bytes);
            for key in new {
                state.put(Area::Operators, key, bytes.bytes.clone());
            }
            state.put(Area::Operators, last, bytes.bytes);
        }
    }

    fn keys(&self, atom: usize, value: &Value) -> Keys {
        match (&self.atoms[atom].kind, value) {
            (AtomKind::Node { arranged: true }, Value::Node(node)) => {
                smallvec![self.key(atom, By::Id, &[&node.id])]
            }
            (AtomKind::Relationship(ends), Value::Relationship(relationship)) => {
                let (id, from, to) = (&relationship.id, &relationship.from, &relationship.to);
                let mut keys = Keys::new();
                let against = (ends.undirected && from != to).then_some((to, from));
                for (from, to) in std::iter::once((from, to)).chain(against) {
                    if ends.by_from {
                        keys.push(self.key(atom, By::From, &[from, to, id]));
                    }
                    if ends.by_to {
                        keys.push(self.key(atom, By::To, &[to, from, id]));
                    }
                }
                keys
            }
            _ => Keys::new(),
        }
    }

    /// The key, or the beginning of the keys, with these ids.
    pub(super) fn key(&self, atom: usize, by: By, ids: &[&ElementId]) -> Vec<u8> {
        let mut key = Vec::with_capacity(48);
        self.write_key(atom, by, ids, &mut key);
        key
    }

    /// Writes what [`Match::key`] returns.
    pub(super) fn write_key(&self, atom: usize, by: By, ids: &[&ElementId], key: &mut Vec<u8>) {
        key.extend_from_slice(&self.arrangement(atom, by));
        for id in ids {
            key::encode_id(id, key);
        }
    }
}

/// Whether both images of an element lie under the same keys.
fn lie_alike(scanned: &Scanned) -> bool {
    match (&scanned.before, &scanned.after) {
        (Some(Value::Node(before)), Some(Value::Node(after))) => before.id == after.id,
        (Some(Value::Relationship(before)), Some(Value::Relationship(after))) => {
            (&before.id, &before.from, &before.to) == (&after.id, &after.from, &after.to)
        }
        _ => false,
    }
}
