//! Reading a query's live results: one consistent snapshot, streamed.

use crate::Error;
use crate::follow::frontier;
use livewell_model::diff::Columns;
use livewell_model::{Row, SmolStr};
use livewell_store::catalog::{self, Kind};
use livewell_store::head::{Building, EpochRecord};
use livewell_store::{Feed, LiveSnapshot, Store};

/// The rows of a query at one sequence. Holds a snapshot of the store, not the rows.
#[derive(Debug, Clone)]
pub struct Results {
    /// The query's id.
    pub query_id: String,
    /// The epoch the sequence counts in.
    pub epoch: u64,
    /// The sequence of the last result in it; 0: the base.
    pub sequence: u64,
    /// Up to which position of the store everything is in it.
    pub position: u64,
    /// The definition the rows come from.
    pub config_hash: u64,
    /// The names of the columns.
    pub columns: Vec<SmolStr>,
    live: LiveSnapshot,
}

impl Results {
    /// The results of `query` as they are now in `store`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] for an unknown query; else as the store has them.
    pub fn read(store: &dyn Store, query: &str) -> Result<Self, Error> {
        let snapshot = store.snapshot()?;
        let entry = catalog::find(&*snapshot, query)?.filter(|entry| entry.kind == Kind::Query);
        let entry = entry.ok_or_else(|| Error::not_found(query))?;
        let feed = Feed::open(snapshot.clone(), entry.number)?.ok_or_else(|| Error::not_found(query))?;
        let EpochRecord { columns, config_hash, .. } = feed.epoch()?;
        Ok(Self {
            query_id: query.to_owned(),
            epoch: feed.head.epoch,
            sequence: feed.head.sequence,
            position: frontier(&snapshot, entry.number)?,
            config_hash,
            columns,
            live: LiveSnapshot(feed),
        })
    }

    /// Whether the query is new and its first rows are still being built.
    pub(crate) fn is_to_come(&self) -> bool {
        self.live.0.head.building == Some(Building::New)
    }

    /// How many rows there are.
    pub fn row_count(&self) -> u64 {
        self.live.row_count()
    }

    /// The rows by ascending signature, streamed.
    ///
    /// # Errors
    /// As the store has them, also from the iterator.
    pub fn rows(&self) -> Result<impl Iterator<Item = Result<(u64, Columns), Error>> + '_, Error> {
        Ok(self.live.rows()?.map(|row| {
            let (signature, bytes) = row?;
            Ok((signature, Row::decode(&bytes)?.columns))
        }))
    }

    /// At most `rows_max` rows with signatures strictly above `after`.
    ///
    /// # Errors
    /// As the store has them.
    pub fn page(&self, after: Option<u64>, rows_max: usize) -> Result<Vec<(u64, Columns)>, Error> {
        let page = self.live.page(after, rows_max)?;
        page.into_iter().map(|(signature, bytes)| Ok((signature, Row::decode(&bytes)?.columns))).collect()
    }
}
