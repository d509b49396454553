//! The commit: all write sets in one LMDB transaction, with the room for it taken first.

use super::checksum;
use super::environment::Environment;
use crate::commit::Conflict;
use crate::{IndexError, Version, WriteSet, compare, long_key};
use heed::{DatabaseStat, RwTxn};
use std::io::Write;

/// What each set has come to.
type Fates = Vec<Result<(), Conflict>>;

/// Applies write sets in one transaction.
pub(super) fn commit(environment: &Environment, sets: &[WriteSet]) -> Result<Fates, IndexError> {
    for (key, value) in sets.iter().flat_map(|set| &set.writes) {
        long_key::check(key, value.as_deref())?;
    }
    let mut room = environment.room();
    let mut txn = environment.write()?;
    let mut fates = Fates::with_capacity(sets.len());
    let tree = environment.tree().stat(&txn).map_err(|error| environment.fault(error))?;
    room.ensure((environment.pages() + pages_at_most(&tree, environment.pages(), sets)) * u64::from(tree.page_size))?;
    for set in sets {
        fates.push(apply(environment, &mut txn, set)?);
    }
    if fates.iter().any(Result::is_ok) {
        environment.note(&mut txn)?;
        txn.commit().map_err(|error| environment.fault(error))?;
    }
    Ok(fates)
}

/// How many pages a commit of `sets` can add to a file of `used` pages.
///
/// A write touches its path, which is copied; it may split what it touches; a long value has pages of its own. Then
/// come the pages that list the free pages: at most all of the file's, eight bytes each.
fn pages_at_most(tree: &DatabaseStat, used: u64, sets: &[WriteSet]) -> u64 {
    let page = u64::from(tree.page_size);
    let (mut writes, mut bytes, mut overflow) = (0, 0, 0);
    for set in sets {
        // The feed's version and the note.
        writes += set.writes.len() as u64 + 2;
        for (key, value) in &set.writes {
            let length = key.len() as u64 + value.as_ref().map_or(0, |value| value.len() as u64) + 32;
            if length > page / 4 {
                overflow += length / page + 2;
            } else {
                bytes += length;
            }
        }
    }
    let tree_pages = (tree.branch_pages + tree.leaf_pages) as u64;
    let touched = (writes * (u64::from(tree.depth) + 2)).min(tree_pages);
    let split = (2 * writes).min(touched + bytes / (page / 4)) + 8;
    let lists = used / (page / 16) + 64;
    touched + split + overflow + lists
}

fn apply(
    environment: &Environment,
    txn: &mut RwTxn<'_>,
    set: &WriteSet,
) -> Result<Result<(), Conflict>, IndexError> {
    if let Err(conflict) = compare::check(set, stored_version(environment, txn, set.feed)?) {
        return Ok(Err(conflict));
    }
    for (key, value) in &set.writes {
        write(environment, txn, key, value.as_deref())?;
    }
    let version = compare::encode(set.next);
    write(environment, txn, &compare::version_key(set.feed), version.as_deref())?;
    Ok(Ok(()))
}

fn stored_version(environment: &Environment, txn: &RwTxn<'_>, feed: u32) -> Result<Version, IndexError> {
    let key = compare::version_key(feed);
    let stored = environment.tree().get(txn, &key).map_err(|error| environment.fault(error))?;
    let value = stored.map(|stored| checksum::open(&key, stored)).transpose()?;
    compare::decode(value, feed)
}

fn write(
    environment: &Environment,
    txn: &mut RwTxn<'_>,
    key: &[u8],
    value: Option<&[u8]>,
) -> Result<(), IndexError> {
    let physical = long_key::physical_key(key);
    let tree = environment.tree();
    let Some(value) = value else {
        return tree.delete(txn, &physical).map(|_| ()).map_err(|error| environment.fault(error));
    };
    let value = long_key::physical_value(key, value);
    let sum = checksum::of(&physical, &value);
    let written = tree.put_reserved(txn, &physical, value.len() + sum.len(), |space| {
        space.write_all(&sum)?;
        space.write_all(&value)
    });
    written.map_err(|error| environment.fault(error))
}
