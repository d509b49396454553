//! A subscriber that listens to one value: at the dealer while it keeps up, by itself while it is behind.

use crate::Error;
use crate::component::bell::Bell;
use crate::read::position::Position;
use crate::read::value::dealer::{Dealer, Joined};
use crate::read::value::inbox::Found;
use crate::read::value::one::One;
use livewell_model::QueryResult;
use livewell_model::codec::Reader;
use livewell_store::Head;
use livewell_store::feed::LogEntry;
use std::sync::Arc;

/// Listens to one value of a query.
pub(crate) struct Listener {
    dealer: Arc<Dealer>,
    pub(crate) one: Arc<One>,
    joined: Option<Joined>,
}

impl Listener {
    pub(crate) fn new(dealer: Arc<Dealer>, one: Arc<One>) -> Self {
        Self { dealer, one, joined: None }
    }

    /// Returns what the dealer has given; `None` while the listener has to read by itself.
    pub(crate) fn take(&mut self) -> Option<Found> {
        let found = self.joined.as_ref()?.inbox.take();
        if matches!(found, Found::End(_)) {
            self.joined = None;
        }
        Some(found)
    }

    /// Joins the dealer, if that has what comes after `at`.
    pub(crate) fn join(&mut self, at: Position, head: &Head, bell: &Arc<Bell>) -> bool {
        self.joined = self.dealer.join(&self.one.key, at, head, bell);
        self.joined.is_some()
    }

    /// Returns the value's part of a log entry, if it has one.
    pub(crate) fn part(&self, entry: &LogEntry) -> Result<Option<QueryResult>, Error> {
        let result = Reader::new("query result", &entry.bytes).result(entry.sequence)?;
        Ok(self.one.parts.one(result, &self.one.key))
    }

    pub(crate) fn is_joined(&self) -> bool {
        self.joined.is_some()
    }

    /// Returns the sequence up to which everything was read at the dealer.
    pub(crate) fn read_to(&self) -> Option<u64> {
        self.joined.as_ref()?.read_to()
    }
}
