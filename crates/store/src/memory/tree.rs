//! An ordered byte map whose copies share what they have in common: a B+tree of counted nodes.
//!
//! A copy costs one count. A write changes a node in place while nobody else holds it, and copies it otherwise, so
//! the writer pays for a snapshot once a node, and nothing without one.

use super::range::Range;
use super::sorted::{Keyed, Sorted};
use crate::Direction;
use std::ops::Bound;
use std::sync::Arc;

/// See the module.
#[derive(Clone)]
pub(super) struct Tree {
    root: Node,
}

/// A node, which may be shared.
#[derive(Clone)]
pub(super) enum Node {
    Leaf(Arc<Sorted<Entry>>),
    Branch(Arc<Sorted<Child>>),
}

/// A subtree, behind a key that is not greater than any in it.
#[derive(Clone)]
pub(super) struct Child {
    from: Arc<[u8]>,
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

    /// Where the value begins.
    fn middle(&self) -> usize {
        let length = self.0.first_chunk::<LENGTH>().expect("an entry begins with a length");
        LENGTH + u32::from_le_bytes(*length) as usize
    }

    /// The value.
    pub fn value(&self) -> &[u8] {
        self.pair().1
    }

    /// Key and value.
    pub fn pair(&self) -> (&[u8], &[u8]) {
        let (key, value) = self.0.split_at(self.middle());
        (&key[LENGTH..], value)
    }

    /// Replaces the value, in place where nobody else holds the entry and the length stays.
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

impl Tree {
    /// An empty map.
    pub fn new() -> Self {
        Self { root: Node::Leaf(Arc::new(Sorted::new())) }
    }

    /// The value under `key`.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Branch(children) => node = &children.items()[place(children, key)].node,
                Node::Leaf(entries) => {
                    let at = entries.find(key).ok()?;
                    return Some(entries.items()[at].value());
                }
            }
        }
    }

    /// The value under `key` to be looked at and replaced on one way down, where there is one.
    pub fn entry_mut(&mut self, key: &[u8]) -> Option<&mut Entry> {
        let mut node = &mut self.root;
        loop {
            match node {
                Node::Branch(children) => {
                    let children = Arc::make_mut(children);
                    let at = place(children, key);
                    node = &mut children.item_mut(at).node;
                }
                Node::Leaf(entries) => {
                    let entries = Arc::make_mut(entries);
                    let at = entries.find(key).ok()?;
                    return Some(entries.item_mut(at));
                }
            }
        }
    }

    /// Puts `value` under `key`.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        let Some(right) = self.root.put(key, value) else { return };
        let left = Child { from: self.root.first().into(), node: self.root.clone() };
        let mut children = Sorted::new();
        children.insert(0, left);
        children.insert(1, right);
        self.root = Node::Branch(Arc::new(children));
    }

    /// Deletes `key`, if it is there.
    pub fn delete(&mut self, key: &[u8]) {
        // Looked up first where a snapshot may share nodes, so that nothing is copied for nothing.
        if self.root.is_shared() && self.get(key).is_none() {
            return;
        }
        self.root.delete(key);
        while let Node::Branch(children) = &self.root
            && let [only] = children.items()
        {
            self.root = only.node.clone();
        }
    }

    /// The entries from one end on, ascending or descending.
    pub fn range<'a>(&'a self, from: Bound<&[u8]>, direction: Direction) -> Range<'a> {
        Range::new(&self.root, from, direction)
    }
}

/// Which child holds `key`.
pub(super) fn place(children: &Sorted<Child>, key: &[u8]) -> usize {
    children.find(key).unwrap_or_else(|at| at.saturating_sub(1))
}

impl Node {
    /// Puts an entry below; gives what was split off on the right, where there was no room.
    fn put(&mut self, key: &[u8], value: &[u8]) -> Option<Child> {
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

    /// Deletes a key below, if it is there.
    fn delete(&mut self, key: &[u8]) {
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

    /// The key of the first item.
    fn first(&self) -> &[u8] {
        match self {
            Self::Leaf(entries) => entries.items()[0].key(),
            Self::Branch(children) => &children.items()[0].from,
        }
    }

    fn is_shared(&self) -> bool {
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

    /// Takes the items of its right neighbour over.
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

/// Joins the child at `at` with a neighbour, where both fit into one.
fn join(children: &mut Sorted<Child>, at: usize) {
    let left = at.saturating_sub(1);
    if let [first, second, ..] = &children.items()[left..]
        && first.node.fits_with(&second.node)
    {
        let right = children.remove(left + 1);
        children.item_mut(left).node.append(right.node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Model = BTreeMap<Vec<u8>, Vec<u8>>;

    /// Few bytes and a common beginning, so that keys are prefixes of one another and heads are alike.
    fn key() -> impl Strategy<Value = Vec<u8>> {
        let beginning = prop_oneof![Just(""), Just("feed"), Just("feed and operator")];
        (beginning, prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(255)], 0..12))
            .prop_map(|(beginning, rest)| [beginning.as_bytes(), &rest].concat())
    }

    fn write() -> impl Strategy<Value = (Vec<u8>, Option<Vec<u8>>)> {
        (key(), prop::option::weighted(0.6, prop::collection::vec(any::<u8>(), 0..3)))
    }

    fn all(tree: &Tree, direction: Direction) -> Vec<(Vec<u8>, Vec<u8>)> {
        let range = tree.range(Bound::Unbounded, direction);
        range.map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
    }

    fn apply(tree: &mut Tree, model: &mut Model, (key, value): &(Vec<u8>, Option<Vec<u8>>)) {
        match value {
            Some(value) => {
                tree.put(key, value);
                model.insert(key.clone(), value.clone());
            }
            None => {
                tree.delete(key);
                model.remove(key);
            }
        }
    }

    fn same(tree: &Tree, model: &Model) {
        let forward: Vec<_> = model.clone().into_iter().collect();
        assert_eq!(all(tree, Direction::Forward), forward);
        assert_eq!(all(tree, Direction::Backward), forward.into_iter().rev().collect::<Vec<_>>());
    }

    fn ranges_agree(tree: &Tree, model: &Model, key: &[u8]) {
        assert_eq!(tree.get(key), model.get(key).map(Vec::as_slice));
        for bound in [Bound::Included(key), Bound::Excluded(key)] {
            let above: Vec<_> =
                model.range::<[u8], _>((bound, Bound::Unbounded)).map(|(key, _)| &key[..]).collect();
            let found: Vec<_> = tree.range(bound, Direction::Forward).map(|(key, _)| key).collect();
            assert_eq!(found, above);
            let below = model.range::<[u8], _>((Bound::Unbounded, bound)).rev();
            let below: Vec<_> = below.map(|(key, _)| &key[..]).collect();
            let found: Vec<_> = tree.range(bound, Direction::Backward).map(|(key, _)| key).collect();
            assert_eq!(found, below);
        }
    }

    proptest! {
        #[test]
        fn it_is_an_ordered_map(writes in prop::collection::vec(write(), 0..600), probes in prop::collection::vec(key(), 1..20)) {
            let (mut tree, mut model) = (Tree::new(), Model::new());
            writes.iter().for_each(|write| apply(&mut tree, &mut model, write));
            same(&tree, &model);
            probes.iter().for_each(|key| ranges_agree(&tree, &model, key));
        }

        #[test]
        fn a_copy_stays_what_it_was(
            before in prop::collection::vec(write(), 0..300),
            after in prop::collection::vec(write(), 0..300),
        ) {
            let (mut tree, mut model) = (Tree::new(), Model::new());
            before.iter().for_each(|write| apply(&mut tree, &mut model, write));
            let (copy, then) = (tree.clone(), model.clone());
            after.iter().for_each(|write| apply(&mut tree, &mut model, write));
            same(&copy, &then);
            same(&tree, &model);
        }
    }

    #[test]
    fn it_grows_and_empties_from_either_end_and_at_random() {
        let key = |number: u32| number.wrapping_mul(2_654_435_761).to_be_bytes();
        for order in [|at: u32| at, |at: u32| 20_000 - at, |at: u32| at.wrapping_mul(7_919) % 20_001] {
            let (mut tree, mut model) = (Tree::new(), Model::new());
            for at in 0..=20_000 {
                apply(&mut tree, &mut model, &(order(at).to_be_bytes().to_vec(), Some(vec![1])));
                apply(&mut tree, &mut model, &(key(at).to_vec(), Some(vec![2])));
            }
            same(&tree, &model);
            for at in 0..=20_000 {
                apply(&mut tree, &mut model, &(order(at).to_be_bytes().to_vec(), None));
                apply(&mut tree, &mut model, &(key(20_000 - at).to_vec(), None));
                if at % 5_000 == 0 {
                    same(&tree, &model);
                }
            }
            assert!(model.is_empty());
            same(&tree, &model);
        }
    }
}
