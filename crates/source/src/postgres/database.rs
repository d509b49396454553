//! A PostgreSQL database as a source: what it is at the moment, and how it gets from there to the next.

use super::begin::{self, Beginning, Begun, Home};
use super::catalog::watch::Watch;
use super::copy::Copy;
use super::failure::lost;
use super::follow::Following;
use super::judge::Asked;
use super::notes;
use super::position::{Lsn, Position};
use super::session::Session;
use super::slot;
use super::stream::Stream;
use super::work::Work;
use crate::settings::{NewTables, PostgresSettings, SourceRecovery, table_name};
use crate::source::{Commit, Patience, Read, ReadLimits, Report, Source, Stored};
use crate::{ErrorKind, SourceError};
use std::time::Duration;

/// Tables of a PostgreSQL database, followed by logical replication.
pub struct Database {
    pub(super) settings: PostgresSettings,
    /// What tells its slot from that of another store.
    store: String,
    asked: Asked,
    pub(super) state: State,
    /// Whether the server once failed to send a transaction in parts.
    is_whole: bool,
    /// Whether the server refuses to send what comes next.
    is_stuck: bool,
}

/// What it is at the moment.
pub(super) enum State {
    Closed,
    /// Making a place on the server; nothing is read yet.
    Beginning {
        home: Home,
        is_noted: bool,
        how: Beginning,
        ready: Option<Box<Following>>,
    },
    Following(Box<Following>),
}

impl Database {
    /// A source with these settings. `store`: a few characters that tell the store from others.
    pub fn new(settings: PostgresSettings, store: &str) -> Self {
        let (store, asked) = (store.to_owned(), Asked::default());
        Self { settings, store, asked, state: State::Closed, is_whole: false, is_stuck: false }
    }

    /// The names that this source has on the server; those that exist stay in use.
    fn home(&self, stored: &dyn Stored) -> Result<(Home, bool), SourceError> {
        if let Some(bytes) = stored.note(notes::HOME)? {
            return Ok((notes::decode(&bytes)?, true));
        }
        // An earlier version noted no name, and its slots did not carry the store.
        let is_of_before = stored.note(notes::POSITION)?.is_some();
        let slot =
            if is_of_before { self.settings.slot_of_before() } else { self.settings.slot_in(&self.store) };
        Ok((Home { slot }, is_of_before))
    }

    fn may_copy_all(&self) -> bool {
        self.asked.all || self.settings.recovery == SourceRecovery::AutoReset
    }

    /// Goes on from a stored position, or says why that cannot be done.
    fn resume(&self, stored: &dyn Stored, home: &Home, position: Position) -> Result<Following, SourceError> {
        if let Some(slot) = self.settings.slot.as_ref().filter(|slot| **slot != home.slot) {
            return Err(lost(format!(
                "the slot is `{slot}` here now, and what is stored was read from `{}`; set it back, or reset the source \
                 to copy all rows with the new slot",
                home.slot
            )));
        }
        let mut session = Session::open(&self.settings)?;
        session.check_level()?;
        session.continues(&position, &home.slot)?;
        let mut facts = std::collections::BTreeMap::new();
        notes::each(stored, notes::FACTS, |key, bytes| {
            facts.insert(notes::number_in(key)?, notes::decode(bytes)?);
            Ok(())
        })?;
        let mut watch = Watch::open(&self.settings, self.known(&facts))?;
        if facts.is_empty() || watch.check_names().is_ok() {
            begin::ensure(&self.settings, &mut session, &mut watch)?;
        }
        let position = Position { timeline: session.timeline, ..position };
        let stream = self.stream(session, &home.slot, position.lsn)?;
        let (slot, asked) = (home.slot.clone(), self.asked.clone());
        let mut following = Following::new(&self.settings, slot, watch, stream, position, asked);
        following.facts = facts;
        following.copy = Copy::load(stored)?;
        notes::each(stored, notes::GONE, |key, bytes| {
            following.going.insert(notes::number_in(key)?, Lsn(notes::decode(bytes)?));
            Ok(())
        })?;
        Ok(following)
    }

    /// The tables that are followed, if new ones of the publication are not to be.
    fn known(
        &self,
        facts: &std::collections::BTreeMap<u32, super::catalog::facts::UnitFacts>,
    ) -> Option<Vec<(String, String)>> {
        let is_open = self.settings.tables.is_empty() && self.settings.new_tables != NewTables::Follow;
        (is_open && !facts.is_empty()).then(|| facts.values().map(|facts| facts.root_name.clone()).collect())
    }

    /// Takes note of an error while following.
    fn fail(&mut self, error: &SourceError) {
        // The server itself cannot send some transactions in parts.
        self.is_whole |= error.message.contains("[XX000]");
        self.is_stuck = error.kind == ErrorKind::Changed && error.code == crate::error::code::REFUSED;
        let is_refused = !matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Store);
        let State::Following(following) = std::mem::replace(&mut self.state, State::Closed) else { return };
        let is_base = following.copy.as_ref().is_some_and(|copy| copy.head.is_base);
        let slot = following.slot.clone();
        // Its session holds the slot.
        drop(following);
        if is_refused && is_base {
            drop_useless(&self.settings, &slot);
        }
    }

    fn stream(&self, session: Session, slot: &str, lsn: Lsn) -> Result<Stream, SourceError> {
        let in_parts = self.settings.streaming && !self.is_whole;
        Stream::start(session, &self.settings, slot, lsn, in_parts)
    }

    /// Makes a place on the server, step by step.
    fn begin(&mut self, patience: &dyn Patience) -> Result<Read, SourceError> {
        let State::Beginning { home, is_noted, how, .. } = &mut self.state else {
            return Ok(Read::default());
        };
        if !*is_noted {
            // Refuses what can be refused before anything is noted or made.
            begin::prepare(&self.settings)?;
            return Ok(Read { has_work: true, caught_up: false });
        }
        let (session, watch) = begin::prepare(&self.settings)?;
        warn_of_left_over(&self.settings, &home.slot)?;
        let (slot, how) = (home.slot.clone(), *how);
        let Some(begun) = begin::place(session, watch, &self.settings, &slot, how, patience)? else {
            return Ok(Read::default());
        };
        let Begun { session, watch, position } = begun;
        let stream = self.stream(session, &slot, position.lsn)?;
        let asked = Asked { all: true, ..Asked::default() };
        let mut following = Following::new(&self.settings, slot, watch, stream, position, asked);
        following.copy_all()?;
        if let State::Beginning { ready, .. } = &mut self.state {
            *ready = Some(Box::new(following));
        }
        Ok(Read { has_work: true, caught_up: false })
    }

    /// Writes that it begins: the names, then the place and what is to be copied.
    fn take_beginning_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        let State::Beginning { home, is_noted, ready, .. } = &mut self.state else { return Ok(()) };
        let Some(begun) = ready.take() else {
            commit.put_note(notes::HOME, Some(notes::encode(home)));
            *is_noted = true;
            return Ok(());
        };
        let home = home.clone();
        let mut following = begun;
        notes::each(commit, notes::FACTS, |key, bytes| {
            following.facts.insert(notes::number_in(key)?, notes::decode(bytes)?);
            Ok(())
        })?;
        commit.put_note(notes::HOME, Some(notes::encode(&home)));
        following.take_in(commit)?;
        following.asked = Asked::default();
        self.asked = Asked::default();
        self.state = State::Following(following);
        Ok(())
    }
}

/// Lists slots that look like Livewell's and that nobody uses: each keeps the server's log.
fn warn_of_left_over(settings: &PostgresSettings, own: &str) -> Result<(), SourceError> {
    let mut connection = super::session::connect(settings)?;
    for (slot, bytes) in slot::left_over(&mut connection, own)? {
        tracing::warn!(
            source = %settings.id,
            "the slot `{slot}` is not used by anybody here and keeps {bytes} bytes of the server's log; if no other \
             store needs it: SELECT pg_drop_replication_slot('{slot}')"
        );
    }
    Ok(())
}

impl Source for Database {
    fn open(&mut self, stored: &dyn Stored) -> Result<(), SourceError> {
        self.state = State::Closed;
        let (home, is_noted) = self.home(stored)?;
        let position = stored.note(notes::POSITION)?.filter(|bytes| !bytes.is_empty());
        let first = |home| State::Beginning {
            home,
            is_noted,
            how: Beginning::First { replace: is_noted },
            ready: None,
        };
        let Some(position) = position else {
            let how = Beginning::First { replace: is_noted || self.may_copy_all() };
            self.state = State::Beginning { home, is_noted, how, ready: None };
            return Ok(());
        };
        let anew = |home: Home| {
            // A slot that was named differently before stays behind; the warning about it names it.
            let slot = self.settings.slot.clone().unwrap_or(home.slot);
            State::Beginning { home: Home { slot }, is_noted: true, how: Beginning::Anew, ready: None }
        };
        let has_base = stored.has_base();
        if self.asked.all || self.is_stuck && self.may_copy_all() {
            self.state = if has_base { anew(home) } else { first(home) };
            return Ok(());
        }
        let position = Position::decode(&position)?;
        match self.resume(stored, &home, position) {
            Ok(following) => {
                warn_of_left_over(&self.settings, &home.slot)?;
                self.state = State::Following(Box::new(following));
                Ok(())
            }
            // Nothing is lost with a place from which nothing was read.
            Err(error) if error.kind == ErrorKind::Changed && !has_base => {
                self.state = first(home);
                Ok(())
            }
            Err(error) if error.code == crate::error::code::LOST && self.may_copy_all() => {
                tracing::warn!(source = %self.settings.id, "{error}; copying all rows");
                self.state = anew(home);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn read(
        &mut self,
        limits: ReadLimits,
        wait: Duration,
        patience: &dyn Patience,
    ) -> Result<Read, SourceError> {
        match &mut self.state {
            State::Closed => Ok(Read::default()),
            State::Beginning { .. } => self.begin(patience),
            State::Following(following) => {
                let read = following.read(limits, wait, patience);
                read.inspect_err(|error| self.fail(error))
            }
        }
    }

    fn take_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        match &mut self.state {
            State::Closed => Ok(()),
            State::Beginning { .. } => self.take_beginning_in(commit),
            State::Following(following) => {
                let copies = following.work.iter().any(|work| matches!(work, Work::Copy { .. }));
                following.take_in(commit)?;
                if copies {
                    following.asked = Asked::default();
                    self.asked = Asked::default();
                }
                Ok(())
            }
        }
    }

    fn durable(&mut self) -> Result<(), SourceError> {
        match &mut self.state {
            State::Following(following) => following.stream.acknowledge(),
            State::Closed | State::Beginning { .. } => Ok(()),
        }
    }

    fn keep_alive(&mut self) -> Result<(), SourceError> {
        match &mut self.state {
            State::Following(following) => following.stream.keep_alive(),
            State::Closed | State::Beginning { .. } => Ok(()),
        }
    }

    fn reset(&mut self, table: Option<&str>) -> Result<(), SourceError> {
        let Some(table) = table else {
            self.asked.all = true;
            return Ok(());
        };
        self.settings.check_table(table, &[]).map_err(SourceError::settings)?;
        let (schema, name) = table_name(table);
        self.asked.tables.insert((schema.to_owned(), name.to_owned()));
        Ok(())
    }

    fn report(&self) -> Report {
        match &self.state {
            State::Following(following) => following.report(),
            State::Closed | State::Beginning { .. } => {
                Report { is_checked: Some(false), ..Report::default() }
            }
        }
    }
}

/// Drops the slot of a first copy that was refused: nothing was read from it that anybody has.
fn drop_useless(settings: &PostgresSettings, slot: &str) {
    let dropped = Session::open(settings).and_then(|mut session| session.drop_slot(slot));
    if let Err(error) = dropped {
        tracing::warn!(source = %settings.id, "the slot `{slot}` of a copy that failed is still there: {error}");
    }
}
