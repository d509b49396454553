//! The sweeper: deletes garbage in the background, in bounded pieces.
//!
//! A reset, a clear or a changed query begins a new generation and marks the old one's key prefixes as garbage, in
//! one small commit. From then on nobody reads them, and they are deleted when there is time. A generation under
//! construction is marked too, until the commit that makes it the true one.

use crate::commit::Store;
use crate::keyspace::{Key, Space};
use crate::{Direction, IndexError, WriteSet, catalog};
use std::ops::Bound;

/// Marks everything below `prefix` as garbage.
pub fn mark(set: &mut WriteSet, prefix: &[u8]) {
    set.put(mark_key(prefix), Vec::new());
}

/// Removes the mark from `prefix`, since its contents have become true.
pub fn unmark(set: &mut WriteSet, prefix: &[u8]) {
    set.delete(mark_key(prefix));
}

fn mark_key(prefix: &[u8]) -> Vec<u8> {
    Key::new(Space::Garbage).rest(prefix)
}

/// Returns the prefixes of one generation of a feed: its snapshot entries, their index by value, and its operators'
/// state.
pub fn generation(feed: u32, generation: u32) -> [Vec<u8>; 3] {
    [Space::Snapshot, Space::ByValue, Space::State]
        .map(|space| Key::new(space).number(feed).number(generation).done())
}

/// Deletes at most `keys_max` keys of garbage; returns false once there is none left. `keep` recognises prefixes that
/// are marked but under construction in this process.
///
/// # Errors
/// Returns an error if the store cannot be read or written; keys that were deleted before stay deleted.
pub fn sweep(store: &dyn Store, keys_max: usize, keep: &dyn Fn(&[u8]) -> bool) -> Result<bool, IndexError> {
    let snapshot = store.snapshot()?;
    let mut set = WriteSet::over(&*snapshot, catalog::SWEEPER)?;
    let (from, to) = ([Space::Garbage as u8], [Space::Garbage as u8 + 1]);
    for mark in snapshot.scan(Bound::Included(&from), Bound::Excluded(&to), Direction::Forward)? {
        let (mark, _) = mark?;
        let prefix = &mark[1..];
        if keep(prefix) {
            continue;
        }
        let mut entries = snapshot.scan_prefix(prefix, Direction::Forward)?;
        for entry in entries.by_ref().take(keys_max.saturating_sub(set.writes.len())) {
            set.delete(entry?.0.into_owned());
        }
        if entries.next().is_some() {
            break;
        }
        set.delete(mark.into_owned());
    }
    if set.writes.is_empty() {
        return Ok(false);
    }
    // A lost race means that another sweeper was here; the next call sees what it left.
    store.commit(&[set])?;
    Ok(true)
}
