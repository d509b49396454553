//! An ordered byte map whose copies share what they have in common: a B+tree of counted nodes.
//!
//! A copy costs one count. A write changes a node in place if nobody else holds it, and copies it otherwise, so the
//! writer pays for a snapshot once per node, and nothing without one.

use super::lately::{self, Way};
use super::node::{Child, Entry, Node, place};
use super::range::Range;
use super::sorted::{Keyed, Sorted};
use crate::Direction;
use std::ops::Bound;
use std::sync::Arc;

/// An ordered byte map that shares its nodes with its copies.
#[derive(Clone)]
pub(super) struct Tree {
    root: Node,
}

impl Tree {
    /// Makes an empty map.
    pub fn new() -> Self {
        Self { root: Node::Leaf(Arc::new(Sorted::new())) }
    }

    /// Returns the topmost node.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Returns the value under `key`.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        if let Some(way) = lately::way_to(key)
            && let Some(entry) = self.root.follow(way)
            && entry.key() == key
        {
            return Some(entry.value());
        }
        let (mut node, mut way) = (&self.root, Way::new());
        loop {
            match node {
                Node::Branch(children) => {
                    let at = place(children, key);
                    (node, way) = (&children.items()[at].node, way.down(at));
                }
                Node::Leaf(entries) => {
                    let at = entries.find(key).ok()?;
                    lately::note(key, way.down(at));
                    return Some(entries.items()[at].value());
                }
            }
        }
    }

    /// Returns the entry of `key` where it was found lately, to replace its value.
    fn found_mut(&mut self, key: &[u8]) -> Option<&mut Entry> {
        let way = lately::way_to(key)?;
        // Looked at first, so that a wrong way copies no node.
        let is_there = self.root.follow(way).is_some_and(|entry| entry.key() == key);
        if is_there { self.root.follow_mut(way) } else { None }
    }

    /// Puts `value` under `key`.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        if let Some(entry) = self.found_mut(key) {
            return entry.set(value);
        }
        let Some(right) = self.root.put(key, value) else { return };
        let left = Child { from: self.root.first().into(), node: self.root.clone() };
        let mut children = Sorted::new();
        children.insert(0, left);
        children.insert(1, right);
        self.root = Node::Branch(Arc::new(children));
    }

    /// Deletes `key`, if it is there.
    pub fn delete(&mut self, key: &[u8]) {
        // Looked up first if a snapshot may share nodes, so that nothing is copied without need.
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

    /// Returns the entries from one end on, ascending or descending.
    pub fn range<'a>(&'a self, from: Bound<&[u8]>, direction: Direction) -> Range<'a> {
        Range::new(&self.root, from, direction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Model = BTreeMap<Vec<u8>, Vec<u8>>;

    /// Generates keys of few bytes with a common beginning, so that some are prefixes of others and heads are alike.
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
        // A key that was just found is written where it was found.
        assert_eq!(tree.get(key), model.get(key).map(Vec::as_slice));
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
