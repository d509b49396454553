//! Writes a feed from outside, id by id: what [`crate::LiveResults`] and [`crate::Outbox`] share.

use crate::catalog::{self, CATALOG, Kind, Registered};
use crate::commit::Store;
use crate::feed::Feed;
use crate::head::{EpochRecord, Head};
use crate::{IndexError, Snapshot, Version, WriteSet, compare, sweep};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many keys of garbage are deleted at once by a call that makes some.
const SWEEP_KEYS_MAX: usize = 2_000;

/// Feeds by id, over a store.
pub(crate) struct Bare {
    store: Arc<dyn Store>,
    /// The numbers of ids that have one; a number is never used twice, so an entry never becomes wrong.
    numbers: Mutex<HashMap<String, u32>>,
}

/// One commit in the making.
pub(crate) struct Session<'a> {
    pub(crate) snapshot: &'a dyn Snapshot,
    pub(crate) number: u32,
    pub(crate) head: Head,
    pub(crate) set: WriteSet,
}

impl Bare {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, numbers: Mutex::default() }
    }

    /// Returns the feed of `id`, whoever owns it, if it has one.
    pub(crate) fn feed(&self, id: &str) -> Result<Option<Feed>, IndexError> {
        Ok(self.feed_of(id)?.map(|(_, feed)| feed))
    }

    /// Returns the feed of `id` and its kind of owner, if it has one.
    pub(crate) fn feed_of(&self, id: &str) -> Result<Option<(Kind, Feed)>, IndexError> {
        let snapshot = self.store.snapshot()?;
        // Looked up each time: a pipeline may have removed the id and made it again.
        let Some(entry) = catalog::find(&*snapshot, id)? else { return Ok(None) };
        Ok(Feed::open(snapshot, entry.number)?.map(|feed| (entry.kind, feed)))
    }

    /// Commits what `fill` does to the feed of `id`, and does it again if somebody else has committed in between.
    pub(crate) fn commit(
        &self,
        id: &str,
        mut fill: impl FnMut(&mut Session<'_>) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        loop {
            let number = self.number(id)?;
            let snapshot = self.store.snapshot()?;
            let expected = compare::read_version(&*snapshot, number)?;
            let head = Head::read(&*snapshot, number)?
                .ok_or_else(|| IndexError::corrupted(format!("`{id}` is registered and has no head")))?;
            let set = WriteSet::from_version(number, expected);
            let mut session = Session { snapshot: &*snapshot, number, head, set };
            fill(&mut session)?;
            let Session { head, mut set, .. } = session;
            if set.rows.is_none() {
                set.put(Head::key(number), head.encode());
            }
            if self.store.commit(&[set])?.into_iter().all(|fate| fate.is_ok()) {
                return Ok(());
            }
        }
    }

    pub(crate) fn sweep_some(&self) -> Result<(), IndexError> {
        sweep::sweep(&*self.store, SWEEP_KEYS_MAX, &|_| false).map(|_| ())
    }

    fn number(&self, id: &str) -> Result<u32, IndexError> {
        if let Some(number) = self.lock().get(id) {
            return Ok(*number);
        }
        loop {
            let snapshot = self.store.snapshot()?;
            let found = catalog::find(&*snapshot, id)?;
            check_owner(id, found.as_ref())?;
            let number = match found {
                Some(entry) => Some(entry.number),
                None => self.register(&*snapshot, id)?,
            };
            if let Some(number) = number {
                self.lock().insert(id.to_owned(), number);
                return Ok(number);
            }
        }
    }

    /// Registers the id with a number, its first epoch and an empty head. Returns `None` if somebody else has committed
    /// in between.
    fn register(&self, snapshot: &dyn Snapshot, id: &str) -> Result<Option<u32>, IndexError> {
        let mut set = WriteSet::over(snapshot, CATALOG)?;
        let Registered { number, .. } = catalog::register(snapshot, &mut set, Kind::Bare, id, "")?;
        let epoch = catalog::next_epoch(snapshot, id)?;
        catalog::put_epoch(&mut set, id, epoch);
        let mut first = WriteSet { feed: number, next: Version { epoch, commit: 1 }, ..WriteSet::default() };
        let head = Head { epoch, low: 1, ..Head::default() };
        first.put(Head::key(number), head.encode());
        first.put(EpochRecord::key(number, epoch), EpochRecord::default().encode());
        let fates = self.store.commit(&[set, first])?;
        Ok(fates[0].is_ok().then_some(number))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, u32>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks that a writer from outside may use `id`: it is not empty, and no pipeline owns it.
pub(crate) fn check_owner(id: &str, found: Option<&catalog::Registered>) -> Result<(), IndexError> {
    if id.is_empty() {
        return Err(IndexError::NotSupported("an empty query id".into()));
    }
    match found {
        Some(entry) if entry.kind != catalog::Kind::Bare => Err(IndexError::fenced(format!(
            "`{id}` belongs to a pipeline in this store; only the pipeline writes it"
        ))),
        _ => Ok(()),
    }
}
