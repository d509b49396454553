//! Reads a query's live results: one consistent snapshot, streamed. Rows of an ordered query come in its order, and are
//! held in memory for that while they are read.

use crate::Error;
use crate::component::marks::Marks;
use crate::component::unknown;
use crate::feed::checked;
use crate::feed::follow::frontier;
use crate::read::value::one::{self, One};
use crate::read::value::values::Values;
use livewell_model::diff::Columns;
use livewell_model::{QueryResult, Row, SmolStr};
use livewell_store::catalog::{self, Kind};
use livewell_store::head::{Building, EpochRecord};
use livewell_store::{Feed, IndexError, LiveSnapshot, Snapshot, Store};
use std::sync::{Arc, OnceLock};
use xxhash_rust::xxh3::xxh3_64;

/// A row as it is read, its signature first.
pub type ReadRow = Result<(u64, Columns), Error>;

type Stored<'a> = Box<dyn Iterator<Item = Result<(u64, Vec<u8>), IndexError>> + 'a>;

/// The rows of a query, or of one value in it, at one sequence. Holds a snapshot of the store, not the rows; only the rows of a query with
/// ORDER BY are held, from the first time they are read, and shared by all clones.
#[derive(Debug, Clone)]
pub struct Results {
    /// The query's id.
    pub query_id: String,
    /// The epoch the sequence counts in.
    pub epoch: u64,
    /// The sequence of the last result in it; 0: the base.
    pub sequence: u64,
    /// The position of the store up to which everything is included.
    pub position: u64,
    /// Whether the rows are known to be exact for the upstreams of its sources at that position; `None` if none of its
    /// sources can tell.
    pub checked: Option<bool>,
    /// The definition the rows come from.
    pub config_hash: u64,
    /// The names of the columns.
    pub columns: Vec<SmolStr>,
    live: LiveSnapshot,
    /// The value that the rows belong to, if not all are read, and how many these are.
    of: Option<(Arc<One>, u64)>,
    /// The rows in the query's order, once they were read.
    sorted: Arc<OnceLock<Vec<(u64, Columns)>>>,
}

impl Results {
    /// Reads the current results of `query` in `store`.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for an unknown query, or an error if the store cannot be read.
    pub fn read(store: &dyn Store, query: &str) -> Result<Self, Error> {
        Self::read_with(store, &Marks::default(), query)
    }

    /// Reads the current results of a query with `for_each` for one value. The columns are those behind the parameters.
    ///
    /// # Errors
    /// Returns the errors of [`Results::read`], and LW0544 if the values are not those that the query declares.
    pub fn read_for(store: &dyn Store, query: &str, values: &Values) -> Result<Self, Error> {
        let for_each = one::for_each(&*store.snapshot()?, query)?;
        let one = One::of(query, for_each.as_ref(), values)?;
        Self::read_with(store, &Marks::default(), query)?.of(&Arc::new(one))
    }

    /// Returns the rows of one value alone.
    pub(crate) fn of(mut self, one: &Arc<One>) -> Result<Self, Error> {
        let parameters = one.parts.parameters();
        self.columns.drain(..parameters.min(self.columns.len()));
        let mut rows = 0;
        for signature in self.live.signatures_of(&one.key, None)? {
            signature?;
            rows += 1;
        }
        self.of = Some((one.clone(), rows));
        Ok(self)
    }

    /// Like [`Results::read`], also with what queries have been shown and have not stored.
    pub(crate) fn read_with(store: &dyn Store, marks: &Marks, query: &str) -> Result<Self, Error> {
        Self::read_in(&store.snapshot()?, marks, query)
    }

    /// Reads the results that a query has in a snapshot of the store.
    pub(crate) fn read_in(snapshot: &Arc<dyn Snapshot>, marks: &Marks, query: &str) -> Result<Self, Error> {
        let entry = catalog::find(&**snapshot, query)?.filter(|entry| entry.kind == Kind::Query);
        let entry = entry.ok_or_else(|| unknown::in_store(&**snapshot, query, Some(Kind::Query)))?;
        let feed = Feed::open(snapshot.clone(), entry.number)?.ok_or_else(|| Error::not_found(query))?;
        let EpochRecord { columns, config_hash, .. } = feed.epoch()?;
        Ok(Self {
            query_id: query.to_owned(),
            epoch: feed.head.epoch,
            sequence: feed.head.sequence,
            position: frontier(snapshot, marks, entry.number)?,
            checked: checked::of_query(snapshot, marks, entry.number)?,
            config_hash,
            columns,
            live: LiveSnapshot(feed),
            of: None,
            sorted: Arc::default(),
        })
    }

    /// Returns whether the query is new and its first rows are still being built: until then it has no rows, which does
    /// not mean that the result is empty. For one value also whether the rows are still those of an earlier definition,
    /// which may have been of other values.
    pub fn is_to_come(&self) -> bool {
        match self.live.0.head.building {
            Some(Building::New) => true,
            Some(Building::Changed) => self.of.is_some(),
            Some(Building::Rebuilt) | None => false,
        }
    }

    /// Returns how many rows there are.
    pub fn row_count(&self) -> u64 {
        match &self.of {
            None => self.live.row_count(),
            Some((_, rows)) => rows + u64::from(self.nothing().is_some()),
        }
    }

    /// Returns the row over nothing, if the value has that and nothing else.
    fn nothing(&self) -> Option<(u64, Columns)> {
        let (one, rows) = self.of.as_ref()?;
        if *rows == 0 && !self.is_to_come() { one.nothing() } else { None }
    }

    /// Returns the stored rows after the row with the signature `after`, by ascending signature.
    fn stored(&self, after: Option<u64>) -> Result<Stored<'_>, Error> {
        Ok(match &self.of {
            None => Box::new(self.live.rows_after(after)?),
            Some((one, _)) => Box::new(self.live.rows_of(&one.key, after)?),
        })
    }

    /// Returns all stored rows; at the end an error if they are not as many as there should be.
    fn whole(&self) -> Result<Stored<'_>, Error> {
        match &self.of {
            None => Ok(Box::new(self.live.rows()?)),
            Some(_) => self.stored(None),
        }
    }

    /// Returns a row's columns: all, or those that are shown for a value.
    fn shown(&self, columns: &Columns) -> Columns {
        match &self.of {
            None => columns.clone(),
            Some((one, _)) => one.parts.shown(columns),
        }
    }

    /// Returns whether the query has an ORDER BY, as its rows show it: without rows there is no order to keep.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn is_ordered(&self) -> Result<bool, Error> {
        match self.stored(None)?.next() {
            Some(row) => Ok(!Row::decode(&row?.1)?.order.is_empty()),
            None => Ok(false),
        }
    }

    /// The outbox, as of the same moment.
    pub(crate) fn feed(&self) -> &Feed {
        &self.live.0
    }

    /// Returns whether these are the rows of one value.
    pub(crate) fn is_of_a_value(&self) -> bool {
        self.of.is_some()
    }

    /// Returns what of a result is about these rows; `None` if nothing is.
    pub(crate) fn part(&self, result: QueryResult) -> Option<QueryResult> {
        match &self.of {
            None => Some(result),
            Some((one, _)) => one.parts.one(result, &one.key),
        }
    }

    /// Returns the rows as they are stored, by ascending signature, each behind its signature and its print: a number that is
    /// another one if the row is another.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read; so may the iterator.
    pub(crate) fn decoded(&self) -> Result<impl Iterator<Item = Result<(u64, u32, Row), Error>> + '_, Error> {
        let nothing = self.nothing().map(|(signature, columns)| {
            Ok((signature, PRINT_OF_NOTHING, Row { key: Vec::new(), columns, order: Vec::new() }))
        });
        let decoded = |row: Result<(u64, Vec<u8>), IndexError>| {
            let (signature, bytes) = row?;
            let row = Row::decode(&bytes)?;
            let (columns, Row { key, order, .. }) = (self.shown(&row.columns), row);
            Ok((signature, print(&bytes), Row { key, columns, order }))
        };
        Ok(nothing.into_iter().chain(self.whole()?.map(decoded)))
    }

    /// Returns the signatures and the prints of the rows alone, which takes a fraction of the time of [`Self::decoded`].
    ///
    /// # Errors
    /// Returns an error if the store cannot be read; so may the iterator.
    pub(crate) fn printed(&self) -> Result<impl Iterator<Item = Result<(u64, u32), Error>> + '_, Error> {
        let nothing = self.nothing().map(|(signature, _)| Ok((signature, PRINT_OF_NOTHING)));
        let printed = |row: Result<(u64, Vec<u8>), IndexError>| {
            let (signature, bytes) = row?;
            Ok((signature, print(&bytes)))
        };
        Ok(nothing.into_iter().chain(self.whole()?.map(printed)))
    }

    /// Returns the print and the values of the row with a signature, if there is one.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub(crate) fn at(&self, signature: u64) -> Result<Option<(u32, Columns)>, Error> {
        if let Some((_, columns)) = self.nothing().filter(|(of, _)| *of == signature) {
            return Ok(Some((PRINT_OF_NOTHING, columns)));
        }
        // A row that belongs to another value by now is none of this one.
        match self.stored(signature.checked_sub(1))?.next().transpose()? {
            Some((found, bytes)) if found == signature => {
                Ok(Some((print(&bytes), self.shown(&Row::decode(&bytes)?.columns))))
            }
            _ => Ok(None),
        }
    }

    /// Returns the rows: those of an ordered query in its order, from memory; else by ascending signature, streamed.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read; so may the iterator.
    pub fn rows(&self) -> Result<Box<dyn Iterator<Item = ReadRow> + '_>, Error> {
        if self.is_ordered()? {
            return Ok(Box::new(self.sorted()?.iter().cloned().map(Ok)));
        }
        self.unordered()
    }

    /// Returns the rows by ascending signature, streamed, whatever the query's order.
    pub(crate) fn unordered(&self) -> Result<Box<dyn Iterator<Item = ReadRow> + '_>, Error> {
        let shown = |row: Result<(u64, Vec<u8>), IndexError>| {
            let (signature, bytes) = row?;
            Ok((signature, self.shown(&Row::decode(&bytes)?.columns)))
        };
        Ok(Box::new(self.nothing().map(Ok).into_iter().chain(self.whole()?.map(shown))))
    }

    /// Returns at most `rows_max` rows: those that [`Results::rows`] returns after the row with the signature `after`.
    /// A reader of all pages should check their total with [`Results::check_count`].
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::Invalid`] if an ordered query has no row `after`, or an error if the store cannot be
    /// read.
    pub fn page(&self, after: Option<u64>, rows_max: usize) -> Result<Vec<(u64, Columns)>, Error> {
        if self.is_ordered()? {
            let rows = self.sorted()?;
            let begin = match after {
                None => 0,
                Some(after) => {
                    let at = rows.iter().position(|(signature, _)| *signature == after);
                    1 + at.ok_or_else(|| no_such_row(&self.query_id, after))?
                }
            };
            return Ok(rows[begin..].iter().take(rows_max).cloned().collect());
        }
        let nothing = self.nothing().filter(|(signature, _)| after.is_none_or(|after| after < *signature));
        let stored = self.stored(after)?.map(|row| {
            let (signature, bytes) = row?;
            Ok((signature, self.shown(&Row::decode(&bytes)?.columns)))
        });
        nothing.map(Ok).into_iter().chain(stored).take(rows_max).collect()
    }

    /// Checks that all pages together had as many rows as there are.
    ///
    /// # Errors
    /// Returns LW0303 if they had not: the store is damaged, and what was read is not the answer.
    pub fn check_count(&self, read: u64) -> Result<(), Error> {
        let (id, rows) = (&self.query_id, self.row_count());
        if read == rows {
            return Ok(());
        }
        Err(IndexError::corrupted(format!("it holds {read} of {rows} rows of `{id}`")).into())
    }

    /// Returns the rows of an ordered query: by the bytes of their order, ties by their keys.
    fn sorted(&self) -> Result<&[(u64, Columns)], Error> {
        if let Some(rows) = self.sorted.get() {
            return Ok(rows);
        }
        let decoded = self.whole()?.map(|row| {
            let (signature, bytes) = row?;
            Ok((signature, Row::decode(&bytes)?))
        });
        let mut rows = decoded.collect::<Result<Vec<_>, Error>>()?;
        rows.sort_unstable_by(|(_, a), (_, b)| (&a.order, &a.key).cmp(&(&b.order, &b.key)));
        let rows = rows.into_iter().map(|(signature, row)| (signature, self.shown(&row.columns))).collect();
        Ok(self.sorted.get_or_init(|| rows))
    }
}

/// The print of the row over nothing, which is not stored.
const PRINT_OF_NOTHING: u32 = 0;

/// Returns the half of a hash of a stored row.
fn print(bytes: &[u8]) -> u32 {
    xxh3_64(bytes) as u32
}

fn no_such_row(query: &str, signature: u64) -> Error {
    Error::invalid(
        "LW0701",
        format!("`{query}` has no row {signature:016x} at this sequence to continue after"),
    )
}
