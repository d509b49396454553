//! A walk along the entries of a tree, in either direction.

use super::node::{Child, Entry, Node, place};
use crate::Direction;
use arrayvec::ArrayVec;
use std::ops::Bound;

/// More levels of branches than a tree can have: each but the root began with half its capacity.
const DEPTH: usize = 12;

/// The entries of a tree, beginning at one end.
pub(super) struct Range<'a> {
    /// The branches above the leaf, each with the place that comes next in it.
    above: ArrayVec<(&'a [Child], usize), DEPTH>,
    leaf: &'a [Entry],
    /// How many entries lie before the walk's place.
    at: usize,
    direction: Direction,
}

impl<'a> Range<'a> {
    pub fn new(root: &'a Node, from: Bound<&[u8]>, direction: Direction) -> Self {
        let mut range = Self { above: ArrayVec::new(), leaf: &[], at: 0, direction };
        range.seek(root, from);
        range
    }

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
            // Before an entry with this very key, or after it.
            Bound::Included(key) => entries.find(key).map_or_else(|at| at, |at| at + usize::from(!forward)),
            Bound::Excluded(key) => entries.find(key).map_or_else(|at| at, |at| at + usize::from(forward)),
        };
    }

    /// Notes where the walk continues in a branch after everything below the child at `at`.
    fn go_below(&mut self, children: &'a [Child], at: usize) {
        let next = if self.direction == Direction::Forward { at + 1 } else { at };
        self.above.push((children, next));
    }

    /// Goes to the next leaf; returns false if there is none.
    fn turn(&mut self) -> bool {
        let forward = self.direction == Direction::Forward;
        let mut node = loop {
            let Some((children, next)) = self.above.pop() else { return false };
            let at = if forward { Some(next) } else { next.checked_sub(1) };
            if let Some((at, child)) = at.and_then(|at| Some((at, children.get(at)?))) {
                self.go_below(children, at);
                break &child.node;
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
