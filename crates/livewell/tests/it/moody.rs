//! A store that fails when it is told to: its disk is full or broken, or it panics.

use livewell_store::commit::{Conflict, StoreId};
use livewell_store::snapshot::Snapshot;
use livewell_store::{IndexError, MemoryStore, Store, WriteSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

/// What is wrong with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Commits fail: no room.
    Full,
    /// Commits fail: the disk does not write.
    Broken,
    /// Nothing can be set aside beside the store: no room.
    NoScratch,
    /// The next commit of this feed panics.
    PanicsOver(u32),
}

/// A store in memory with a mood.
#[derive(Clone)]
pub struct Moody {
    inner: Arc<MemoryStore>,
    mood: Arc<Mutex<Mood>>,
    /// How many commits were refused.
    pub refused: Arc<AtomicUsize>,
    /// The snapshots that were taken, held or not.
    taken: Arc<Mutex<Vec<Weak<dyn Snapshot>>>>,
}

impl Moody {
    pub fn new() -> Self {
        Self {
            inner: Arc::default(),
            mood: Arc::new(Mutex::new(Mood::Well)),
            refused: Arc::default(),
            taken: Arc::default(),
        }
    }

    pub fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// How many snapshots somebody holds.
    pub fn held_snapshots(&self) -> usize {
        self.taken.lock().unwrap().iter().filter(|taken| taken.strong_count() > 0).count()
    }

    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }
}

impl Store for Moody {
    fn id(&self) -> StoreId {
        self.inner.id()
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        let snapshot = self.inner.snapshot()?;
        self.taken.lock().unwrap().push(Arc::downgrade(&snapshot));
        Ok(snapshot)
    }

    fn commit(&self, sets: &[WriteSet]) -> Result<Vec<Result<(), Conflict>>, IndexError> {
        let mood = *self.mood.lock().unwrap();
        let error = match mood {
            Mood::Well | Mood::NoScratch => return self.inner.commit(sets),
            Mood::Full => IndexError::Full("no room".into()),
            Mood::Broken => IndexError::Io("the disk does not write".into()),
            Mood::PanicsOver(feed) if sets.iter().any(|set| set.feed == feed) => {
                // Alone it is the one to blame, and that is enough.
                if sets.len() == 1 {
                    self.is(Mood::Well);
                }
                panic!("the store panics over feed {feed}");
            }
            Mood::PanicsOver(_) => return self.inner.commit(sets),
        };
        self.refused.fetch_add(1, Ordering::SeqCst);
        Err(error)
    }

    fn is_volatile(&self) -> bool {
        true
    }

    fn scratch(&self) -> Result<Box<dyn Store>, IndexError> {
        if *self.mood.lock().unwrap() == Mood::NoScratch {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(IndexError::Full("no room beside".into()));
        }
        self.inner.scratch()
    }
}
