//! The nodes of a tree: leaves of entries, branches of children, each shared until it is written.

use super::lately::Way;
use super::sorted::{Keyed, Sorted};
use std::sync::Arc;

/// A node, which may be shared.
#[derive(Clone)]
pub(super) enum Node {
    Leaf(Arc<Sorted<Entry>>),
    Branch(Arc<Sorted<Child>>),
}

/// A subtree, with a key that is not greater than any in it.
#[derive(Clone)]
pub(super) struct Child {
    pub from: Arc<[u8]>,
    pub node: Node,
}

impl Keyed for Child {
    fn key(&self) -> &[u8] {
        &self.from
    }
}

/// A key with its value in one piece of memory: the key's length in four bytes, the key, the value.
#[derive(Clone)]
pub(super) struct Entry(Arc<[u8]>);

const LENGTH: usize = size_of::<u32>();

impl Entry {
    fn new(key: &[u8], value: &[u8]) -> Self {
        let length = u32::try_from(key.len()).expect("keys are checked against their limit first");
        let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, LENGTH + key.len() + value.len()).collect();
        let place = Arc::get_mut(&mut bytes).expect("nobody else has it yet");
        place[..LENGTH].copy_from_slice(&length.to_le_bytes());
        place[LENGTH..LENGTH + key.len()].copy_from_slice(key);
        place[LENGTH + key.len()..].copy_from_slice(value);
        Self(bytes)
    }

    /// Returns where the value begins.
    fn middle(&self) -> usize {
        let length = self.0.first_chunk::<LENGTH>().expect("an entry begins with a length");
        LENGTH + u32::from_le_bytes(*length) as usize
    }

    /// Returns the value.
    pub fn value(&self) -> &[u8] {
        self.pair().1
    }

    /// Returns key and value.
    pub fn pair(&self) -> (&[u8], &[u8]) {
        let (key, value) = self.0.split_at(self.middle());
        (&key[LENGTH..], value)
    }

    /// Replaces the value, in place if nobody else holds the entry and the length stays the same.
    pub fn set(&mut self, value: &[u8]) {
        let middle = self.middle();
        match Arc::get_mut(&mut self.0) {
            Some(bytes) if bytes.len() == middle + value.len() => bytes[middle..].copy_from_slice(value),
            _ => *self = Self::new(self.key(), value),
        }
    }
}

impl Keyed for Entry {
    fn key(&self) -> &[u8] {
        &self.0[LENGTH..self.middle()]
    }
}

/// Returns the index of the child that holds `key`.
pub(super) fn place(children: &Sorted<Child>, key: &[u8]) -> usize {
    children.find(key).unwrap_or_else(|at| at.saturating_sub(1))
}

impl Node {
    /// Puts an entry below; returns the right half if the node was split for lack of room.
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Option<Child> {
        match self {
            Self::Leaf(entries) => {
                let entries = Arc::make_mut(entries);
                match entries.find(key) {
                    Ok(at) => {
                        entries.item_mut(at).set(value);
                        None
                    }
                    Err(at) => entries.insert_or_split(at, Entry::new(key, value)).map(|right| Child {
                        from: Arc::from(right.items()[0].key()),
                        node: Self::Leaf(Arc::new(right)),
                    }),
                }
            }
            Self::Branch(children) => {
                let children = Arc::make_mut(children);
                let at = match children.find(key) {
                    Err(0) => {
                        children.set_key(0, |child| child.from = key.into());
                        0
                    }
                    found => found.unwrap_or_else(|at| at - 1),
                };
                let right = children.item_mut(at).node.put(key, value)?;
                children.insert_or_split(at + 1, right).map(|right| Child {
                    from: Arc::clone(&right.items()[0].from),
                    node: Self::Branch(Arc::new(right)),
                })
            }
        }
    }

    /// Returns the entry at the end of a way, if there is one.
    pub fn follow(&self, way: Way) -> Option<&Entry> {
        let mut node = self;
        for at in way.indexes() {
            match node {
                Self::Branch(children) => node = &children.items().get(at)?.node,
                Self::Leaf(entries) => return entries.items().get(at),
            }
        }
        None
    }

    /// Returns the entry at the end of a way, if there is one, to replace its value.
    pub fn follow_mut(&mut self, way: Way) -> Option<&mut Entry> {
        let mut node = self;
        for at in way.indexes() {
            match node {
                Self::Branch(children) => node = &mut Arc::make_mut(children).item_mut(at).node,
                Self::Leaf(entries) => return Some(Arc::make_mut(entries).item_mut(at)),
            }
        }
        None
    }

    /// Deletes a key below, if it is there.
    pub fn delete(&mut self, key: &[u8]) {
        match self {
            Self::Leaf(entries) => {
                let entries = Arc::make_mut(entries);
                if let Ok(at) = entries.find(key) {
                    entries.remove(at);
                }
            }
            Self::Branch(children) => {
                let children = Arc::make_mut(children);
                let at = place(children, key);
                let below = &mut children.item_mut(at).node;
                below.delete(key);
                if below.is_empty() {
                    children.remove(at);
                } else if below.has_few() {
                    join(children, at);
                }
            }
        }
    }

    /// Returns the key of the first item.
    pub fn first(&self) -> &[u8] {
        match self {
            Self::Leaf(entries) => entries.items()[0].key(),
            Self::Branch(children) => &children.items()[0].from,
        }
    }

    pub fn is_shared(&self) -> bool {
        match self {
            Self::Leaf(entries) => Arc::strong_count(entries) > 1,
            Self::Branch(children) => Arc::strong_count(children) > 1,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(entries) => entries.items().is_empty(),
            Self::Branch(children) => children.items().is_empty(),
        }
    }

    fn has_few(&self) -> bool {
        match self {
            Self::Leaf(entries) => entries.has_few(),
            Self::Branch(children) => children.has_few(),
        }
    }

    fn fits_with(&self, right: &Self) -> bool {
        match (self, right) {
            (Self::Leaf(left), Self::Leaf(right)) => left.fits_with(right),
            (Self::Branch(left), Self::Branch(right)) => left.fits_with(right),
            _ => false,
        }
    }

    /// Takes over the items of its right neighbour.
    fn append(&mut self, right: Self) {
        match (self, right) {
            (Self::Leaf(left), Self::Leaf(right)) => Arc::make_mut(left).append(Arc::unwrap_or_clone(right)),
            (Self::Branch(left), Self::Branch(right)) => {
                Arc::make_mut(left).append(Arc::unwrap_or_clone(right));
            }
            _ => unreachable!("the children of a branch are all leaves or all branches"),
        }
    }
}

/// Joins the child at `at` with a neighbour if both fit into one.
fn join(children: &mut Sorted<Child>, at: usize) {
    let left = at.saturating_sub(1);
    if let [first, second, ..] = &children.items()[left..]
        && first.node.fits_with(&second.node)
    {
        let right = children.remove(left + 1);
        children.item_mut(left).node.append(right.node);
    }
}
