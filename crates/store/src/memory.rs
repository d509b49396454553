//! The store that is gone with the process: for tests, and for queries that may be computed anew.
//!
//! A persistent B-tree behind a lock. A snapshot shares the whole tree; a commit copies only the nodes it
//! changes, and only those that a snapshot still shares.

use crate::commit::{Conflict, Direction, Entries, Entry, Snapshot, Store, StoreId};
use crate::long_key::{self, PhysicalMap};
use crate::{Head, IndexError, Version, WriteSet, compare};
use imbl::OrdMap;
use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};
use std::ops::{Bound, RangeBounds};
use std::sync::{Arc, PoisonError, RwLock};

type Tree = OrdMap<TreeKey, Arc<[u8]>>;

/// A [`Store`] in memory.
pub struct MemoryStore {
    id: StoreId,
    tree: RwLock<Tree>,
}

impl MemoryStore {
    /// An empty store with a random id.
    pub fn new() -> Self {
        Self { id: random_id(), tree: RwLock::new(Tree::new()) }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// 128 random bits out of the standard library's own source of them.
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
        // Every version is read before anything is applied, so that damage found here leaves nothing half done;
        // the first set's is read in time anyway.
        for set in sets.iter().skip(1) {
            stored_version(&tree, set.feed)?;
        }
        sets.iter().map(|set| apply(&mut tree, set)).collect()
    }

    fn is_volatile(&self) -> bool {
        true
    }
}

fn stored_version(tree: &Tree, feed: u32) -> Result<Version, IndexError> {
    compare::decode(tree.get(compare::version_key(feed).as_slice()).map(AsRef::as_ref), feed)
}

fn apply(tree: &mut Tree, set: &WriteSet) -> Result<Result<(), Conflict>, IndexError> {
    if let Err(conflict) = compare::check(set, stored_version(tree, set.feed)?) {
        return Ok(Err(conflict));
    }
    for (key, value) in &set.writes {
        write(tree, key, value.as_deref());
    }
    if let Some(rows) = &set.rows {
        let head = rows.apply(set.feed, |key, data, count| {
            count(tree.get(key).map(AsRef::as_ref));
            write(tree, key, data);
            Ok(())
        })?;
        write(tree, &Head::key(set.feed), Some(&head.encode()));
    }
    write(tree, &compare::version_key(set.feed), compare::encode(set.next).as_deref());
    Ok(Ok(()))
}

fn write(tree: &mut Tree, key: &[u8], value: Option<&[u8]>) {
    let physical = long_key::physical_key(key);
    match value {
        Some(value) => {
            let stored = match long_key::physical_value(key, value) {
                Cow::Borrowed(bytes) => Arc::from(bytes),
                Cow::Owned(bytes) => Arc::from(bytes),
            };
            tree.insert(TreeKey::new(&physical), stored);
        }
        None => {
            tree.remove(&*physical);
        }
    }
}

struct MemorySnapshot {
    tree: Tree,
}

impl Snapshot for MemorySnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, IndexError> {
        long_key::get(self, key)
    }

    fn scan<'a>(
        &'a self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        direction: Direction,
    ) -> Result<Entries<'a>, IndexError> {
        long_key::scan(self, from, to, direction)
    }
}

impl PhysicalMap for MemorySnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, IndexError> {
        Ok(self.tree.get(key).map(|value| Cow::Borrowed(value.as_ref())))
    }

    fn range(
        &self,
        from: Bound<Vec<u8>>,
        to: Bound<Vec<u8>>,
        direction: Direction,
    ) -> Result<impl Iterator<Item = Result<Entry<'_>, IndexError>>, IndexError> {
        // Only the end where the scan begins is sought in the tree; the other is met on the way. Most scans are
        // short, and seeking is what they cost.
        let (sought, met) = match direction {
            Direction::Forward => ((from, Bound::Unbounded), (Bound::Unbounded, to)),
            Direction::Backward => ((Bound::Unbounded, to), (from, Bound::Unbounded)),
        };
        let mut range = self.tree.range::<_, [u8]>(borrow(&sought));
        Ok(std::iter::from_fn(move || {
            let (key, value) = match direction {
                Direction::Forward => range.next(),
                Direction::Backward => range.next_back(),
            }?;
            let entry = (Cow::Borrowed(key.bytes()), Cow::Borrowed(value.as_ref()));
            borrow(&met).contains(key.bytes()).then_some(Ok(entry))
        }))
    }
}

/// The ends of a range.
type Ends<T> = (Bound<T>, Bound<T>);

fn borrow(ends: &Ends<Vec<u8>>) -> Ends<&[u8]> {
    (ends.0.as_ref().map(Vec::as_slice), ends.1.as_ref().map(Vec::as_slice))
}

/// The most key bytes that lie in the tree's node itself.
const INLINE: usize = 62;

/// A key of the tree. Nearly all keys are short, and then comparing them follows no pointer.
#[derive(Clone)]
enum TreeKey {
    Inline { length: u8, bytes: [u8; INLINE] },
    Shared(Arc<[u8]>),
}

impl TreeKey {
    fn new(key: &[u8]) -> Self {
        if key.len() > INLINE {
            return Self::Shared(Arc::from(key));
        }
        let mut bytes = [0; INLINE];
        bytes[..key.len()].copy_from_slice(key);
        let length = u8::try_from(key.len()).expect("INLINE fits a byte");
        Self::Inline { length, bytes }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Self::Shared(bytes) => bytes,
        }
    }
}

impl Borrow<[u8]> for TreeKey {
    fn borrow(&self) -> &[u8] {
        self.bytes()
    }
}

impl Ord for TreeKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl PartialOrd for TreeKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for TreeKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for TreeKey {}
