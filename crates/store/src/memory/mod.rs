//! A store that is gone with the process: for tests, and for queries that may be computed again.
//!
//! A tree behind a lock. A snapshot shares the whole tree; a commit copies only the nodes that it changes and that a
//! snapshot still shares.

mod extent;
mod lately;
mod node;
mod range;
mod sorted;
mod tree;

use crate::commit::{Conflict, Store, StoreId};
use crate::extent::Extent;
use crate::keyspace::after_prefix;
use crate::snapshot::{Direction, Entries, Snapshot, Visit};
use crate::{Head, IndexError, Version, WriteSet, compare, long_key};
use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::ops::{Bound, RangeBounds};
use std::sync::{Arc, PoisonError, RwLock};
use tree::Tree;

/// A [`Store`] in memory.
pub struct MemoryStore {
    id: StoreId,
    tree: RwLock<Tree>,
}

impl MemoryStore {
    /// Makes an empty store with a random id.
    pub fn new() -> Self {
        Self { id: random_id(), tree: RwLock::new(Tree::new()) }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns 128 random bits from the standard library's own source of randomness.
pub(crate) fn random_id() -> StoreId {
    let half = |number: u8| u128::from(RandomState::new().hash_one((number, std::process::id())));
    StoreId(half(0) << 64 | half(1))
}

impl Store for MemoryStore {
    fn id(&self) -> StoreId {
        self.id
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        let tree = self.tree.read().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Arc::new(MemorySnapshot { tree }))
    }

    fn commit(&self, sets: &[WriteSet]) -> Result<Vec<Result<(), Conflict>>, IndexError> {
        sets.iter().try_for_each(WriteSet::check)?;
        let mut tree = self.tree.write().unwrap_or_else(PoisonError::into_inner);
        // Every version is read before anything is applied, so that damage found here leaves nothing half done; the
        // first set's is read in time anyway.
        for set in sets.iter().skip(1) {
            stored_version(&tree, set.feed)?;
        }
        sets.iter().map(|set| apply(&mut tree, set)).collect()
    }

    fn extents(
        &self,
        prefixes: &[Vec<u8>],
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<Extent>>, IndexError> {
        let tree = self.tree.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut extents = Vec::with_capacity(prefixes.len());
        for prefix in prefixes {
            if is_cancelled() {
                return Ok(None);
            }
            extents.push(tree.extent(prefix)?);
        }
        Ok(Some(extents))
    }

    fn is_volatile(&self) -> bool {
        true
    }

    fn scratch(&self) -> Result<Box<dyn Store>, IndexError> {
        Ok(Box::new(MemoryStore::new()))
    }
}

fn stored_version(tree: &Tree, feed: u32) -> Result<Version, IndexError> {
    compare::decode(tree.get(&compare::version_key(feed)), feed)
}

fn apply(tree: &mut Tree, set: &WriteSet) -> Result<Result<(), Conflict>, IndexError> {
    if let Err(conflict) = exchange_version(tree, set)? {
        return Ok(Err(conflict));
    }
    set.each_write(|key, value| {
        write(tree, key, value);
        Ok(())
    })?;
    if let Some(rows) = &set.rows {
        let head = rows.apply(set.feed, |key, data, count| {
            count(tree.get(key));
            write(tree, key, data);
            Ok(())
        })?;
        write(tree, &Head::key(set.feed), Some(&head.encode()));
    }
    Ok(Ok(()))
}

/// Compares the stored version with the expected one and replaces it by the next.
fn exchange_version(tree: &mut Tree, set: &WriteSet) -> Result<Result<(), Conflict>, IndexError> {
    let (key, next) = (compare::version_key(set.feed), compare::encode(set.next));
    if let Err(conflict) = compare::check(set, compare::decode(tree.get(&key), set.feed)?) {
        return Ok(Err(conflict));
    }
    write(tree, &key, next.as_ref().map(<[u8; 16]>::as_slice));
    Ok(Ok(()))
}

fn write(tree: &mut Tree, key: &[u8], value: Option<&[u8]>) {
    match value {
        Some(value) => tree.put(key, value),
        None => tree.delete(key),
    }
}

struct MemorySnapshot {
    tree: Tree,
}

impl Snapshot for MemorySnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, IndexError> {
        long_key::check(key, None)?;
        Ok(self.tree.get(key).map(Cow::Borrowed))
    }

    fn scan<'a>(
        &'a self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        direction: Direction,
    ) -> Result<Entries<'a>, IndexError> {
        // Only the bound where the scan begins is searched in the tree; the scan stops when it meets the other. Most
        // scans are short, and their cost is the search.
        let (sought, from, to) = match direction {
            Direction::Forward => (from, Bound::Unbounded, to.map(<[u8]>::to_vec)),
            Direction::Backward => (to, from.map(<[u8]>::to_vec), Bound::Unbounded),
        };
        let range = self.tree.range(sought, direction);
        let within = move |key: &[u8]| (borrow(&from), borrow(&to)).contains(key);
        let entries = range.take_while(move |(key, _)| within(key));
        Ok(Box::new(entries.map(|(key, value)| Ok((Cow::Borrowed(key), Cow::Borrowed(value))))))
    }

    fn visit(&self, prefix: &[u8], direction: Direction, visit: Visit<'_>) -> Result<(), IndexError> {
        let end = if direction == Direction::Backward { after_prefix(prefix) } else { None };
        let sought = match direction {
            Direction::Forward => Bound::Included(prefix),
            Direction::Backward => end.as_deref().map_or(Bound::Unbounded, Bound::Excluded),
        };
        let mut entries = self.tree.range(sought, direction);
        while let Some((key, value)) = entries.next()
            && key.starts_with(prefix)
            && visit(key, value)
        {}
        Ok(())
    }
}

fn borrow(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}
