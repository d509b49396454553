//! Reads LMDB's pages from the file, not through the map: every number in them is checked before it is used.
//!
//! A reader of the map trusts its pages, so damage there may end the process, and a damaged key in a branch sends a
//! lookup to the wrong leaf. [`Walk`] goes down from the root of one transaction and compares each page with its
//! parent's entry (number, kind, depth, the range of its keys), and each value with its checksum. The transaction
//! must stay open meanwhile, so that none of its pages is used again. [`super::copy`] writes the pages of a walk,
//! without what is left in them of deleted entries.

use super::checksum;
use super::copy::Copy;
use super::meta::{PAGE_HEADER, Tree};
use crate::IndexError;
use crate::long_key::{self, shown};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;

const NODE: usize = 8;
const BRANCH: u16 = 0x01;
const LEAF: u16 = 0x02;
const OVERFLOW: u16 = 0x04;
/// Flags that do not say what a page is.
const PASSING: u16 = 0x10 | 0x4000 | 0x8000;
/// The flag of a leaf's node whose value has pages of its own.
const BIG: u16 = 0x01;

/// What a walk has read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) entries: u64,
    /// The bytes of keys and values.
    pub(super) bytes: u64,
    pub(super) branches: u64,
    pub(super) leaves: u64,
    pub(super) overflows: u64,
}

/// One way down from a root and along the leaves.
pub(super) struct Walk<'a> {
    pub(super) file: &'a File,
    pub(super) tree: Tree,
    /// The first key of the range.
    pub(super) from: &'a [u8],
    /// The end of the range, which is not in it.
    pub(super) to: Option<&'a [u8]>,
    /// The walk ends after about this many bytes, between two leaves.
    pub(super) bytes_max: u64,
    pub(super) seen: Seen,
    /// Where the walk ended because of `bytes_max`.
    pub(super) next: Option<Vec<u8>>,
    pub(super) copy: Option<Copy<'a>>,
}

/// The range of a page's keys by its parent: from the first on, below the second.
type Range<'k> = (&'k [u8], Option<&'k [u8]>);

/// An entry of a page: its key, and where its node and the bytes after the key begin in the page.
pub(super) struct Node {
    at: usize,
    pub(super) key: std::ops::Range<usize>,
}

impl Walk<'_> {
    /// Walks the range and returns what was read.
    ///
    /// # Errors
    /// Returns [`IndexError::Corrupted`] at the first damage, or an error of the file.
    pub(super) fn run(mut self) -> Result<(Seen, Option<Vec<u8>>), IndexError> {
        if let Some(root) = self.tree.root {
            let root = self.page(root, 1, (&[], None))?;
            if let Some(copy) = self.copy.as_mut() {
                copy.end(root)?;
            }
        }
        let is_whole = self.from.is_empty() && self.to.is_none() && self.next.is_none();
        if is_whole {
            self.check_totals()?;
        }
        Ok((self.seen, self.next))
    }

    fn check_totals(&self) -> Result<(), IndexError> {
        let Seen { entries, branches, leaves, overflows, .. } = self.seen;
        let found = [entries, branches, leaves, overflows];
        let tree = &self.tree;
        let said = [tree.entries, tree.branches, tree.leaves, tree.overflows];
        if found == said {
            return Ok(());
        }
        let names = ["entries", "branch pages", "leaf pages", "overflow pages"];
        let differs = (0..4).find(|at| found[*at] != said[*at]).unwrap_or_default();
        Err(IndexError::corrupted(format!(
            "the data file has {} {}, and its first pages say {}",
            found[differs], names[differs], said[differs]
        )))
    }

    /// Reads a page and everything below it; returns its number in the copy, if there is one.
    fn page(&mut self, number: u64, depth: u16, range: Range<'_>) -> Result<u64, IndexError> {
        let is_leaf = depth == self.tree.depth;
        let (mut page, nodes) = node_page(self.file, &self.tree, number, depth)?;
        if is_leaf {
            self.seen.leaves += 1;
            self.leaf(number, &mut page, &nodes, range)?;
        } else {
            self.seen.branches += 1;
            self.branch(number, &mut page, &nodes, depth, range)?;
        }
        let Some(copy) = self.copy.as_mut() else { return Ok(0) };
        copy.page(&mut without_remains(&page, &nodes, is_leaf))
    }

    fn branch(
        &mut self,
        number: u64,
        page: &mut [u8],
        nodes: &[Node],
        depth: u16,
        range: Range<'_>,
    ) -> Result<(), IndexError> {
        if nodes.len() < 2 {
            return Err(damaged(number, "is a branch with less than two pages below it"));
        }
        let keys: Vec<Vec<u8>> = nodes.iter().map(|node| page[node.key.clone()].to_vec()).collect();
        // The first node's key does not count: it begins where the page does.
        check_order(number, keys[1..].iter().map(Vec::as_slice), range)?;
        for (at, node) in nodes.iter().enumerate() {
            let low = if at == 0 { range.0 } else { &keys[at] };
            let high = keys.get(at + 1).map(Vec::as_slice).or(range.1);
            let is_before = high.is_some_and(|high| high <= self.from);
            let is_behind = self.to.is_some_and(|to| low >= to);
            if is_before || is_behind {
                continue;
            }
            if self.seen.bytes >= self.bytes_max {
                self.next.get_or_insert_with(|| low.to_vec());
                return Ok(());
            }
            let copied = self.page(node.below(page), depth + 1, (low, high))?;
            if self.copy.is_some() {
                let bytes = copied.to_ne_bytes();
                page[node.at..node.at + 6].copy_from_slice(&bytes[..6]);
            }
        }
        Ok(())
    }

    fn leaf(
        &mut self,
        number: u64,
        page: &mut [u8],
        nodes: &[Node],
        range: Range<'_>,
    ) -> Result<(), IndexError> {
        check_order(number, nodes.iter().map(|node| &page[node.key.clone()]), range)?;
        for node in nodes {
            let (data, flags) = (node.key.end, half(page, node.at + 4));
            let length = node.length(page);
            let key = page[node.key.clone()].to_vec();
            if *key < *self.from || self.to.is_some_and(|to| *key >= *to) {
                continue;
            }
            self.seen.entries += 1;
            self.seen.bytes += (key.len() + length) as u64;
            match flags {
                0 if data + length <= page.len() => check_value(&key, &page[data..data + length])?,
                BIG if data + 8 <= page.len() => {
                    let copied = self.overflow(long(page, data), &key, length)?;
                    if self.copy.is_some() {
                        page[data..data + 8].copy_from_slice(&copied.to_ne_bytes());
                    }
                }
                _ => return Err(damaged(number, "has an entry that reaches beyond its end")),
            }
        }
        Ok(())
    }

    /// Reads a value that has pages of its own.
    fn overflow(&mut self, number: u64, key: &[u8], length: usize) -> Result<u64, IndexError> {
        let count = (PAGE_HEADER + length).div_ceil(self.tree.page_size) as u64;
        let mut pages = read(self.file, &self.tree, number, count)?;
        let said = u64::from(half(&pages, 12)) | u64::from(half(&pages, 14)) << 16;
        if half(&pages, 10) & !PASSING != OVERFLOW || said != count {
            return Err(damaged(number, "is not the beginning of the value that a leaf says it is"));
        }
        self.seen.overflows += count;
        check_value(key, &pages[PAGE_HEADER..PAGE_HEADER + length])?;
        pages[PAGE_HEADER + length..].fill(0);
        self.copy.as_mut().map_or(Ok(0), |copy| copy.page(&mut pages))
    }
}

impl Node {
    /// Returns the number of the page below a branch's entry.
    pub(super) fn below(&self, page: &[u8]) -> u64 {
        u64::from(half(page, self.at))
            | u64::from(half(page, self.at + 2)) << 16
            | u64::from(half(page, self.at + 4)) << 32
    }

    /// Returns how many bytes the value of a leaf's entry has, wherever they are.
    pub(super) fn length(&self, page: &[u8]) -> usize {
        usize::from(half(page, self.at)) | usize::from(half(page, self.at + 2)) << 16
    }
}

/// Reads a branch or a leaf, as its depth in the tree asks for, and finds its entries.
///
/// # Errors
/// Returns [`IndexError::Corrupted`] if it is something else, or an error of the file.
pub(super) fn node_page(
    file: &File,
    tree: &Tree,
    number: u64,
    depth: u16,
) -> Result<(Vec<u8>, Vec<Node>), IndexError> {
    let page = read(file, tree, number, 1)?;
    let is_leaf = depth == tree.depth;
    let expected = if is_leaf { LEAF } else { BRANCH };
    if half(&page, 10) & !PASSING != expected || depth > tree.depth {
        return Err(damaged(number, "is not of the kind that its place in the tree asks for"));
    }
    let nodes = nodes(number, &page, is_leaf)?;
    Ok((page, nodes))
}

/// Reads pages and checks that they carry their own numbers.
fn read(file: &File, tree: &Tree, number: u64, count: u64) -> Result<Vec<u8>, IndexError> {
    let size = tree.page_size;
    if number < 2 || number.checked_add(count).is_none_or(|end| end > tree.last_page + 1) {
        return Err(damaged(number, "is named by another page and is not in the file"));
    }
    let length = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(size);
    let mut pages = vec![0; length];
    file.read_exact_at(&mut pages, number * size as u64).map_err(IndexError::from)?;
    if long(&pages, 0) != number {
        return Err(damaged(number, "says that it is another one"));
    }
    Ok(pages)
}

/// Writes the tree in `file` to `out`.
///
/// # Errors
/// Returns [`IndexError::Corrupted`] at the first damage, after writing what comes before it, or an error of `out`.
pub(super) fn copy(file: &File, tree: Tree, out: &mut dyn Write) -> Result<(), IndexError> {
    if tree.root.is_none() || tree.transaction == 0 {
        return Err(IndexError::corrupted("the data file is empty"));
    }
    let copy = Some(Copy::begin(&tree, out)?);
    let (seen, next) = (Default::default(), None);
    Walk { file, tree, from: &[], to: None, bytes_max: u64::MAX, seen, next, copy }.run().map(drop)
}

/// Returns the entries of a page, none of which reaches beyond its end.
fn nodes(number: u64, page: &[u8], is_leaf: bool) -> Result<Vec<Node>, IndexError> {
    let (lower, upper) = (usize::from(half(page, 12)), usize::from(half(page, 14)));
    let is_sound = PAGE_HEADER < lower && lower <= upper && upper <= page.len() && lower % 2 == 0;
    if !is_sound {
        return Err(damaged(number, "does not say how much is in it"));
    }
    let node = |pointer: usize| {
        let at = usize::from(half(page, pointer));
        let begin = at + NODE;
        let is_within = at >= upper && at % 2 == 0 && begin <= page.len();
        let end = is_within.then(|| begin + usize::from(half(page, at + 6)));
        match end {
            Some(end) if end <= page.len() && (!is_leaf || end > begin) => Ok(Node { at, key: begin..end }),
            _ => Err(damaged(number, "has an entry that reaches beyond its end")),
        }
    };
    (PAGE_HEADER..lower).step_by(2).map(node).collect()
}

/// Returns the page with nothing in it but its entries: LMDB leaves the bytes of deleted ones where they were.
fn without_remains(page: &[u8], nodes: &[Node], is_leaf: bool) -> Vec<u8> {
    let mut clean = vec![0; page.len()];
    let pointers = PAGE_HEADER + 2 * nodes.len();
    clean[..pointers].copy_from_slice(&page[..pointers]);
    for node in nodes {
        let end = node.key.end + if is_leaf { data_length(page, node) } else { 0 };
        clean[node.at..end].copy_from_slice(&page[node.at..end]);
    }
    clean
}

/// Returns how many bytes of a leaf's entry follow its key; they are within the page.
fn data_length(page: &[u8], node: &Node) -> usize {
    let is_big = half(page, node.at + 4) == BIG;
    if is_big { 8 } else { node.length(page) }
}

/// Checks that the keys of a page ascend, and lie in the range of its parent.
fn check_order<'k>(
    number: u64,
    keys: impl Iterator<Item = &'k [u8]>,
    (low, high): Range<'_>,
) -> Result<(), IndexError> {
    let mut last: Option<&[u8]> = None;
    for key in keys {
        let is_behind_last = last.is_none_or(|last| last < key);
        if !is_behind_last || key < low || high.is_some_and(|high| key >= high) {
            return Err(damaged(number, &format!("has key {} out of order", shown(key))));
        }
        last = Some(key);
    }
    Ok(())
}

fn check_value(key: &[u8], stored: &[u8]) -> Result<(), IndexError> {
    let value = checksum::open(key, stored)?;
    long_key::check_physical(key, value)
}

fn damaged(page: u64, how: &str) -> IndexError {
    IndexError::corrupted(format!("page {page} of the data file {how}; restore a backup"))
}

fn half(page: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([page[at], page[at + 1]])
}

pub(super) fn long(page: &[u8], at: usize) -> u64 {
    page[at..].first_chunk().map_or(u64::MAX, |bytes| u64::from_ne_bytes(*bytes))
}
