//! A stream of a NATS server as a source: opened at the stored position, read in batches.

use super::connection;
use super::position::NatsPosition;
use super::session::Session;
use crate::definition::Definition;
use crate::json::Reader;
use crate::profile::Profile;
use crate::received::{self, Received};
use crate::settings::NatsSettings;
use crate::source::{Commit, POSITION, Patience, Read, ReadLimits, Report, Source, Stored};
use crate::{InputError, SourceError};
use livewell_model::Transaction;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// A source that follows a stream, on the thread that reads from it.
pub struct Stream {
    settings: NatsSettings,
    connected: Option<Connected>,
    received: Option<Received>,
    /// Reads parked messages again; created when needed.
    reader: Option<Reader>,
}

/// A connection and the runtime that drives it.
struct Connected {
    // Dropped before the runtime that its connection lives on.
    session: Session,
    runtime: Runtime,
}

impl Stream {
    /// Creates a source with these settings.
    pub fn new(settings: NatsSettings) -> Self {
        Self { settings, connected: None, received: None, reader: None }
    }

    /// Refuses settings other than those that made what is stored.
    pub(crate) fn check_over(&self, stored: &dyn Stored) -> Result<(), SourceError> {
        received::check_over(&self.definition(), &self.settings.id, "stream", stored)
    }

    fn definition(&self) -> Definition {
        received::definition("nats", &self.settings, "subject")
    }
}

impl Source for Stream {
    fn profile(&self) -> Profile {
        let NatsSettings { id, clock, unwind, expire, limits, recovery, .. } = &self.settings;
        Profile {
            definition: self.definition(),
            clock: *clock,
            unwind: unwind.clone(),
            expire: expire.clone(),
            parked_max: limits.parked_max,
            parked_bytes: limits.parked_bytes,
            recovery: *recovery,
            ..Profile::new(id.clone(), "nats")
        }
    }

    /// Connects and resumes after the stored position; without one, at the first message that the stream still holds.
    fn open(&mut self, stored: &dyn Stored) -> Result<(), SourceError> {
        (self.connected, self.received) = (None, None);
        let position = stored.note(POSITION)?.map(|bytes| NatsPosition::decode(&bytes)).transpose()?;
        self.check_over(stored)?;
        // A thread of its own answers the server's pings while nobody reads.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| connection::unreachable(format!("no runtime: {error}")))?;
        let session = runtime.block_on(Session::open(self.settings.clone(), position))?;
        self.connected = Some(Connected { session, runtime });
        Ok(())
    }

    /// Reads what there is, up to limits; waits for the first message if there is none.
    fn read(&mut self, limits: ReadLimits, wait: Duration, _: &dyn Patience) -> Result<Read, SourceError> {
        let Some(Connected { session, runtime }) = &mut self.connected else { return Ok(Read::default()) };
        let received = runtime.block_on(session.read(limits.transactions, limits.bytes, wait))?;
        let is_news = received.position.is_some();
        let read = Read { has_work: is_news, is_busy: is_news, caught_up: received.caught_up, rest: None };
        self.received = Some(received);
        Ok(read)
    }

    fn take_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        self.received.take().map_or(Ok(()), |received| received.take_in(commit))
    }

    fn parse_again(&mut self, _: Option<usize>, text: &str) -> Result<Transaction, InputError> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => self.settings.reader().map_err(|error| InputError::new(error.code, error.message))?,
        };
        self.reader.insert(reader).transaction(text.as_bytes())
    }

    fn report(&self) -> Report {
        let session = self.connected.as_ref().map(|connected| &connected.session);
        Report {
            behind_messages: session.map(Session::behind),
            last_commit: session.and_then(Session::last_published),
            ..Report::default()
        }
    }
}
