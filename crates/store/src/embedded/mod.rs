//! The store of one machine: a directory with one LMDB environment, and nothing to recover after a crash.
//!
//! * `FORMAT`: what the directory is, and the store's id.
//! * `OWNER`: locked by the process that has the store open.
//! * `SESSION`: whether the store was closed cleanly, and in which boot of the machine it was opened.
//! * `data.mdb`, `lock.mdb`: LMDB's own.
//! * `scratch`: the writes of a transaction that is larger than memory, while it is being processed.
//!
//! Every value comes after a checksum over key and value, which every read verifies, so a value is never wrong.
//! LMDB's own pages have none: a damaged key is not found, and other damage may end the process.
//! [`EmbeddedStore::verify`] and [`Snapshot::check`] read pages without trusting them, and find both.

mod beside;
mod checksum;
mod copy;
mod directory;
mod environment;
mod extent;
mod fault;
mod live;
mod meta;
mod open;
mod options;
mod owner;
mod pages;
mod room;
mod session;
mod snapshot;
mod usage;
mod writer;

use crate::commit::{Conflict, Store, StoreId};
use crate::extent::Extent;
use crate::measure::Usage;
use crate::snapshot::Snapshot;
use crate::{IndexError, WriteSet};
pub use directory::FORMAT_VERSION;
pub(crate) use directory::{
    DATA as DATA_FILE, FORMAT_NEW, RESTORING, make as make_directory, mark_ready, private_file,
    replace as replace_file,
};
use environment::Environment;
pub use options::{Durability, EmbeddedOptions};
use pages::{Seen, Walk};
pub(crate) use session::FILE as SESSION_FILE;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// A [`Store`] in a directory.
///
/// The directory stays owned until the store and all its snapshots are dropped.
pub struct EmbeddedStore {
    environment: Arc<Environment>,
}

impl EmbeddedStore {
    /// Opens the store in the directory `path`; creates it if the directory is missing or empty.
    ///
    /// # Errors
    /// Returns [`IndexError::Fenced`] if another owner has it open; [`IndexError::UnknownStore`] if something else or
    /// a newer format is there; [`IndexError::Corrupted`] if it is damaged, or was not closed before the machine went
    /// down in [`Durability::Os`]; [`IndexError::Full`] or [`IndexError::Io`] if the system refuses.
    pub fn open(path: impl AsRef<Path>, durability: Durability) -> Result<Self, IndexError> {
        Self::open_with(path, EmbeddedOptions { durability, ..EmbeddedOptions::default() })
    }

    /// Opens the store with all its settings.
    ///
    /// # Errors
    /// Returns the errors of [`EmbeddedStore::open`], and [`IndexError::UnknownStore`] if there is none and `create`
    /// is off.
    pub fn open_with(path: impl AsRef<Path>, options: EmbeddedOptions) -> Result<Self, IndexError> {
        let environment = Arc::new(Environment::open(path.as_ref(), options)?);
        Ok(Self { environment })
    }

    /// Returns whether there is a store of a known format in the directory `path`. Touches nothing.
    ///
    /// # Errors
    /// Returns the errors of [`EmbeddedStore::open`] if what is there is not a store, or cannot be read.
    pub fn exists(path: impl AsRef<Path>) -> Result<bool, IndexError> {
        Ok(matches!(directory::look(path.as_ref())?, directory::Found::Store(_)))
    }

    /// Reads and checks every page of the newest commit: each page against its parent, each value against its
    /// checksum, the order of the keys, and the number of entries. Returns the number of entries, one of which is the
    /// store's own note.
    ///
    /// # Errors
    /// Returns [`IndexError::Corrupted`] at the first damage.
    pub fn verify(&self) -> Result<u64, IndexError> {
        let (txn, file, tree) = self.environment.read_pages()?;
        let (from, to, bytes_max) = (&[][..], None, u64::MAX);
        let walk =
            Walk { file: &file, tree, from, to, bytes_max, seen: Seen::default(), next: None, copy: None };
        let (seen, _) = walk.run()?;
        drop(txn);
        Ok(seen.entries)
    }
}

impl Store for EmbeddedStore {
    fn id(&self) -> StoreId {
        self.environment.id()
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        Ok(Arc::new(snapshot::EmbeddedSnapshot::take(&self.environment)?))
    }

    fn commit(&self, sets: &[WriteSet]) -> Result<Vec<Result<(), Conflict>>, IndexError> {
        writer::commit(&self.environment, sets)
    }

    fn check_room(&self) -> Result<(), IndexError> {
        self.environment.room().ensure_lacking()
    }

    fn usage(&self) -> Usage {
        usage::of(&self.environment)
    }

    fn extents(
        &self,
        prefixes: &[Vec<u8>],
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<Extent>>, IndexError> {
        let (txn, file, tree) = self.environment.read_pages()?;
        let mut look = extent::Look::new(&file, &tree);
        let mut extents = Vec::with_capacity(prefixes.len());
        for prefix in prefixes {
            if is_cancelled() {
                return Ok(None);
            }
            extents.push(look.extent(prefix)?);
        }
        drop(txn);
        Ok(Some(extents))
    }

    fn is_volatile(&self) -> bool {
        false
    }

    fn was_closed(&self) -> bool {
        self.environment.was_closed()
    }

    fn copy(&self, out: &mut dyn Write) -> Result<(), IndexError> {
        let (txn, file, tree) = self.environment.read_pages()?;
        let written = pages::copy(&file, tree, out);
        drop(txn);
        written
    }

    fn scratch(&self) -> Result<Box<dyn Store>, IndexError> {
        Ok(Box::new(beside::Beside::make(self.environment.path())?))
    }
}
