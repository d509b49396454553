//! Both live results stores behind one interface.

use drasi_core::interface::{CreatedIndexes, IndexBackendPlugin};
use drasi_core::interface::{LiveResultsWriter as PeerWriter, RowMutation as PeerMutation};
use drasi_index_rocksdb::RocksDbIndexProvider;
use livewell_store::{Durability, EmbeddedStore, LiveResults, LiveResultsWriter, RowMutation, sweep};
use std::path::Path;
use std::sync::Arc;

const QUERY: &str = "query-1";
/// How many keys one commit of the sweeper deletes.
const SWEEP_KEYS: usize = 10_000;

/// Rows of one batch.
pub type Rows = Vec<(u64, Vec<u8>)>;

/// A live results store.
pub trait Side {
    /// Upserts the rows in one batch.
    async fn apply(&self, rows: &Rows) -> anyhow::Result<()>;
    /// Reads all rows and returns their number.
    async fn read(&self) -> anyhow::Result<usize>;
    /// Returns the store's own count.
    async fn count(&self) -> anyhow::Result<usize>;
    /// Deletes all rows.
    async fn clear(&self) -> anyhow::Result<()>;
}

/// Livewell's, over the embedded store.
pub struct Livewell {
    store: Arc<EmbeddedStore>,
    results: LiveResults,
}

impl Livewell {
    /// Makes a new store at `path`.
    ///
    /// # Errors
    /// Returns an error if the store cannot be created.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let store = Arc::new(EmbeddedStore::open(path, Durability::Os)?);
        Ok(Self { results: LiveResults::new(store.clone()), store })
    }

    /// Deletes the garbage that a clear has left.
    ///
    /// # Errors
    /// Returns an error if the store cannot be written.
    pub fn sweep(&self) -> anyhow::Result<()> {
        while sweep::sweep(&*self.store, SWEEP_KEYS, &|_| false)? {}
        Ok(())
    }
}

impl Side for Livewell {
    async fn apply(&self, rows: &Rows) -> anyhow::Result<()> {
        let mutations: Vec<RowMutation<'_>> = rows
            .iter()
            .map(|(row_signature, data)| RowMutation { row_signature: *row_signature, data: Some(data) })
            .collect();
        Ok(self.results.apply_mutations(QUERY, &mutations).await?)
    }

    async fn read(&self) -> anyhow::Result<usize> {
        Ok(self.results.read_snapshot(QUERY).await?.len())
    }

    async fn count(&self) -> anyhow::Result<usize> {
        Ok(self.results.row_count(QUERY).await?)
    }

    async fn clear(&self) -> anyhow::Result<()> {
        Ok(self.results.clear(QUERY).await?)
    }
}

/// The other's, over RocksDB, with its default settings.
pub struct Peer {
    writer: Arc<dyn PeerWriter>,
    /// Keeps the database open.
    _indexes: CreatedIndexes,
}

impl Peer {
    /// Makes a new store at `path`.
    ///
    /// # Errors
    /// Returns an error if the store cannot be created.
    pub async fn open(path: &Path) -> anyhow::Result<Self> {
        let indexes =
            RocksDbIndexProvider::new(path, false, false).create_indexes(QUERY).await.map_err(wrap)?;
        let writer = indexes.live_results_writer.clone();
        Ok(Self {
            writer: writer.ok_or_else(|| anyhow::anyhow!("it has no live results"))?,
            _indexes: indexes,
        })
    }
}

impl Side for Peer {
    async fn apply(&self, rows: &Rows) -> anyhow::Result<()> {
        let mutations: Vec<PeerMutation<'_>> = rows
            .iter()
            .map(|(row_signature, data)| PeerMutation { row_signature: *row_signature, data: Some(data) })
            .collect();
        self.writer.apply_mutations(QUERY, &mutations).await.map_err(wrap)
    }

    async fn read(&self) -> anyhow::Result<usize> {
        Ok(self.writer.read_snapshot(QUERY).await.map_err(wrap)?.len())
    }

    async fn count(&self) -> anyhow::Result<usize> {
        self.writer.row_count(QUERY).await.map_err(wrap)
    }

    async fn clear(&self) -> anyhow::Result<()> {
        self.writer.clear(QUERY).await.map_err(wrap)
    }
}

fn wrap(error: impl std::fmt::Debug) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}
