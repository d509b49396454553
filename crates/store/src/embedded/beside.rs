//! Temporary stores for what a step cannot hold in memory, in a folder below the true store.

use super::environment::Environment;
use super::options::{Durability, EmbeddedOptions};
use super::snapshot::EmbeddedSnapshot;
use super::{directory, fault, writer};
use crate::commit::{Conflict, Store, StoreId};
use crate::snapshot::Snapshot;
use crate::{IndexError, MemoryStore, WriteSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One such store. Dropping it removes its folder.
pub(super) struct Beside {
    /// Before the folder, so that it is closed first.
    environment: Arc<Environment>,
    _folder: Folder,
}

impl Beside {
    /// Makes an empty one below the store in `path`.
    pub(super) fn make(path: &Path) -> Result<Self, IndexError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let folder =
            Folder(path.join(directory::SCRATCH).join(COUNT.fetch_add(1, Ordering::Relaxed).to_string()));
        fs::create_dir_all(&folder.0).map_err(|error| fault::io("make the directory", &folder.0, &error))?;
        let options =
            EmbeddedOptions { durability: Durability::Os, readers_max: 16, ..EmbeddedOptions::default() };
        let environment = Arc::new(Environment::open(&folder.0, options)?);
        environment.abandon();
        Ok(Self { environment, _folder: folder })
    }
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
        self.environment.id()
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        Ok(Arc::new(EmbeddedSnapshot::take(&self.environment)?))
    }

    fn commit(&self, sets: &[WriteSet]) -> Result<Vec<Result<(), Conflict>>, IndexError> {
        writer::commit(&self.environment, sets)
    }

    fn is_volatile(&self) -> bool {
        true
    }

    fn scratch(&self) -> Result<Box<dyn Store>, IndexError> {
        Ok(Box::new(MemoryStore::new()))
    }
}
