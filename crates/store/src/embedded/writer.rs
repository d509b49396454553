//! The commit: all write sets in one LMDB transaction, for which the room is allocated first.

use super::checksum;
use super::environment::Environment;
use super::live::Live;
use crate::commit::Conflict;
use crate::written::{AllWritten, Written, WrittenBeside, all_written};
use crate::{Head, IndexError, RowWrites, Version, WriteSet, compare, long_key};
use heed::types::Bytes;
use heed::{DatabaseStat, PutFlags, RwIter, RwTxn};
use std::io::Write;
use std::ops::Bound;
use std::time::Instant;

/// The outcome of each set.
type Fates = Vec<Result<(), Conflict>>;

/// The length of a row's key, in bytes.
const ROW_KEY: usize = 17;

/// Applies write sets in one transaction.
pub(super) fn commit(environment: &Environment, sets: &[WriteSet]) -> Result<Fates, IndexError> {
    sets.iter().try_for_each(WriteSet::check)?;
    environment.check_owner()?;
    let mut room = environment.room();
    let slot = environment.slot();
    let live = slot.live(environment.mapping())?;
    let last = environment.before_commit(&slot);
    let mut txn = live.write()?;
    let mut fates = Fates::with_capacity(sets.len());
    let tree = live.tree.stat(&txn).map_err(|error| live.fault(error))?;
    room.ensure((live.pages() + pages_at_most(&tree, live.pages(), sets)?) * u64::from(tree.page_size))?;
    for set in sets {
        fates.push(apply(live, &mut txn, set)?);
    }
    if fates.iter().any(Result::is_ok) {
        live.note(&mut txn)?;
        let number = txn.id() as u64;
        let began = Instant::now();
        if let Err(error) = txn.commit() {
            let error = live.fault(error);
            drop(slot);
            environment.look_at_failure(last);
            return Err(error);
        }
        environment.flushes.record(began.elapsed());
        environment.made(number);
    }
    Ok(fates)
}

/// Returns how many pages a commit of `sets` can add to a file of `used` pages.
///
/// A write copies the pages on its path; it may split what it touches; a long value has pages of its own. Then come
/// the pages that list the free pages: at most all of the file's, eight bytes each.
fn pages_at_most(tree: &DatabaseStat, used: u64, sets: &[WriteSet]) -> Result<u64, IndexError> {
    let page = u64::from(tree.page_size);
    let (mut writes, mut leaves, mut bytes, mut overflow) = (0, 0, 0, 0);
    let mut count = |key: usize, value: Option<&[u8]>| {
        let length = key as u64 + value.map_or(0, |value| value.len() as u64) + 32;
        writes += 1;
        // What is deleted may leave so little that the page is merged with the one beside it.
        leaves += if value.is_some() { 1 } else { 2 };
        if length > page / 4 {
            overflow += length / page + 2;
        } else {
            bytes += length;
        }
    };
    for set in sets {
        set.each_write(|key, value| {
            count(key.len(), value);
            Ok(())
        })?;
        set.rows.iter().flat_map(RowWrites::iter).for_each(|(_, data)| count(ROW_KEY, data));
        // The head that counts the rows, the feed's version and the note.
        (0..3).for_each(|_| count(0, None));
    }
    let branches = (writes * (u64::from(tree.depth) + 1)).min(tree.branch_pages as u64);
    let touched = leaves.min(tree.leaf_pages as u64) + branches;
    let split = (2 * writes).min(touched + bytes / (page / 4)) + 8;
    let lists = used / (page / 16) + 64;
    Ok(touched + split + overflow + lists)
}

fn apply(live: &Live, txn: &mut RwTxn<'_>, set: &WriteSet) -> Result<Result<(), Conflict>, IndexError> {
    if let Err(conflict) = compare::check(set, stored_version(live, txn, set.feed)?) {
        return Ok(Err(conflict));
    }
    let beside = set.scratch.as_deref().map(WrittenBeside::all).transpose()?;
    write_all(live, txn, all_written(&set.writes, beside))?;
    if let Some(rows) = &set.rows {
        let mut stored = Vec::new();
        let head = rows.apply(set.feed, |key, data, count| {
            replace(live, txn, key, data, &mut stored, count).map_err(|error| live.fault(error))?
        })?;
        write(live, txn, &Head::key(set.feed), Some(&head.encode()))?;
    }
    let version = compare::encode(set.next);
    write(live, txn, &compare::version_key(set.feed), version.as_ref().map(<[u8; 16]>::as_slice))?;
    Ok(Ok(()))
}

fn stored_version(live: &Live, txn: &RwTxn<'_>, feed: u32) -> Result<Version, IndexError> {
    let key = compare::version_key(feed);
    let stored = live.tree.get(txn, &key).map_err(|error| live.fault(error))?;
    let value = stored.map(|stored| checksum::open(&key, stored)).transpose()?;
    compare::decode(value, feed)
}

/// Makes writes that come in the order of their keys.
fn write_all(live: &Live, txn: &mut RwTxn<'_>, writes: AllWritten<'_>) -> Result<(), IndexError> {
    let mut writes = writes.peekable();
    while let Some(written) = writes.next().transpose()? {
        match written {
            (key, Some(value)) if matches!(writes.peek(), Some(Ok((_, Some(_))))) => {
                // One place for all values up to the next deletion: the next key is often on the same page, and then
                // need not be searched from the root.
                let mut place = live.tree.iter_mut(txn).map_err(|error| live.fault(error))?;
                put_from(live, &mut place, &key, &value)?;
                let is_value = |written: &Result<Written<'_>, _>| matches!(written, Ok((_, Some(_))));
                while let Some(Ok((key, Some(value)))) = writes.next_if(is_value) {
                    put_from(live, &mut place, &key, &value)?;
                }
            }
            (key, value) => write(live, txn, &key, value.as_deref())?,
        }
    }
    Ok(())
}

fn write(live: &Live, txn: &mut RwTxn<'_>, key: &[u8], value: Option<&[u8]>) -> Result<(), IndexError> {
    let Some(value) = value else {
        let physical = long_key::physical_key(key);
        return live.tree.delete(txn, &physical).map(|_| ()).map_err(|error| live.fault(error));
    };
    let (key, value) = (long_key::physical_key(key), long_key::physical_value(key, value));
    let sum = checksum::of(&key, &value);
    let written = live.tree.put_reserved(txn, &key, value.len() + sum.len(), |space| {
        space.write_all(&sum)?;
        space.write_all(&value)
    });
    written.map_err(|error| live.fault(error))
}

/// Puts a value, searching its key from a place in the tree, which is then the key's.
fn put_from(
    live: &Live,
    place: &mut RwIter<'_, Bytes, Bytes>,
    key: &[u8],
    value: &[u8],
) -> Result<(), IndexError> {
    let (key, value) = (long_key::physical_key(key), long_key::physical_value(key, value));
    let sum = checksum::of(&key, &value);
    // SAFETY: nothing borrowed from the tree is used: key and value are the write set's own. Without the flag for it,
    // LMDB does not take the place for that of the key, but searches.
    #[allow(unsafe_code)]
    let written = unsafe {
        place.put_current_reserved_with_flags(PutFlags::empty(), &key, value.len() + sum.len(), |space| {
            space.write_all(&sum)?;
            space.write_all(&value)
        })
    };
    written.map(|_| ()).map_err(|error| live.fault(error))
}

/// Writes under a short key, and shows `count` the value before: one search for both.
fn replace(
    live: &Live,
    txn: &mut RwTxn<'_>,
    key: &[u8],
    data: Option<&[u8]>,
    stored: &mut Vec<u8>,
    count: &mut dyn FnMut(Option<&[u8]>),
) -> heed::Result<Result<(), IndexError>> {
    let from = (Bound::Included(key), Bound::Unbounded);
    let mut place = live.tree.range_mut(txn, &from)?;
    let found = place.next().transpose()?.filter(|(found, _)| *found == key);
    match found.map(|(_, before)| checksum::open(key, before)).transpose() {
        Ok(before) => count(before),
        Err(damage) => return Ok(Err(damage)),
    }
    if let Some(data) = data {
        stored.clear();
        stored.extend_from_slice(&checksum::of(key, data));
        stored.extend_from_slice(data);
    }
    // SAFETY: nothing borrowed from the tree is used any more; `key`, `stored` and `data` are the caller's own. The
    // place is that of `key`, where it was found; without the flag for that, LMDB itself searches from there.
    #[allow(unsafe_code)]
    unsafe {
        match (data, found.is_some()) {
            (Some(_), true) => place.put_current(key, stored).map(|_| Ok(())),
            (Some(_), false) => {
                place.put_current_with_options::<Bytes>(PutFlags::empty(), key, stored).map(|()| Ok(()))
            }
            (None, true) => place.del_current().map(|_| Ok(())),
            (None, false) => Ok(Ok(())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::{EmbeddedStore, snapshot::EmbeddedSnapshot};
    use crate::writes::Writes;
    use crate::{Durability, Store};

    /// Returns the set's writes as rows of a feed.
    fn as_rows(set: &mut WriteSet) {
        let signature = |key: &[u8]| u64::from_be_bytes(*key.first_chunk().expect("eight bytes"));
        let head = Head { rows: 1 << 40, ..Head::default() };
        let rows = set.writes.iter().map(|(key, value)| (signature(key), value));
        set.rows = Some(RowWrites::new(head, rows));
        set.writes = Writes::default();
    }

    fn set(number: u64, count: u64, spread: u64, key: usize, value: usize) -> WriteSet {
        let expected = Version { epoch: u64::from(number > 0), commit: number };
        let mut set = WriteSet {
            feed: 1,
            expected,
            next: Version { epoch: 1, commit: number + 1 },
            ..WriteSet::default()
        };
        for write in 0..count {
            let mixed = (number * 1000 + write).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut name = (mixed % spread).to_be_bytes().to_vec();
            name.resize(key, b'k');
            let deletes = number % 7 == 6 && write % 3 == 0;
            set.writes
                .insert(name, (!deletes).then(|| vec![1; value + (mixed >> 40) as usize % (value / 2 + 1)]));
        }
        set
    }

    #[test]
    fn a_commit_never_takes_more_pages_than_were_set_aside() {
        let shapes = [
            (8, 10),
            (8, 150),
            (430, 0),
            (430, 600),
            (430, 900),
            (8, 1000),
            (8, 1900),
            (600, 1500),
            (8, 9000),
        ];
        for (key, value) in shapes {
            let place = tempfile::TempDir::new().expect("a directory");
            let store = EmbeddedStore::open(place.path(), Durability::Os).expect("a store");
            let environment = &store.environment;
            // A reader that stays keeps freed pages from being used again, so that the file grows fastest.
            let _pinned = EmbeddedSnapshot::take(environment).expect("a snapshot");
            for number in 0..60 {
                let count = [1, 3, 30, 400][number as usize % 4];
                let mut set = set(number, count, if number % 5 == 0 { u64::MAX } else { 2000 }, key, value);
                if key == 8 && number % 2 == 1 {
                    as_rows(&mut set);
                }
                let pages = || environment.slot().live(environment.mapping()).expect("open").pages();
                let (reader, _counted) = environment.read().expect("a transaction");
                let tree = reader.tree.stat(&reader.txn).expect("its shape");
                let before = pages();
                let allowed = pages_at_most(&tree, before, std::slice::from_ref(&set)).expect("a count");
                assert_eq!(store.commit(&[set]).expect("a commit"), [Ok(())]);
                let taken = pages() - before;
                assert!(
                    taken <= allowed,
                    "{key}/{value}: commit {number} of {count} took {taken} of {allowed}"
                );
            }
        }
    }
}
