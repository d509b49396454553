//! Subscriptions: a query's snapshot (in order, for an ordered query), then its results as they come, resumable from
//! any of them.

use crate::Error;
use crate::component::Component;
use crate::component::bell::Bell;
use crate::component::shared::Shared;
use crate::read::position::Position;
use crate::read::results::Results;
use crate::read::value::dealer::{Dealer, is_followed};
use crate::read::value::inbox::Found;
use crate::read::value::listener::Listener;
use crate::read::value::one::One;
use crate::run::recovery::readable;
use futures_core::Stream;
use livewell_model::codec::Reader;
use livewell_model::diff::Columns;
use livewell_model::{QueryResult, SmolStr};
use livewell_store::checkpoint::Checkpoint;
use livewell_store::feed::LogEntry;
use livewell_store::head::EpochRecord;
use livewell_store::{Feed, IndexError, Resume};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// How many rows of a snapshot are read at once.
const PAGE_ROWS: usize = 1_000;
/// How many results are read at once.
const RESULTS_MAX: usize = 256;
const RESULT_BYTES_MAX: usize = 1 << 20;

/// An event for a subscriber.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Earlier events no longer hold; a snapshot follows.
    Reset {
        /// Why.
        reason: String,
    },
    /// One row of the snapshot.
    Row {
        /// The row's signature.
        row_signature: u64,
        /// Its values.
        data: Columns,
    },
    /// The snapshot is complete; a subscription can resume from here.
    SnapshotEnd {
        /// The position of the snapshot.
        at: Position,
        /// Whether its rows came in the order of the query's ORDER BY.
        ordered: bool,
        /// Whether its rows are known to be exact for the upstreams of the query's sources; `None` if none of them can
        /// tell.
        checked: Option<bool>,
    },
    /// A query result; a subscription can resume from here.
    Result {
        /// The epoch its sequence counts in.
        epoch: u64,
        /// The result.
        result: QueryResult,
    },
}

/// A query's results, from a snapshot or from a position on. Each subscriber reads at its own pace: a slow one costs
/// the others nothing.
///
/// It is also a [`Stream`] of events, which ends after an error; [`Subscription::next`] returns the same events one by
/// one.
///
/// ```
/// use futures::{StreamExt, TryStreamExt};
/// use livewell::{Event, InProcess, Livewell, MemoryStore, Query};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), livewell::Error> {
/// let livewell = Livewell::builder().store(MemoryStore::new()).build()?;
/// livewell.add_source(InProcess::new("orders")).await?;
/// livewell.add_query(Query::cypher("all", "MATCH (o:Order) RETURN o.id AS id").from("orders")).await?;
/// let events: Vec<Event> = livewell.subscribe("all").await?.take(1).try_collect().await?;
/// assert!(matches!(events[0], Event::SnapshotEnd { .. }));
/// # Ok(())
/// # }
/// ```
pub struct Subscription {
    shared: Arc<Shared>,
    query: Arc<Component>,
    bell: Arc<Bell>,
    columns: Vec<SmolStr>,
    at: Option<Position>,
    /// Set if it is subscribed to one value.
    listener: Option<Listener>,
    snapshot: Option<Rest>,
    ready: VecDeque<Event>,
    /// The wait for the bell, while a [`Stream`] is polled.
    wait: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
    /// Whether the [`Stream`] has ended with an error.
    has_failed: bool,
}

/// The rest of a snapshot that was not returned yet.
#[derive(Clone)]
struct Rest {
    results: Results,
    /// The last row that was returned, and how many were.
    after: Option<u64>,
    given: u64,
}

impl Subscription {
    pub(crate) fn new(
        shared: Arc<Shared>,
        query: Arc<Component>,
        after: Option<Position>,
    ) -> Result<Self, Error> {
        Self::begin(shared, query, after, None)
    }

    /// Like [`Subscription::new`], but to one value.
    pub(crate) fn to_value(
        dealer: &Arc<Dealer>,
        shared: Arc<Shared>,
        one: Arc<One>,
        after: Option<Position>,
    ) -> Result<Self, Error> {
        let listener = Listener::new(dealer.clone(), one);
        Self::begin(shared, dealer.query.clone(), after, Some(listener))
    }

    fn begin(
        shared: Arc<Shared>,
        query: Arc<Component>,
        after: Option<Position>,
        listener: Option<Listener>,
    ) -> Result<Self, Error> {
        let bell = Arc::<Bell>::default();
        shared.bells.listen(query.number, &bell);
        let mut subscription = Self {
            shared,
            query,
            bell,
            columns: Vec::new(),
            at: after,
            listener,
            snapshot: None,
            ready: VecDeque::new(),
            wait: None,
            has_failed: false,
        };
        subscription.columns = subscription.results()?.columns;
        Ok(subscription)
    }

    fn results(&self) -> Result<Results, Error> {
        let results = Results::read_with(&*self.shared.store, &self.shared.marks, &self.query.id)?;
        match &self.listener {
            None => Ok(results),
            Some(listener) => results.of(&listener.one),
        }
    }

    /// Returns whether its snapshot was returned completely, so that it holds nothing of the store between two results.
    pub fn is_following(&self) -> bool {
        self.snapshot.is_none() && self.at.is_some()
    }

    /// Returns whether it is one to a value of a query with `for_each`.
    pub fn is_of_a_value(&self) -> bool {
        self.listener.is_some()
    }

    /// Returns the names of the columns of the last event.
    pub fn columns(&self) -> &[SmolStr] {
        &self.columns
    }

    /// Returns the position after which a subscription would miss nothing, if all events that there are have been
    /// returned: that of the last event or, for one value, that of the last result of any value.
    pub fn position(&self) -> Option<Position> {
        if !self.ready.is_empty() || !self.is_following() {
            return None;
        }
        let at = self.at?;
        let listener = self.listener.as_ref().filter(|listener| listener.is_joined());
        let read_to = listener.map_or(Some(at.sequence), Listener::read_to);
        Some(Position { sequence: read_to?.max(at.sequence), ..at })
    }

    /// Waits for the next event; returns `None` once the pipeline has stopped.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        loop {
            if let Some(event) = self.try_next()? {
                return Ok(Some(event));
            }
            if self.shared.is_stopping(&self.query) {
                return Ok(None);
            }
            self.bell.heard().await;
        }
    }

    /// Returns the next event, if there is one already.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn try_next(&mut self) -> Result<Option<Event>, Error> {
        if self.ready.is_empty() {
            self.fill()?;
        }
        let event = self.ready.pop_front();
        if self.ready.is_empty() {
            // Subscribers are many and mostly wait: none keeps the memory of its snapshot.
            self.ready.shrink_to_fit();
        }
        Ok(event)
    }

    fn fill(&mut self) -> Result<(), Error> {
        match (self.snapshot.clone(), self.at) {
            (Some(rest), _) => self.fill_rows(rest),
            (None, Some(at)) if self.listener.is_some() => self.fill_part(at),
            (None, Some(at)) => self.fill_results(at),
            (None, None) => self.begin_snapshot(),
        }
    }

    fn begin_snapshot(&mut self) -> Result<(), Error> {
        let results = self.results()?;
        if results.is_to_come() {
            return Ok(());
        }
        self.columns.clone_from(&results.columns);
        let rest = Rest { results, after: None, given: 0 };
        self.snapshot = Some(rest.clone());
        self.fill_rows(rest)
    }

    /// Reads more rows. If that fails, the rest stays, so that the next call fails in the same way.
    fn fill_rows(&mut self, Rest { results, after, given }: Rest) -> Result<(), Error> {
        let page = results.page(after, PAGE_ROWS)?;
        let last = page.last().map(|(signature, _)| *signature);
        let rows = page.len();
        let given = given + rows as u64;
        let ordered = results.is_ordered()?;
        if rows < PAGE_ROWS {
            results.check_count(given)?;
        }
        self.ready.extend(page.into_iter().map(|(row_signature, data)| Event::Row { row_signature, data }));
        if rows == PAGE_ROWS {
            self.snapshot = Some(Rest { results, after: last, given });
        } else {
            let at = Position { epoch: results.epoch, sequence: results.sequence };
            (self.snapshot, self.at) = (None, Some(at));
            self.ready.push_back(Event::SnapshotEnd { at, ordered, checked: results.checked });
        }
        Ok(())
    }

    /// Reads what comes next after the given position, so that a failure shows before anything is sent.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn look_ahead(&mut self) -> Result<(), Error> {
        if self.ready.is_empty() && self.is_following() { self.fill() } else { Ok(()) }
    }

    fn fill_results(&mut self, at: Position) -> Result<(), Error> {
        let snapshot = self.shared.store.snapshot()?;
        let feed = Feed::open(snapshot.clone(), self.query.number)?
            .ok_or_else(|| Error::not_found(&self.query.id))?;
        let checkpoint = Checkpoint { epoch: at.epoch, sequence: at.sequence, ..Checkpoint::default() };
        let resume = feed.resume(&checkpoint)?;
        if readable(&resume, &checkpoint, &feed.head).is_none() {
            let reason = reason(&resume);
            self.at = None;
            self.ready.push_back(Event::Reset { reason });
            return Ok(());
        }
        for entry in self.log(&feed, at)? {
            let result = Reader::new("query result", &entry.bytes).result(entry.sequence)?;
            self.at = Some(Position { epoch: at.epoch, sequence: entry.sequence });
            self.ready.push_back(Event::Result { epoch: at.epoch, result });
        }
        if !self.ready.is_empty() {
            let record = EpochRecord::read(&*snapshot, self.query.number, at.epoch)?;
            self.columns = record.unwrap_or_default().columns;
        }
        Ok(())
    }

    fn log(&self, feed: &Feed, after: Position) -> Result<Vec<LogEntry>, Error> {
        let entries = feed.log(after.epoch, after.sequence, RESULTS_MAX, RESULT_BYTES_MAX);
        Ok(entries.inspect_err(|error| {
            // The query's own thread may never read what a subscriber finds damaged.
            if matches!(error, IndexError::Corrupted(_)) {
                self.shared.note_damage(Some(self.query.number), error);
            }
        })?)
    }

    /// Takes what the dealer has for the value; reads by itself what the dealer no longer has.
    fn fill_part(&mut self, at: Position) -> Result<(), Error> {
        let Some(listener) = &mut self.listener else { return Ok(()) };
        let at = match listener.take() {
            Some(Found::Nothing) => return Ok(()),
            Some(Found::Result(result)) => {
                self.at = Some(Position { sequence: result.sequence, ..at });
                self.ready.push_back(Event::Result { epoch: at.epoch, result: (*result).clone() });
                return Ok(());
            }
            Some(Found::End(sequence)) => {
                // What comes from now on rings, and what came before is read.
                self.shared.bells.listen(self.query.number, &self.bell);
                Position { sequence: sequence.max(at.sequence), ..at }
            }
            None => at,
        };
        self.at = Some(at);
        let feed = Feed::open(self.shared.store.snapshot()?, self.query.number)?
            .ok_or_else(|| Error::not_found(&self.query.id))?;
        if !is_followed(&feed, at)? {
            let checkpoint = Checkpoint { epoch: at.epoch, sequence: at.sequence, ..Checkpoint::default() };
            let reason = reason(&feed.resume(&checkpoint)?);
            self.at = None;
            self.ready.push_back(Event::Reset { reason });
            return Ok(());
        }
        if listener.join(at, &feed.head, &self.bell) {
            // From now on it is rung for its own value alone, and now for what it was given on joining.
            self.shared.bells.unlisten(self.query.number, &self.bell);
            self.bell.ring();
            return Ok(());
        }
        let entries = self.log(&feed, at)?;
        let Some(listener) = &self.listener else { return Ok(()) };
        for entry in &entries {
            self.at = Some(Position { sequence: entry.sequence, ..at });
            let part = listener.part(entry)?;
            self.ready.extend(part.map(|result| Event::Result { epoch: at.epoch, result }));
        }
        if self.ready.is_empty() && !entries.is_empty() {
            // There is more to read, after others had their turn.
            self.bell.ring();
        }
        Ok(())
    }
}

impl Stream for Subscription {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.has_failed {
            return Poll::Ready(None);
        }
        loop {
            match self.try_next() {
                Ok(Some(event)) => return Poll::Ready(Some(Ok(event))),
                Ok(None) if self.shared.is_stopping(&self.query) => return Poll::Ready(None),
                Ok(None) => {}
                Err(error) => {
                    self.has_failed = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
            let bell = self.bell.clone();
            let wait = self.wait.get_or_insert_with(|| Box::pin(async move { bell.heard().await }));
            ready!(wait.as_mut().poll(context));
            self.wait = None;
        }
    }
}

fn reason(resume: &Resume) -> String {
    match resume {
        Resume::Gap { low } => format!("the outbox begins at {low} and no longer reaches back"),
        Resume::Ahead => "the position is beyond the query's last result".into(),
        Resume::Changed { old, .. } => {
            let reason = old.end.as_ref().map_or("its definition was changed", |end| &end.reason);
            format!("a new epoch of the query began: {reason}")
        }
        Resume::OtherEpoch | Resume::Follow => "the position is of another history of the query".into(),
    }
}
