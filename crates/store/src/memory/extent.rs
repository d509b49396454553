//! Says how much ranges of keys take: see [`crate::extent`].

use super::node::{Child, Entry, Node, place};
use super::sorted::{Keyed, Sorted};
use super::tree::Tree;
use crate::IndexError;
use crate::extent::{Extent, LEAVES_MAX, Way, estimate};
use crate::keyspace::after_prefix;

/// A range of keys: from the first on, below the second.
type Range<'k> = (&'k [u8], Option<&'k [u8]>);

impl Tree {
    /// Returns how much there is of the keys that begin with `prefix`.
    pub fn extent(&self, prefix: &[u8]) -> Result<Extent, IndexError> {
        let end = after_prefix(prefix);
        let range = (prefix, end.as_deref());
        let (mut counted, mut left) = (Extent::NOTHING, LEAVES_MAX);
        if count(self.root(), range, &mut counted, &mut left) {
            return Ok(counted);
        }
        estimate(|way| Ok(descend(self.root(), range, way)))
    }
}

/// Counts what is below a node; returns false if there are too many leaves.
fn count(node: &Node, range: Range<'_>, counted: &mut Extent, left: &mut u32) -> bool {
    match node {
        Node::Leaf(entries) => {
            if *left == 0 {
                return false;
            }
            *left -= 1;
            let (entries, bytes) = leaf(entries, range);
            *counted = counted.and(Extent { entries, bytes, is_exact: true });
            true
        }
        Node::Branch(children) => {
            let within = within(children, range);
            // Each child has a leaf at least, so that a range that is too large is known before its leaves are read.
            within.len() <= *left as usize
                && within.iter().all(|child| count(&child.node, range, counted, left))
        }
    }
}

fn descend(mut node: &Node, range: Range<'_>, way: &mut Way) -> (u64, u64) {
    loop {
        match node {
            Node::Leaf(entries) => return leaf(entries, range),
            Node::Branch(children) => {
                let within = within(children, range);
                node = &within[way.choose(within.len())].node;
            }
        }
    }
}

/// Returns the children that may reach into a range.
fn within<'c>(children: &'c Sorted<Child>, (from, to): Range<'_>) -> &'c [Child] {
    let first = place(children, from);
    let behind = children.items().partition_point(|child| to.is_none_or(|to| child.key() < to));
    &children.items()[first..behind.max(first + 1)]
}

/// Returns how many entries of a leaf are in the range, and their bytes.
fn leaf(entries: &Sorted<Entry>, (from, to): Range<'_>) -> (u64, u64) {
    let is_within = |entry: &&Entry| entry.key() >= from && to.is_none_or(|to| entry.key() < to);
    let within = entries.items().iter().filter(is_within);
    within.fold((0, 0), |(entries, bytes), entry| {
        let (key, value) = entry.pair();
        (entries + 1, bytes + (key.len() + value.len()) as u64)
    })
}
