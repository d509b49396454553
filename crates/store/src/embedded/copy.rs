//! Copies one commit to a data file of its own: pages as they are, without the free ones, each child before its
//! parent, so that the file can be written from the first byte to the last.

use super::meta::{PAGE_HEADER, Tree};
use crate::IndexError;
use std::io::Write;

/// What LMDB writes as the root of an empty tree.
const NO_PAGE: u64 = u64::MAX;
/// Where the records of the two trees lie in a meta page, and how long each is.
const TREES: usize = PAGE_HEADER + 24;
const TREE: usize = 48;
/// Where in such a record the numbers of a tree begin (depth; then pages, entries, root).
const DEPTH: usize = 6;
const ROOT: usize = 40;
const LAST_PAGE: usize = TREES + 2 * TREE;
const TRANSACTION: usize = LAST_PAGE + 8;

/// Where a walk writes the pages that it has read.
pub(super) struct Copy<'a> {
    out: &'a mut dyn Write,
    page_size: usize,
    next: u64,
    /// The number that the root must get, since the first pages name it already.
    root: u64,
}

impl<'a> Copy<'a> {
    /// Writes the first two pages: both name the same commit, so that either is right.
    pub(super) fn begin(tree: &Tree, out: &'a mut dyn Write) -> Result<Self, IndexError> {
        let root = 1 + tree.branches + tree.leaves + tree.overflows;
        for number in 0..2u64 {
            let mut page = tree.meta.clone();
            page.resize(tree.page_size, 0);
            let mut put = |at: usize, value: u64| page[at..at + 8].copy_from_slice(&value.to_ne_bytes());
            put(0, number);
            // The tree of free pages is empty.
            put(TREES + ROOT, NO_PAGE);
            (8..ROOT).step_by(8).for_each(|at| put(TREES + at, 0));
            put(TREES + TREE + ROOT, root);
            put(LAST_PAGE, root);
            let is_newest = tree.transaction % 2 == number;
            put(TRANSACTION, tree.transaction - u64::from(!is_newest));
            page[TREES + DEPTH..TREES + DEPTH + 2].fill(0);
            out.write_all(&page)?;
        }
        Ok(Self { out, page_size: tree.page_size, next: 2, root })
    }

    /// Writes a page, or the pages of one value, under the next number, and returns that number.
    pub(super) fn page(&mut self, pages: &mut [u8]) -> Result<u64, IndexError> {
        let number = self.next;
        pages[..8].copy_from_slice(&number.to_ne_bytes());
        self.out.write_all(pages)?;
        self.next += (pages.len() / self.page_size) as u64;
        Ok(number)
    }

    /// Checks that the last page is the root that the first ones name.
    pub(super) fn end(&mut self, root: u64) -> Result<(), IndexError> {
        if root == self.root && self.next == root + 1 {
            return Ok(self.out.flush()?);
        }
        Err(IndexError::corrupted("the data file has other pages than its first ones say; restore a backup"))
    }
}
