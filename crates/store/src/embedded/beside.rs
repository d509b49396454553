//! Temporary stores for what a step cannot hold in memory, in a folder below the true store.

use super::environment::Environment;
use super::{Durability, EmbeddedOptions, EmbeddedStore, directory, fault};
use crate::commit::{Conflict, Store, StoreId};
use crate::snapshot::Snapshot;
use crate::{IndexError, MemoryStore, WriteSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The folder of all of them, below the store's own.
const FOLDER: &str = "scratch";

/// One such store. Dropping it removes its folder.
pub(super) struct Beside {
    /// Before the folder, so that it is closed first.
    store: EmbeddedStore,
    _folder: Folder,
}

impl Beside {
    /// Makes an empty one below the store in `path`.
    pub(super) fn make(path: &Path) -> Result<Self, IndexError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let folder = Folder(path.join(FOLDER).join(COUNT.fetch_add(1, Ordering::Relaxed).to_string()));
        fs::create_dir_all(&folder.0).map_err(|error| fault::io("make the directory", &folder.0, &error))?;
        let options =
            EmbeddedOptions { durability: Durability::Os, readers_max: 16, ..EmbeddedOptions::default() };
        let environment = Arc::new(Environment::open(&folder.0, options)?);
        environment.abandon();
        Ok(Self { store: EmbeddedStore { environment }, _folder: folder })
    }
}

/// Removes the temporary stores of a process that was killed, and what is left of a finished restore.
pub(super) fn clear(path: &Path) -> Result<(), IndexError> {
    [FOLDER, directory::RESTORING].into_iter().try_for_each(|name| {
        let folder = path.join(name);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(fault::io("remove", &folder, &error)),
            _ => Ok(()),
        }
    })
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is removed when the store is next opened.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Store for Beside {
    fn id(&self) -> StoreId {
        self.store.id()
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        self.store.snapshot()
    }

    fn commit(&self, sets: &[WriteSet]) -> Result<Vec<Result<(), Conflict>>, IndexError> {
        self.store.commit(sets)
    }

    fn is_volatile(&self) -> bool {
        true
    }

    fn scratch(&self) -> Result<Box<dyn Store>, IndexError> {
        Ok(Box::new(MemoryStore::new()))
    }
}
