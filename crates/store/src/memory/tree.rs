//! An ordered byte map whose copies share what they have in common: a B+tree of counted nodes.
//!
//! A copy costs one count. A write changes a node in place while nobody else holds it, and copies it otherwise, so
//! the writer pays for a snapshot once a node, and nothing without one.

use super::sorted::{CAPACITY, Keyed, Sorted};
use crate::Direction;
use arrayvec::ArrayVec;
use std::ops::Bound;
use std::sync::Arc;

/// A node with fewer items than this joins a neighbour where both fit into one.
const FEW: usize = CAPACITY / 4;
/// Two neighbours join where they have at most this many items together, so that the next writes do not split them.
const JOINED: usize = CAPACITY / 4 * 3;
/// More levels of branches than a tree gets: each but the root began with half its capacity.
const DEPTH: usize = 12;

/// See the module.
#[derive(Clone)]
pub(super) struct Tree {
    root: Arc<Node>,
}

#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "nodes lie behind a pointer of their own")]
enum Node {
    Leaf(Sorted<Entry>),
    Branch(Sorted<Child>),
}

/// A subtree, behind a key that is not greater than any in it.
#[derive(Clone)]
struct Child {
    from: Arc<[u8]>,
    node: Arc<Node>,
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

    fn pair(&self) -> (&[u8], &[u8]) {
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
        Self { root: Arc::new(Node::Leaf(Sorted::new())) }
    }

    /// The value under `key`.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let mut node = &self.root;
        loop {
            match &**node {
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
            match Arc::make_mut(node) {
                Node::Branch(children) => {
                    let at = place(children, key);
                    node = &mut children.item_mut(at).node;
                }
                Node::Leaf(entries) => {
                    let at = entries.find(key).ok()?;
                    return Some(entries.item_mut(at));
                }
            }
        }
    }

    /// Puts `value` under `key`.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        let Some(right) = put(&mut self.root, key, value) else { return };
        let left = Child { from: self.root.first().into(), node: Arc::clone(&self.root) };
        let mut children = Sorted::new();
        children.insert(0, left);
        children.insert(1, right);
        self.root = Arc::new(Node::Branch(children));
    }

    /// Deletes `key`, if it is there.
    pub fn delete(&mut self, key: &[u8]) {
        // Looked up first where a snapshot may share nodes, so that nothing is copied for nothing.
        if Arc::strong_count(&self.root) > 1 && self.get(key).is_none() {
            return;
        }
        delete(&mut self.root, key);
        while let Node::Branch(children) = &*self.root
            && let [only] = children.items()
        {
            self.root = Arc::clone(&only.node);
        }
    }

    /// The entries from one end on, ascending or descending.
    pub fn range<'a>(&'a self, from: Bound<&[u8]>, direction: Direction) -> Range<'a> {
        let mut range = Range { above: ArrayVec::new(), leaf: &[], at: 0, direction };
        range.seek(&self.root, from);
        range
    }
}

/// Which child holds `key`.
fn place(children: &Sorted<Child>, key: &[u8]) -> usize {
    children.find(key).unwrap_or_else(|at| at.saturating_sub(1))
}

/// Puts an entry below `node`; gives what was split off on its right, where it had no room.
fn put(node: &mut Arc<Node>, key: &[u8], value: &[u8]) -> Option<Child> {
    match Arc::make_mut(node) {
        Node::Leaf(entries) => match entries.find(key) {
            Ok(at) => {
                entries.item_mut(at).set(value);
                None
            }
            Err(at) => insert(entries, at, Entry::new(key, value)).map(|right| Child {
                from: Arc::from(right.items()[0].key()),
                node: Arc::new(Node::Leaf(right)),
            }),
        },
        Node::Branch(children) => {
            let at = match children.find(key) {
                Err(0) => {
                    children.set_key(0, |child| child.from = key.into());
                    0
                }
                found => found.unwrap_or_else(|at| at - 1),
            };
            let right = put(&mut children.item_mut(at).node, key, value)?;
            insert(children, at + 1, right).map(|right| Child {
                from: Arc::clone(&right.items()[0].from),
                node: Arc::new(Node::Branch(right)),
            })
        }
    }
}

/// Inserts into a node; gives its right half where it was full.
fn insert<T: Keyed>(items: &mut Sorted<T>, at: usize, item: T) -> Option<Sorted<T>> {
    if !items.is_full() {
        items.insert(at, item);
        return None;
    }
    // What grows at its end, as logs do, leaves full nodes behind.
    let middle = if at == CAPACITY { CAPACITY } else { CAPACITY / 2 };
    let mut right = items.split_off(middle);
    if at < middle {
        items.insert(at, item);
    } else {
        right.insert(at - middle, item);
    }
    Some(right)
}

/// Deletes a key that is there below `node`, and gives how many items the node has left.
fn delete(node: &mut Arc<Node>, key: &[u8]) -> usize {
    match Arc::make_mut(node) {
        Node::Leaf(entries) => {
            if let Ok(at) = entries.find(key) {
                entries.remove(at);
            }
            entries.items().len()
        }
        Node::Branch(children) => {
            let at = place(children, key);
            match delete(&mut children.item_mut(at).node, key) {
                0 => drop(children.remove(at)),
                left if left < FEW => join(children, at),
                _ => {}
            }
            children.items().len()
        }
    }
}

/// Joins the child at `at` with a neighbour, where both fit into one.
fn join(children: &mut Sorted<Child>, at: usize) {
    let left = at.saturating_sub(1);
    let [first, second, ..] = &children.items()[left..] else { return };
    if first.node.len() + second.node.len() > JOINED {
        return;
    }
    let right = Arc::unwrap_or_clone(children.remove(left + 1).node);
    match (Arc::make_mut(&mut children.item_mut(left).node), right) {
        (Node::Leaf(left), Node::Leaf(right)) => left.append(right),
        (Node::Branch(left), Node::Branch(right)) => left.append(right),
        _ => unreachable!("the children of a branch are all leaves or all branches"),
    }
}

impl Node {
    /// The key of the first item.
    fn first(&self) -> &[u8] {
        match self {
            Self::Leaf(entries) => entries.items()[0].key(),
            Self::Branch(children) => &children.items()[0].from,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.items().len(),
            Self::Branch(children) => children.items().len(),
        }
    }
}

/// The entries of a tree from one end on.
pub(super) struct Range<'a> {
    /// The branches above the leaf, each with the place that comes next in it.
    above: ArrayVec<(&'a [Child], usize), DEPTH>,
    leaf: &'a [Entry],
    /// How many entries lie before the place where the walk is.
    at: usize,
    direction: Direction,
}

impl<'a> Range<'a> {
    fn seek(&mut self, root: &'a Node, from: Bound<&[u8]>) {
        let mut node = root;
        while let Node::Branch(children) = node {
            let last = children.items().len() - 1;
            let at = match (from, self.direction) {
                (Bound::Included(key) | Bound::Excluded(key), _) => place(children, key),
                (Bound::Unbounded, Direction::Forward) => 0,
                (Bound::Unbounded, Direction::Backward) => last,
            };
            self.go_below(children.items(), at);
            node = &children.items()[at].node;
        }
        let Node::Leaf(entries) = node else { return };
        self.leaf = entries.items();
        let forward = self.direction == Direction::Forward;
        self.at = match from {
            Bound::Unbounded => {
                if forward {
                    0
                } else {
                    self.leaf.len()
                }
            }
            // Before an entry of this very key, or behind it.
            Bound::Included(key) => entries.find(key).map_or_else(|at| at, |at| at + usize::from(!forward)),
            Bound::Excluded(key) => entries.find(key).map_or_else(|at| at, |at| at + usize::from(forward)),
        };
    }

    /// Notes where the walk goes on in a branch once all below the child at `at` has been given.
    fn go_below(&mut self, children: &'a [Child], at: usize) {
        let next = if self.direction == Direction::Forward { at + 1 } else { at };
        self.above.push((children, next));
    }

    /// Goes to the next leaf; false where there is none.
    fn turn(&mut self) -> bool {
        let forward = self.direction == Direction::Forward;
        let mut node = loop {
            let Some((children, next)) = self.above.pop() else { return false };
            let at = if forward { Some(next) } else { next.checked_sub(1) };
            if let Some((at, child)) = at.and_then(|at| Some((at, children.get(at)?))) {
                self.go_below(children, at);
                break &*child.node;
            }
        };
        while let Node::Branch(children) = node {
            let at = if forward { 0 } else { children.items().len() - 1 };
            self.go_below(children.items(), at);
            node = &children.items()[at].node;
        }
        if let Node::Leaf(entries) = node {
            self.leaf = entries.items();
            self.at = if forward { 0 } else { self.leaf.len() };
        }
        true
    }
}

impl<'a> Iterator for Range<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let found = match self.direction {
                Direction::Forward => self.leaf.get(self.at),
                Direction::Backward => self.at.checked_sub(1).and_then(|at| self.leaf.get(at)),
            };
            if let Some(entry) = found {
                match self.direction {
                    Direction::Forward => self.at += 1,
                    Direction::Backward => self.at -= 1,
                }
                return Some(entry.pair());
            }
            if !self.turn() {
                return None;
            }
        }
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
