//! A topic as a source: opened at the stored position, read in batches.

use super::message::{self, Said};
use super::packed::{Text, unframed};
use super::position::KafkaPosition;
use super::session::Session;
use crate::definition::Definition;
use crate::error::code;
use crate::json::Reader;
use crate::profile::Profile;
use crate::received::{self, Received};
use crate::settings::KafkaSettings;
use crate::source::{Commit, POSITION, Patience, Read, ReadLimits, Report, Source, Stored};
use crate::{InputError, SourceError};
use livewell_model::Transaction;
use std::time::Duration;

/// A source that follows a topic, on the thread that reads from it.
pub struct Log {
    settings: KafkaSettings,
    session: Option<Session>,
    received: Option<Received>,
    /// Reads parked records again; created when needed.
    reader: Option<Reader>,
}

impl Log {
    /// Creates a source with these settings.
    pub fn new(settings: KafkaSettings) -> Self {
        Self { settings, session: None, received: None, reader: None }
    }

    /// Refuses settings other than those that made what is stored.
    pub(crate) fn check_over(&self, stored: &dyn Stored) -> Result<(), SourceError> {
        received::check_over(&self.definition(), &self.settings.id, "topic", stored)
    }

    fn definition(&self) -> Definition {
        received::definition("kafka", &self.settings, "format")
    }
}

impl Source for Log {
    fn profile(&self) -> Profile {
        let KafkaSettings { id, clock, unwind, expire, limits, recovery, .. } = &self.settings;
        Profile {
            definition: self.definition(),
            clock: *clock,
            unwind: unwind.clone(),
            expire: expire.clone(),
            parked_max: limits.parked_max,
            parked_bytes: limits.parked_bytes,
            recovery: *recovery,
            ..Profile::new(id.clone(), "kafka")
        }
    }

    /// Connects and resumes at the stored position; without one, at the first record that each partition still holds.
    fn open(&mut self, stored: &dyn Stored) -> Result<(), SourceError> {
        (self.session, self.received) = (None, None);
        let position = stored.note(POSITION)?.map(|bytes| KafkaPosition::decode(&bytes)).transpose()?;
        self.check_over(stored)?;
        self.session = Some(Session::open(self.settings.clone(), position.as_ref())?);
        Ok(())
    }

    /// Reads what there is, up to limits; waits for the first record if there is none.
    fn read(&mut self, limits: ReadLimits, wait: Duration, _: &dyn Patience) -> Result<Read, SourceError> {
        let Some(session) = &mut self.session else { return Ok(Read::default()) };
        let received = session.read(limits, wait)?;
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
        let reader = self.reader.insert(reader);
        match message::said(&Text::plain(unframed(text.as_bytes())?), reader, self.settings.format)? {
            Said::Changes(transaction) => Ok(transaction),
            Said::Truncate | Said::Nothing => {
                Err(InputError::new(code::RECORD, "it changes no element that can be named; discard it"))
            }
        }
    }

    fn report(&self) -> Report {
        Report {
            behind_messages: self.session.as_ref().map(Session::behind),
            last_commit: self.session.as_ref().and_then(Session::last_written),
            ..Report::default()
        }
    }
}
