//! The places the suites run in.

use livewell_store::testkit::Place;
use livewell_store::{Durability, EmbeddedOptions, EmbeddedStore, IndexError, MemoryStore, Store};
use std::sync::Arc;
use tempfile::TempDir;

/// A store that is gone when it is dropped.
pub struct InMemory;

impl Place for InMemory {
    fn open(&self) -> Result<Arc<dyn Store>, IndexError> {
        Ok(Arc::new(MemoryStore::new()))
    }
}

/// A directory of its own for an embedded store.
pub struct Directory {
    pub path: TempDir,
    pub durability: Durability,
}

impl Directory {
    pub fn new(durability: Durability) -> Self {
        Self { path: TempDir::new().expect("a temporary directory"), durability }
    }

    pub fn options(&self) -> EmbeddedOptions {
        EmbeddedOptions { durability: self.durability, ..EmbeddedOptions::default() }
    }

    pub fn open_embedded(&self) -> Result<EmbeddedStore, IndexError> {
        EmbeddedStore::open(self.path.path(), self.durability)
    }
}

impl Place for Directory {
    fn open(&self) -> Result<Arc<dyn Store>, IndexError> {
        Ok(Arc::new(self.open_embedded()?))
    }
}
