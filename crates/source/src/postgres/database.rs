//! A PostgreSQL database as a source: its states, and the steps between them.

use super::begin::{self, Beginning, Begun, Home};
use super::catalog::watch::Watch;
use super::copy::Copy;
use super::failure::{altered, lost};
use super::follow::Following;
use super::judge::Asked;
use super::look::passes;
use super::notes;
use super::position::{Lsn, Position};
use super::server::Server;
use super::session::Session;
use super::slot;
use super::stream::Stream;
use crate::error::code;
use crate::profile::Profile;
use crate::settings::{PostgresSettings, table_name};
use crate::source::{Commit, OtherSide, Patience, Read, ReadLimits, Report, Source, Stored};
use crate::{ErrorKind, SourceError};
use livewell_model::Recovery;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Tables of a PostgreSQL database, followed by logical replication.
pub struct Database {
    pub(super) settings: PostgresSettings,
    /// The part of its slot's name that identifies the store, once it was opened.
    store: String,
    asked: Asked,
    /// Whether the requested copies are in the current commit; they stay requested until it is durable.
    is_begun: bool,
    pub(super) state: State,
    /// Whether transactions have to come whole, because the server failed to send one in parts.
    is_whole: bool,
    /// Whether the server refuses to send what comes next.
    is_stuck: bool,
    /// A slot that is no longer needed once the current commit is durable.
    useless: Option<String>,
}

/// The state of the source.
pub(super) enum State {
    Closed,
    /// Creating a slot on the server; nothing is read yet.
    Beginning {
        home: Home,
        is_noted: bool,
        how: Beginning,
        /// A slot that is no longer needed once the new one exists.
        old: Option<String>,
        ready: Option<Box<Following>>,
    },
    Following(Box<Following>),
}

impl Database {
    /// Creates a source with these settings.
    pub fn new(settings: PostgresSettings) -> Self {
        Self {
            settings,
            store: String::new(),
            asked: Asked::default(),
            is_begun: false,
            state: State::Closed,
            is_whole: false,
            is_stuck: false,
            useless: None,
        }
    }

    /// Returns the names that this source has on the server; those that exist stay in use.
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
        self.asked.all || self.settings.recovery == Recovery::AutoReset
    }

    /// Resumes from a stored position, or returns why that is impossible.
    fn resume(&self, stored: &dyn Stored, home: &Home, position: Position) -> Result<Following, SourceError> {
        if let Some(slot) = self.settings.slot.as_ref().filter(|slot| **slot != home.slot) {
            return Err(lost(format!(
                "the slot is `{slot}` here now, and what is stored was read from `{}`; set it back, or `livewell reset SOURCE` \
                 copies all rows with the new slot",
                home.slot
            )));
        }
        if position.without_facts && !self.may_copy_all() {
            let id = &self.settings.id;
            return Err(altered(format!(
                "an earlier version stored this source and kept nothing of what the catalogs said, so that nobody knows \
                 whether the rows are still what it stored; `livewell reset {id}` copies them and emits what differs \
                 (`recovery: auto_reset` does so by itself)"
            )));
        }
        let mut session = Session::open(&self.settings)?;
        session.check_level()?;
        session.continues(&position, &home.slot)?;
        slot::survive(&mut session, &self.settings, &home.slot)?;
        let mut facts = BTreeMap::new();
        notes::each(stored, notes::FACTS, |key, bytes| {
            facts.insert(notes::number_in(key)?, notes::decode(bytes)?);
            Ok(())
        })?;
        let is_owed = stored.note(notes::OWED)?.is_some();
        // The stage of an older copy lacks what came before the new place.
        let copy = if is_owed { None } else { Copy::load(stored)? };
        let of_before = Copy::of_before(stored)?;
        for (schema, name) in &of_before {
            tracing::info!(source = %self.settings.id, "an earlier version began to copy `{schema}.{name}`; that begins again");
        }
        let known = if is_owed { None } else { self.known(&facts, copy.as_ref(), &of_before) };
        let mut watch = Watch::connect(&self.settings, &self.store, known)?;
        let look = watch.look().map(drop);
        let position = Position { timeline: session.timeline, ..position };
        let stream = self.stream(session, &home.slot, position.lsn)?;
        let asked = if is_owed { Asked::from_new_place() } else { self.asked.clone().and_again(of_before) };
        let slot = home.slot.clone();
        let mut following = Following::new(&self.settings, slot, watch, stream, position, asked);
        following.facts = facts;
        following.copy = copy;
        following.has_base = stored.has_base();
        following.looked(look)?;
        notes::each(stored, notes::GONE, |key, bytes| {
            following.going.insert(notes::number_in(key)?, Lsn(notes::decode(bytes)?));
            Ok(())
        })?;
        Ok(following)
    }

    /// Returns the tables that are followed, if the settings name none.
    fn known(
        &self,
        facts: &BTreeMap<u32, super::catalog::facts::UnitFacts>,
        copy: Option<&Copy>,
        of_before: &BTreeSet<(String, String)>,
    ) -> Option<Vec<(String, String)>> {
        let is_open = self.settings.tables.is_empty();
        let copied = copy.into_iter().flat_map(|copy| copy.units.values().map(|unit| &unit.facts));
        let names = facts.values().chain(copied).map(|facts| &facts.root_name).chain(of_before);
        let names: Vec<_> = names.cloned().collect();
        (is_open && !names.is_empty()).then_some(names)
    }

    /// Handles an error while following: a copy replaces what the server refuses to send, if the policy says so.
    fn fail(&mut self, error: SourceError) -> Result<Read, SourceError> {
        // The server itself cannot send some transactions in parts.
        if error.message.contains("[XX000]") && !std::mem::replace(&mut self.is_whole, true) {
            tracing::warn!(source = %self.settings.id, code = error.code, "{error}; from now on transactions come whole (`streaming: false`)");
        }
        self.is_stuck = error.kind == ErrorKind::Changed && error.code == code::REFUSED;
        let is_refused = !matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Store);
        let State::Following(following) = std::mem::replace(&mut self.state, State::Closed) else {
            return Err(error);
        };
        let is_base = following.copy.as_ref().is_some_and(|copy| copy.head.is_base);
        let slot = following.slot.clone();
        // Its session holds the slot, so it has to end first.
        drop(following);
        if is_refused && is_base {
            drop_useless(&self.settings, &slot);
        }
        if !self.is_stuck || is_base {
            return Err(error);
        }
        if !self.may_copy_all() {
            let id = &self.settings.id;
            let message =
                format!("{}; `livewell reset {id}` resumes after it and copies all rows", error.message);
            return Err(SourceError { message, ..error });
        }
        tracing::warn!(source = %self.settings.id, code = error.code, "{error}; going on behind it, and copying all rows");
        self.state = from_new_place(Home { slot }, None);
        Ok(Read::default())
    }

    fn stream(&self, session: Session, slot: &str, lsn: Lsn) -> Result<Stream, SourceError> {
        let in_parts = self.settings.streaming && !self.is_whole;
        Stream::start(session, &self.settings, slot, lsn, in_parts)
    }

    /// Creates a slot on the server, step by step.
    fn begin(&mut self, patience: &dyn Patience) -> Result<Read, SourceError> {
        let State::Beginning { home, is_noted, how, .. } = &mut self.state else {
            return Ok(Read::default());
        };
        if !*is_noted {
            // Refuses what can be refused before anything is noted or made.
            begin::prepare(&self.settings, &self.store, *how)?;
            return Ok(Read { has_work: true, ..Read::default() });
        }
        let (session, watch) = begin::prepare(&self.settings, &self.store, *how)
            .map_err(|error| tried_again(error, &self.settings, *how == Beginning::Anew))?;
        slot::warn_of_left_over(&self.settings, &home.slot)?;
        let (slot, how) = (home.slot.clone(), *how);
        let Some(begun) = begin::place(session, watch, &self.settings, &slot, how, patience)? else {
            return Ok(Read::default());
        };
        let Begun { session, watch, position, found } = begun;
        let stream = self.stream(session, &slot, position.lsn)?;
        let asked = Asked::from_new_place();
        let mut following = Following::new(&self.settings, slot, watch, stream, position, asked);
        following.has_base = how == Beginning::Anew;
        match found {
            Ok(()) => following.copy_all()?,
            Err(error) => following.looked(Err(error))?,
        }
        if let State::Beginning { ready, .. } = &mut self.state {
            *ready = Some(Box::new(following));
        }
        Ok(Read::TRANSACTIONS)
    }

    /// Writes that the source begins: the names, then the position and what is to be copied.
    fn take_beginning_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        let State::Beginning { home, is_noted, ready, old, .. } = &mut self.state else { return Ok(()) };
        let Some(begun) = ready.take() else {
            commit.put_note(notes::HOME, Some(notes::encode(home)));
            *is_noted = true;
            return Ok(());
        };
        let (home, mut following) = (home.clone(), begun);
        self.useless = old.take();
        notes::each(commit, notes::FACTS, |key, bytes| {
            following.facts.insert(notes::number_in(key)?, notes::decode(bytes)?);
            Ok(())
        })?;
        commit.put_note(notes::HOME, Some(notes::encode(&home)));
        following.has_base = commit.has_base();
        if !following.take_in(commit)? {
            commit.put_note(notes::OWED, Some(notes::encode(&true)));
        }
        self.is_begun = true;
        self.state = State::Following(following);
        Ok(())
    }
}

/// Turns an error that somebody has to correct into one that is retried, if the source waits for that.
fn tried_again(error: SourceError, settings: &PostgresSettings, has_base: bool) -> SourceError {
    match passes(&error, settings, has_base) {
        true => SourceError { kind: ErrorKind::Unreachable, ..error },
        false => error,
    }
}

fn from_new_place(home: Home, old: Option<String>) -> State {
    State::Beginning { home, is_noted: true, how: Beginning::Anew, old, ready: None }
}

impl Source for Database {
    fn profile(&self) -> Profile {
        let PostgresSettings { id, clock, limits, .. } = &self.settings;
        Profile {
            copies: true,
            clock: *clock,
            parked_max: limits.parked_max,
            parked_bytes: limits.parked_bytes,
            // It compares the mapping of its tables itself.
            ..Profile::new(id.clone(), "postgres")
        }
    }

    fn open(&mut self, stored: &dyn Stored) -> Result<(), SourceError> {
        (self.state, self.is_begun) = (State::Closed, false);
        stored.store_name().clone_into(&mut self.store);
        let (home, is_noted) = self.home(stored)?;
        let position = stored.note(notes::POSITION)?.filter(|bytes| !bytes.is_empty());
        let first = |home| State::Beginning {
            home,
            is_noted,
            how: Beginning::First { replace: is_noted },
            old: None,
            ready: None,
        };
        let Some(position) = position else {
            let how = Beginning::First { replace: is_noted || self.may_copy_all() };
            self.state = State::Beginning { home, is_noted, how, old: None, ready: None };
            return Ok(());
        };
        let from_a_new_place = |home: Home| {
            let slot = self.settings.slot.clone().unwrap_or_else(|| home.slot.clone());
            let old = (slot != home.slot).then_some(home.slot);
            from_new_place(Home { slot }, old)
        };
        let has_base = stored.has_base();
        if self.asked.all || self.is_stuck && self.may_copy_all() {
            self.state = if has_base { from_a_new_place(home) } else { first(home) };
            return Ok(());
        }
        let position = Position::decode(&position)?;
        match self.resume(stored, &home, position) {
            Ok(following) => {
                slot::warn_of_left_over(&self.settings, &home.slot)?;
                self.state = State::Following(Box::new(following));
                Ok(())
            }
            // A slot from which nothing was read can be lost.
            Err(error) if error.kind == ErrorKind::Changed && !has_base => {
                self.state = first(home);
                Ok(())
            }
            Err(error) if error.code == code::LOST && self.may_copy_all() => {
                tracing::warn!(source = %self.settings.id, code = error.code, "{error}; copying all rows");
                self.state = from_a_new_place(home);
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
                read.or_else(|error| self.fail(error))
            }
        }
    }

    fn take_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        match &mut self.state {
            State::Closed => Ok(()),
            State::Beginning { .. } => self.take_beginning_in(commit),
            State::Following(following) => {
                self.is_begun |= following.take_in(commit)?;
                Ok(())
            }
        }
    }

    fn durable(&mut self) -> Result<(), SourceError> {
        if std::mem::take(&mut self.is_begun) {
            (self.asked, self.is_stuck) = (Asked::default(), false);
        }
        if let Some(slot) = self.useless.take() {
            drop_useless(&self.settings, &slot);
        }
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

    fn other_side(&self) -> Option<Arc<dyn OtherSide>> {
        Some(Arc::new(Server(self.settings.clone())))
    }
}

/// Drops a slot that is no longer needed.
fn drop_useless(settings: &PostgresSettings, slot: &str) {
    let dropped = Session::open(settings).and_then(|mut session| session.drop_slot(slot));
    if let Err(error) = dropped {
        tracing::warn!(source = %settings.id, code = code::LEFT_OVER, "the slot `{slot}`, which is of no use any more, is still there: {error}");
    }
}
