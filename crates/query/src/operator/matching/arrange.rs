//! Arrangements: what a match remembers of each atom, and under which keys. Atoms that take the same elements remember
//! them once, under the number of the first.
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

/// The elements that a look-up gives: mostly one.
pub(super) type Found = SmallVec<[Value; 2]>;

/// The keys of an element: mostly one, or one for each end.
pub(super) type Keys = SmallVec<[Vec<u8>; 2]>;

/// By what an arrangement finds its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum By {
    Id = 0,
    From = 1,
    To = 2,
}

/// What a key takes beside its ids, and what the state may write before it.
const ROOM: usize = 4 + 12;
/// What ends the two parts of an id.
const ENDS: usize = 4;

impl Match {
    /// The beginning of the keys of all that is remembered in an atom's place, or of the input.
    pub(super) fn remembered(&self, place: usize) -> [u8; 3] {
        let [high, low] = self.number.to_be_bytes();
        [high, low, u8::try_from(place).expect("the plan limits the atoms of a pattern")]
    }

    /// The beginning of the keys of one arrangement.
    pub(super) fn arrangement(&self, place: usize, by: By) -> [u8; 4] {
        let [high, low, place] = self.remembered(place);
        [high, low, place, by as u8]
    }

    /// Brings the arrangements of a place from the old to the new image.
    pub(super) fn rearrange(&self, state: &mut dyn State, place: usize, scanned: &Scanned) {
        let mut new = self.keys(place, scanned.after.as_ref());
        for key in self.gone_keys(place, scanned, &new) {
            state.delete(Area::Operators, key);
        }
        if let (Some(after), Some(last)) = (&scanned.after, new.pop()) {
            let mut bytes = Writer::new();
            self.atoms[place].scan.write(after, &mut bytes);
            for key in new {
                state.put(Area::Operators, key, bytes.bytes.clone());
            }
            state.put(Area::Operators, last, bytes.bytes);
        }
    }

    /// The keys where an element lies no longer, since it lies under the `new` ones.
    pub(super) fn gone_keys(&self, place: usize, scanned: &Scanned, new: &Keys) -> Keys {
        if lie_alike(scanned) {
            return Keys::new();
        }
        let mut gone = self.keys(place, scanned.before.as_ref());
        gone.retain(|key| !new.contains(key));
        gone
    }

    /// The keys of an image.
    pub(super) fn keys(&self, place: usize, image: Option<&Value>) -> Keys {
        match (&self.atoms[place].kind, image) {
            (AtomKind::Node { arranged: true }, Some(Value::Node(node))) => {
                smallvec![self.key(place, By::Id, &[&node.id])]
            }
            (AtomKind::Relationship(ends), Some(Value::Relationship(relationship))) => {
                let (id, from, to) = (&relationship.id, &relationship.from, &relationship.to);
                let mut keys = Keys::new();
                let against = (ends.undirected && from != to).then_some((to, from));
                for (from, to) in std::iter::once((from, to)).chain(against) {
                    match (ends.by_from, ends.by_to) {
                        (true, true) => keys.extend(self.both_keys(place, [from, to, id])),
                        (true, false) => keys.push(self.key(place, By::From, &[from, to, id])),
                        (false, true) => keys.push(self.key(place, By::To, &[to, from, id])),
                        (false, false) => {}
                    }
                }
                keys
            }
            _ => Keys::new(),
        }
    }

    /// The key, or the beginning of the keys, with these ids.
    pub(super) fn key(&self, atom: usize, by: By, ids: &[&ElementId]) -> Vec<u8> {
        let mut key = Vec::with_capacity(room_of(ids));
        self.write_key(atom, by, ids, &mut key);
        key
    }

    /// The keys by start and by end of what lies between two nodes: the bytes of the ids are made once.
    pub(super) fn both_keys(&self, atom: usize, [from, to, id]: [&ElementId; 3]) -> [Vec<u8>; 2] {
        let place = self.atoms[atom].place;
        let mut by_from = Vec::with_capacity(room_of(&[from, to, id]));
        by_from.extend_from_slice(&self.arrangement(place, By::From));
        let ends = [from, to, id].map(|id| {
            let begin = by_from.len();
            key::encode_id(id, &mut by_from);
            begin..by_from.len()
        });
        let [from, to, id] = ends.map(|range| &by_from[range]);
        let mut by_to = Vec::with_capacity(by_from.capacity());
        for part in [&self.arrangement(place, By::To), to, from, id] {
            by_to.extend_from_slice(part);
        }
        [by_from, by_to]
    }

    /// Writes what [`Match::key`] returns.
    pub(super) fn write_key(&self, atom: usize, by: By, ids: &[&ElementId], key: &mut Vec<u8>) {
        key.extend_from_slice(&self.arrangement(self.atoms[atom].place, by));
        for id in ids {
            key::encode_id(id, key);
        }
    }
}

/// About how many bytes a key with these ids takes.
fn room_of(ids: &[&ElementId]) -> usize {
    ROOM + ids.iter().map(|id| id.source.len() + id.id.len() + ENDS).sum::<usize>()
}

/// The id of what is arranged: a node or a relationship.
pub(super) fn id_of(value: &Value) -> &ElementId {
    match value {
        Value::Node(node) => &node.id,
        Value::Relationship(relationship) => &relationship.id,
        _ => unreachable!("only elements are arranged"),
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
