//! The live results store: the current rows of each query, by `(query_id, row_signature)`.

use crate::bare::{Bare, Session};
use crate::commit::Store;
use crate::feed::Feed;
use crate::{IndexError, RowWrites, sweep};
use async_trait::async_trait;
use std::sync::Arc;

/// A change of one row.
#[derive(Debug, Clone)]
pub struct RowMutation<'a> {
    /// The row's signature within its query.
    pub row_signature: u64,
    /// The row's new bytes; `None` deletes the row if it is there.
    pub data: Option<&'a [u8]>,
}

/// Rows by query and signature, changed in atomic batches.
///
/// A call does its work before it returns, on the calling thread: with `Durability::Sync` that includes waiting for
/// the disk.
#[async_trait]
pub trait LiveResultsWriter: Send + Sync {
    /// Applies all mutations or none. Of two mutations of one row the later wins.
    async fn apply_mutations(&self, query_id: &str, mutations: &[RowMutation<'_>]) -> Result<(), IndexError>;

    /// Returns all rows at one consistent point, by ascending signature; none for an unknown query.
    async fn read_snapshot(&self, query_id: &str) -> Result<Vec<(u64, Vec<u8>)>, IndexError>;

    /// Deletes all rows of the query. The call itself takes the same time for any number of rows.
    async fn clear(&self, query_id: &str) -> Result<(), IndexError>;

    /// Returns the number of rows, in the same time for any number.
    async fn row_count(&self, query_id: &str) -> Result<usize, IndexError>;
}

/// [`LiveResultsWriter`] over any store.
///
/// It reads what a pipeline over the same store wrote (`livewell_model::Row::decode` reads the bytes), and writes
/// only ids that no pipeline owns.
pub struct LiveResults {
    bare: Bare,
}

impl LiveResults {
    /// Reads and writes the live results in `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { bare: Bare::new(store) }
    }

    /// Returns the query's current rows, to be read in pages: only the snapshot is held. `None` for an unknown query.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn snapshot(&self, query_id: &str) -> Result<Option<LiveSnapshot>, IndexError> {
        Ok(self.bare.feed(query_id)?.map(LiveSnapshot))
    }
}

/// The rows of one query at one sequence. Holding it costs the store space; reading it takes the memory of one page.
#[derive(Debug, Clone)]
pub struct LiveSnapshot(pub Feed);

impl LiveSnapshot {
    /// Returns at most `rows_max` rows with signatures strictly above `after`, ascending.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn page(&self, after: Option<u64>, rows_max: usize) -> Result<Vec<(u64, Vec<u8>)>, IndexError> {
        self.rows_after(after)?.take(rows_max).collect()
    }

    /// Streams the rows with signatures strictly above `after`, ascending.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read, also from the iterator.
    pub fn rows_after(
        &self,
        after: Option<u64>,
    ) -> Result<impl Iterator<Item = Result<(u64, Vec<u8>), IndexError>> + '_, IndexError> {
        let after = after.map(u64::to_be_bytes);
        let entries = self.0.entries(after.as_ref().map(<[u8; 8]>::as_slice))?;
        Ok(entries.map(row))
    }

    /// Streams all rows by ascending signature.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read, also from the iterator, and at its end the errors of
    /// [`Feed::whole`].
    pub fn rows(&self) -> Result<impl Iterator<Item = Result<(u64, Vec<u8>), IndexError>> + '_, IndexError> {
        Ok(self.0.whole()?.map(row))
    }

    /// Returns the number of rows.
    pub fn row_count(&self) -> u64 {
        self.0.head.rows
    }
}

fn row(entry: Result<(Vec<u8>, Vec<u8>), IndexError>) -> Result<(u64, Vec<u8>), IndexError> {
    let (key, value) = entry?;
    Ok((signature(&key)?, value))
}

/// Returns the signature that the key of a row is.
pub(crate) fn signature(key: &[u8]) -> Result<u64, IndexError> {
    let signature = key.try_into().map_err(|_| IndexError::corrupted("a row key has eight bytes"))?;
    Ok(u64::from_be_bytes(signature))
}

#[async_trait]
impl LiveResultsWriter for LiveResults {
    async fn apply_mutations(&self, query_id: &str, mutations: &[RowMutation<'_>]) -> Result<(), IndexError> {
        self.bare.commit(query_id, |session| {
            let rows = mutations.iter().map(|mutation| (mutation.row_signature, mutation.data));
            session.set.rows = Some(RowWrites::new(session.head.clone(), rows));
            Ok(())
        })
    }

    async fn read_snapshot(&self, query_id: &str) -> Result<Vec<(u64, Vec<u8>)>, IndexError> {
        match self.snapshot(query_id)? {
            Some(snapshot) => snapshot.rows()?.collect(),
            None => Ok(Vec::new()),
        }
    }

    async fn clear(&self, query_id: &str) -> Result<(), IndexError> {
        if self.bare.feed(query_id)?.is_none() {
            return Ok(());
        }
        self.bare.commit(query_id, |session| {
            session.new_generation();
            Ok(())
        })?;
        self.bare.sweep_some()
    }

    async fn row_count(&self, query_id: &str) -> Result<usize, IndexError> {
        let rows = self.bare.feed(query_id)?.map_or(0, |feed| feed.head.rows);
        usize::try_from(rows).map_err(|error| IndexError::Other(error.into()))
    }
}

impl Session<'_> {
    fn new_generation(&mut self) {
        for prefix in sweep::generation(self.number, self.head.generation) {
            sweep::mark(&mut self.set, &prefix);
        }
        self.head.last_generation += 1;
        self.head.generation = self.head.last_generation;
        (self.head.rows, self.head.rows_hash) = (0, 0);
    }
}
