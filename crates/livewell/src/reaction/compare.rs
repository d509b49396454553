//! The live results of a query as they were at the checkpoint of a reaction's target.
//!
//! They are read in pieces, each from a snapshot of its own, since a snapshot that is held keeps the store from using its
//! pages again. What the query has put out since the checkpoint is undone by its outbox: the first diff of a row since
//! then says what the row was.

use crate::Error;
use crate::feed::follow::{self, Upstream};
use crate::read::verify::Progress;
use livewell_model::codec::Reader;
use livewell_model::diff::Columns;
use livewell_model::{Diff, Row, SmolStr};
use livewell_query::meter::size;
use livewell_query::{Meter, StepError};
use livewell_reaction::target::Live;
use livewell_reaction::{Reached, ReactionError};
use livewell_store::{Feed, LiveSnapshot, Store};
use std::collections::{BTreeMap, VecDeque};

/// How many rows, and about how many bytes of them, are read from one snapshot.
const PIECE: (usize, usize) = (4_000, 8 << 20);
/// How many log entries, and about how many bytes of them, are read at once.
const LOG_READ: (usize, usize) = (1_000, 1 << 20);

/// The rows of a query at a place.
pub(crate) struct LiveAt<'a> {
    store: &'a dyn Store,
    query: Upstream,
    meter: Meter,
    on_progress: &'a dyn Fn(Progress),
    at: Reached,
    /// The last result that is undone.
    undone: u64,
    /// The rows that have changed since, as they were.
    images: BTreeMap<u64, Option<Columns>>,
    /// The rows of the present piece.
    piece: VecDeque<(u64, Columns)>,
    /// The signature up to which all rows have been read.
    read: Option<u64>,
    is_read: bool,
    /// How many rows have been returned.
    given: u64,
}

impl<'a> LiveAt<'a> {
    /// Reads from this store, not yet at any place.
    pub(crate) fn new(
        store: &'a dyn Store,
        query: Upstream,
        meter: Meter,
        on_progress: &'a dyn Fn(Progress),
    ) -> Self {
        let at = Reached { query_id: query.id.as_str().into(), epoch: 0, sequence: 0, position: 0 };
        Self {
            store,
            query,
            meter,
            on_progress,
            at,
            undone: 0,
            images: BTreeMap::new(),
            piece: VecDeque::new(),
            read: None,
            is_read: false,
            given: 0,
        }
    }

    /// Opens the query as it is now, with what it has put out since the place undone.
    fn follow(&mut self) -> Result<Feed, Halted> {
        let feed = follow::open(&self.store.snapshot()?, &self.query)?;
        let (head, query) = (&feed.head, &self.query.id);
        let unsettled = |cause| Err(Halted::Unsettled(cause));
        if head.building.is_some() {
            return unsettled(format!("`{query}` is being built"));
        }
        if head.epoch != self.at.epoch || head.sequence < self.at.sequence {
            let (epoch, sequence) = (head.epoch, head.sequence);
            return unsettled(format!(
                "its checkpoint is {}-{}, and `{query}` is at {epoch}-{sequence}, in another history, which the reaction \
                 has not taken up yet",
                self.at.epoch, self.at.sequence
            ));
        }
        if self.undone + 1 < head.low {
            let (low, epoch) = (head.low, head.epoch);
            return unsettled(format!(
                "the outbox of `{query}` begins at {epoch}-{low}, and the rows of {epoch}-{} cannot be computed any more",
                self.at.sequence
            ));
        }
        while self.undone < feed.head.sequence {
            for entry in feed.log(self.at.epoch, self.undone, LOG_READ.0, LOG_READ.1).map_err(Error::from)? {
                let result = Reader::new("query result", &entry.bytes).result(entry.sequence);
                for diff in result.map_err(Error::from)?.diffs {
                    self.undo(diff)?;
                }
                self.undone = entry.sequence;
            }
        }
        Ok(feed)
    }

    fn undo(&mut self, diff: Diff) -> Result<(), Error> {
        let (signature, before) = match diff {
            Diff::Add { row_signature, .. } => (row_signature, None),
            Diff::Update { row_signature, before, .. } => (row_signature, Some(before)),
            Diff::Delete { row_signature, data } => (row_signature, Some(data)),
        };
        if !self.images.contains_key(&signature) {
            let bytes = before.as_ref().map_or(0, |row| size::read(row));
            self.meter.hold(size::entry(size_of::<u64>()) + bytes).map_err(StepError::from)?;
            self.images.insert(signature, before);
        }
        Ok(())
    }

    /// Reads the next rows.
    fn read_piece(&mut self) -> Result<(), Halted> {
        let feed = self.follow()?;
        (self.on_progress)(Progress::Compared { rows: self.given, of: feed.head.rows });
        let (mut rows, mut bytes, mut through) = (BTreeMap::new(), 0, None);
        for entry in LiveSnapshot(feed).rows_after(self.read).map_err(Error::from)? {
            let (signature, stored) = entry.map_err(Error::from)?;
            bytes += stored.len();
            if !self.images.contains_key(&signature) {
                rows.insert(signature, Row::decode(&stored).map_err(Error::from)?.columns);
            }
            if rows.len() >= PIECE.0 || bytes >= PIECE.1 {
                through = Some(signature);
                break;
            }
        }
        let first = self.read.map_or(0, |read| read + 1);
        for (signature, image) in self.images.range(first..=through.unwrap_or(u64::MAX)) {
            if let Some(columns) = image {
                rows.insert(*signature, columns.clone());
            }
        }
        self.piece = rows.into_iter().collect();
        // Behind the largest signature there is none.
        self.is_read = through.is_none_or(|through| through == u64::MAX);
        self.read = through;
        Ok(())
    }

    fn in_words(&self, halted: Halted) -> ReactionError {
        match halted {
            Halted::Unsettled(cause) => {
                ReactionError::Unsettled { target: format!("the target of `{}`", self.query.id), cause }
            }
            Halted::Store(error) => of_store(&self.query.id, error),
        }
    }
}

impl Live for LiveAt<'_> {
    fn begin(&mut self, at: &Reached) -> Result<Vec<SmolStr>, ReactionError> {
        self.meter.begin();
        (self.at, self.undone) = (at.clone(), at.sequence);
        (self.images, self.piece) = (BTreeMap::new(), VecDeque::new());
        (self.read, self.is_read, self.given) = (None, false, 0);
        let columns = self.follow().and_then(|feed| Ok(feed.epoch().map_err(Error::from)?.columns));
        columns.map_err(|halted| self.in_words(halted))
    }

    fn next(&mut self) -> Result<Option<(u64, Columns)>, ReactionError> {
        while self.piece.is_empty() && !self.is_read {
            self.read_piece().map_err(|halted| self.in_words(halted))?;
        }
        self.given += u64::from(!self.piece.is_empty());
        Ok(self.piece.pop_front())
    }

    fn row(&mut self, signature: u64) -> Result<Option<Columns>, ReactionError> {
        let read = |live: &mut Self| -> Result<Option<Columns>, Halted> {
            let feed = live.follow()?;
            if let Some(image) = live.images.get(&signature) {
                return Ok(image.clone());
            }
            let stored = feed.entry(&signature.to_be_bytes()).map_err(Error::from)?;
            let row = stored.map(|stored| Row::decode(&stored)).transpose().map_err(Error::from)?;
            Ok(row.map(|row| row.columns))
        };
        read(self).map_err(|halted| self.in_words(halted))
    }

    fn hold(&self, bytes: usize) -> Result<(), ReactionError> {
        let held = self.meter.hold(bytes).map_err(StepError::from);
        held.map_err(|error| of_store(&self.query.id, error.into()))
    }
}

/// Why the rows cannot be read.
enum Halted {
    Unsettled(String),
    Store(Error),
}

impl<E: Into<Error>> From<E> for Halted {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

/// Hands an error of the store through a reaction.
pub(crate) fn of_store(query_id: &str, error: Error) -> ReactionError {
    ReactionError::Snapshot { query_id: query_id.to_owned(), cause: error.into() }
}
