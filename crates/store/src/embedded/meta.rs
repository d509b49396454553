//! Checks LMDB's two meta pages before the file is mapped.
//!
//! LMDB trusts them: without the check, a truncated file would only show as a signal in the middle of a read.

use super::fault;
use crate::IndexError;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

#[cfg(not(all(target_pointer_width = "64", target_endian = "little")))]
compile_error!("the embedded store maps its file and needs a little-endian machine of 64 bits");

/// How many bytes of a page come before its contents.
pub(super) const PAGE_HEADER: usize = 16;
const META: usize = 136;
/// The offset of the transaction number in a meta page.
const TRANSACTION: usize = 128;
const FLAG_META: u16 = 0x08;
const MAGIC: u32 = 0xBEEF_C0DE;
const DATA_VERSION: u32 = 1;
/// What LMDB writes as the root of an empty tree.
const NO_PAGE: u64 = u64::MAX;

/// The contents of a meta page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Meta {
    sum: u64,
    page_size: u64,
    roots: [u64; 2],
    last_page: u64,
    transaction: u64,
}

/// How much of the data file is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Up to the end of the last page, in bytes.
    pub(super) used: u64,
    /// A checksum over both meta pages.
    pub(super) seal: u64,
}

/// The tree of one transaction, as its meta page describes it.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    /// The meta page, up to the end of its record.
    pub(super) meta: Vec<u8>,
    /// The size of a page in bytes.
    pub(super) page_size: usize,
    /// The number of the root page; `None` if the tree is empty.
    pub(super) root: Option<u64>,
    /// How many pages lie on the way to an entry.
    pub(super) depth: u16,
    pub(super) branches: u64,
    pub(super) leaves: u64,
    pub(super) overflows: u64,
    pub(super) entries: u64,
    /// The last page of the file that is in use.
    pub(super) last_page: u64,
    pub(super) transaction: u64,
}

/// Reads the tree of transaction number `transaction`, which is open and was the newest. Returns `None` if another
/// was committed since: the next commit after that overwrites its meta page, perhaps while it is being read.
pub(super) fn tree(path: &Path, file: &mut File, transaction: u64) -> Result<Option<Tree>, IndexError> {
    let Some(page_size) = read(file, path, 0)?.map(|meta| meta.page_size) else { return Ok(None) };
    let slot = |transaction: u64| transaction % 2 * page_size;
    let Some(page) = read_bytes(file, path, slot(transaction))? else { return Ok(None) };
    let before = read(file, path, slot(transaction + 1))?;
    let is_newest = before.is_some_and(|before| before.transaction < transaction);
    let meta = parse(&page).filter(|meta| meta.transaction == transaction && is_newest);
    let main = PAGE_HEADER + 24 + 48;
    let long = |at: usize| page[main + at..].first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes));
    Ok(meta.map(|meta| Tree {
        page_size: usize::try_from(page_size).expect("the machine has 64 bits"),
        root: Some(meta.roots[1]).filter(|root| *root != NO_PAGE),
        depth: u16::from_ne_bytes([page[main + 6], page[main + 7]]),
        branches: long(8),
        leaves: long(16),
        overflows: long(24),
        entries: long(32),
        last_page: meta.last_page,
        transaction,
        meta: page.to_vec(),
    }))
}

/// Reads the meta pages of `file` and refuses what cannot be whole.
pub(super) fn check(path: &Path) -> Result<Extent, IndexError> {
    let mut file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            IndexError::corrupted(format!("{} is missing; restore a backup", path.display()))
        }
        _ => fault::io("open", path, &error),
    })?;
    let length = file.metadata().map_err(|error| fault::io("look at", path, &error))?.len();
    let first = read(&mut file, path, 0)?.ok_or_else(|| damaged(path, length, "its first page"))?;
    let second =
        read(&mut file, path, first.page_size)?.ok_or_else(|| damaged(path, length, "its second page"))?;
    let follow = first.transaction.abs_diff(second.transaction) == 1 && first.transaction % 2 == 0;
    let fresh = first.transaction == 0 && second.transaction == 0;
    if first.page_size != second.page_size || !(follow || fresh) {
        return Err(damaged(path, length, "one of its first two pages"));
    }
    let newest = if second.transaction > first.transaction { second } else { first };
    let within = |root: u64| root == NO_PAGE || root <= newest.last_page;
    if !newest.roots.into_iter().all(within) {
        return Err(damaged(path, length, "a root page"));
    }
    let needed = newest.last_page.checked_add(1).and_then(|pages| pages.checked_mul(newest.page_size));
    match needed {
        Some(used) if used <= length => {
            Ok(Extent { used, seal: xxh3_64_with_seed(&first.sum.to_ne_bytes(), second.sum) })
        }
        _ => Err(IndexError::corrupted(format!(
            "{} is truncated: {length} bytes, needs {}; restore a backup",
            path.display(),
            needed.unwrap_or(u64::MAX)
        ))),
    }
}

/// Restores the meta page that the commit after number `transaction` has begun to write, durably, so that the next
/// start does not take that commit for made.
pub(super) fn take_back(path: &Path, transaction: u64) -> Result<(), IndexError> {
    let opened = File::options().read(true).write(true).open(path);
    let mut file = opened.map_err(|error| fault::io("open", path, &error))?;
    let length = file.metadata().map_err(|error| fault::io("look at", path, &error))?.len();
    let first = read(&mut file, path, 0)?.ok_or_else(|| damaged(path, length, "its first page"))?;
    let newest = read(&mut file, path, first.page_size * (transaction % 2))?;
    if newest.is_none_or(|newest| newest.transaction != transaction) {
        return Err(damaged(path, length, "one of its first two pages"));
    }
    // Written whatever is there: a page that the system could not write may still count as written.
    let at = first.page_size * ((transaction + 1) % 2) + (PAGE_HEADER + TRANSACTION) as u64;
    let before = transaction.saturating_sub(1).to_ne_bytes();
    let written = file.write_all_at(&before, at).and_then(|()| file.sync_data());
    written.map_err(|error| fault::io("write to", path, &error))
}

fn damaged(path: &Path, length: u64, what: &str) -> IndexError {
    let message =
        format!("{} of {length} bytes: {what} is damaged or missing; restore a backup", path.display());
    IndexError::corrupted(message)
}

/// Reads the meta page at `offset`; `None` if there is none.
fn read(file: &mut File, path: &Path, offset: u64) -> Result<Option<Meta>, IndexError> {
    Ok(read_bytes(file, path, offset)?.as_ref().and_then(parse))
}

/// Reads the bytes of the meta page at `offset`; `None` if the file ends before.
fn read_bytes(
    file: &mut File,
    path: &Path,
    offset: u64,
) -> Result<Option<[u8; PAGE_HEADER + META]>, IndexError> {
    let mut page = [0; PAGE_HEADER + META];
    let outcome = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(&mut page));
    match outcome {
        Ok(()) => Ok(Some(page)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(fault::io("read", path, &error)),
    }
}

fn parse(page: &[u8; PAGE_HEADER + META]) -> Option<Meta> {
    let half = |at: usize| u16::from_ne_bytes([page[at], page[at + 1]]);
    let word = |at: usize| u32::from_ne_bytes([page[at], page[at + 1], page[at + 2], page[at + 3]]);
    let long = |at: usize| page[at..].first_chunk().map(|bytes| u64::from_ne_bytes(*bytes));
    if half(10) & FLAG_META == 0 || word(PAGE_HEADER) != MAGIC || word(PAGE_HEADER + 4) != DATA_VERSION {
        return None;
    }
    let page_size = u64::from(word(PAGE_HEADER + 24));
    if !page_size.is_power_of_two() || !(512..=65536).contains(&page_size) {
        return None;
    }
    let roots = [long(PAGE_HEADER + 64)?, long(PAGE_HEADER + 112)?];
    let last_page = long(PAGE_HEADER + 120)?;
    let transaction = long(PAGE_HEADER + TRANSACTION)?;
    Some(Meta { sum: xxh3_64(page), page_size, roots, last_page, transaction })
}
