//! Says how much ranges of keys take, from the pages of one commit: see [`crate::extent`].
//!
//! Values are not read: a leaf says how long each is, also those that have pages of their own.

use super::meta::Tree;
use super::pages::node_page;
use crate::IndexError;
use crate::extent::{Extent, LEAVES_MAX, Way, estimate};
use crate::keyspace::after_prefix;
use std::collections::HashMap;
use std::fs::File;
use std::rc::Rc;

/// How many branches are remembered, each about as large as a page.
const BRANCHES_MAX: usize = 2_048;

/// A range of keys: from the first on, below the second.
type Range<'k> = (&'k [u8], Option<&'k [u8]>);

/// The pages of one commit, of which branches are remembered.
pub(super) struct Look<'a> {
    file: &'a File,
    tree: &'a Tree,
    branches: HashMap<u64, Rc<Branch>>,
}

/// What is below a branch: the keys at which its children begin (the first one's does not count), and their pages.
struct Branch {
    keys: Vec<Vec<u8>>,
    below: Vec<u64>,
}

impl Branch {
    /// Returns the indexes of the children that may reach into a range.
    fn children(&self, (from, to): Range<'_>) -> std::ops::Range<usize> {
        let begins = &self.keys[1..];
        let first = begins.partition_point(|key| key.as_slice() <= from);
        let behind = begins.partition_point(|key| to.is_none_or(|to| key.as_slice() < to)) + 1;
        first..behind.max(first + 1)
    }
}

impl<'a> Look<'a> {
    pub(super) fn new(file: &'a File, tree: &'a Tree) -> Self {
        Self { file, tree, branches: HashMap::new() }
    }

    /// Returns how much there is of the keys that begin with `prefix`.
    ///
    /// # Errors
    /// Returns [`IndexError::Corrupted`] if a page on the way is damaged, or an error of the file.
    pub(super) fn extent(&mut self, prefix: &[u8]) -> Result<Extent, IndexError> {
        let Some(root) = self.tree.root else { return Ok(Extent::NOTHING) };
        let end = after_prefix(prefix);
        let range = (prefix, end.as_deref());
        let (mut counted, mut left) = (Extent::NOTHING, LEAVES_MAX);
        if self.count(root, 1, range, &mut counted, &mut left)? {
            return Ok(counted);
        }
        estimate(|way| self.descend(root, range, way))
    }

    /// Counts what is below a page; returns false if there are too many leaves.
    fn count(
        &mut self,
        page: u64,
        depth: u16,
        range: Range<'_>,
        counted: &mut Extent,
        left: &mut u32,
    ) -> Result<bool, IndexError> {
        if depth >= self.tree.depth {
            if *left == 0 {
                return Ok(false);
            }
            *left -= 1;
            let (entries, bytes) = self.leaf(page, range)?;
            *counted = counted.and(Extent { entries, bytes, is_exact: true });
            return Ok(true);
        }
        let branch = self.branch(page, depth)?;
        let children = branch.children(range);
        // Each child has a leaf at least, so that a range that is too large is known before its leaves are read.
        if children.len() > *left as usize {
            return Ok(false);
        }
        for at in children {
            if !self.count(branch.below[at], depth + 1, range, counted, left)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn descend(&mut self, root: u64, range: Range<'_>, way: &mut Way) -> Result<(u64, u64), IndexError> {
        let mut page = root;
        for depth in 1..self.tree.depth {
            let branch = self.branch(page, depth)?;
            let children = branch.children(range);
            page = branch.below[children.start + way.choose(children.len())];
        }
        self.leaf(page, range)
    }

    fn branch(&mut self, number: u64, depth: u16) -> Result<Rc<Branch>, IndexError> {
        if let Some(branch) = self.branches.get(&number) {
            return Ok(branch.clone());
        }
        let (page, nodes) = node_page(self.file, self.tree, number, depth)?;
        let keys = nodes.iter().map(|node| page[node.key.clone()].to_vec()).collect();
        let branch = Rc::new(Branch { keys, below: nodes.iter().map(|node| node.below(&page)).collect() });
        if self.branches.len() < BRANCHES_MAX {
            self.branches.insert(number, branch.clone());
        }
        Ok(branch)
    }

    /// Returns how many entries of a leaf are in the range, and their bytes.
    fn leaf(&self, number: u64, (from, to): Range<'_>) -> Result<(u64, u64), IndexError> {
        let (page, nodes) = node_page(self.file, self.tree, number, self.tree.depth)?;
        let is_within = |key: &[u8]| key >= from && to.is_none_or(|to| key < to);
        let within = nodes.iter().filter(|node| is_within(&page[node.key.clone()]));
        Ok(within.fold((0, 0), |(entries, bytes), node| {
            (entries + 1, bytes + (node.key.len() + node.length(&page)) as u64)
        }))
    }
}
