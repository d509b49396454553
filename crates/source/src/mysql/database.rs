//! A MariaDB as a source: its states, and the steps between them.

use super::copy::Copying;
use super::follow::{Following, prove};
use super::log::{Groups, Stream};
use super::mapping::mappings;
use super::notes;
use super::position::Position;
use super::session::{Session, address};
use super::verify::Server;
use crate::SourceError;
use crate::definition::Definition;
use crate::profile::Profile;
use crate::settings::{MysqlSettings, OnError, TableSettings};
use crate::source::{Commit, OtherSide, POSITION, Patience, Read, ReadLimits, Report, Source, Stored};
use serde_json::{Map, json};
use std::sync::Arc;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64;

/// Tables of a MariaDB, followed by its binary log.
pub struct Database {
    settings: MysqlSettings,
    /// Whether all tables are to be copied; it stays so until that is durable.
    is_asked: bool,
    state: State,
}

/// The state of the source.
enum State {
    Closed,
    Copying(Box<Copying>),
    Following(Box<Following>),
}

impl Database {
    /// Creates a source with these settings.
    pub fn new(settings: MysqlSettings) -> Self {
        Self { settings, is_asked: false, state: State::Closed }
    }

    /// Returns the number by which the server knows this reader: above all that people give to servers.
    fn reader(&self, store: &str) -> u32 {
        let made = || 0x4000_0000 | (xxh3_64(format!("{store}/{}", self.settings.id).as_bytes()) as u32 >> 2);
        self.settings.server_id.unwrap_or_else(made)
    }

    fn definition(&self) -> Definition {
        let database = address(&self.settings).map(|address| address.database).unwrap_or_default();
        let mut tables = Map::new();
        for table in &self.settings.tables {
            let (schema, name) = MysqlSettings::names(&table.table, &database);
            // All that a table becomes, so that one more differs from none.
            let of = TableSettings {
                table: String::new(),
                label: Some(table.label().to_owned()),
                ..table.clone()
            };
            tables.insert(format!("{schema}.{name}"), json!(of));
        }
        Definition::new("mysql", [("tables".to_owned(), json!(tables))].into_iter().collect())
    }

    /// Refuses settings other than those that made what is stored.
    pub(crate) fn check_over(&self, stored: &dyn Stored) -> Result<(), SourceError> {
        match stored.note(POSITION)?.is_some_and(|bytes| !bytes.is_empty()) {
            true => self.check_made(stored),
            false => Ok(()),
        }
    }

    fn check_made(&self, stored: &dyn Stored) -> Result<(), SourceError> {
        let Some(was) = stored.definition()? else { return Ok(()) };
        self.definition().check(&was, &self.settings.id, "copies all tables by the new ones")
    }

    /// Resumes from a stored position.
    fn resume(&self, stored: &dyn Stored, position: &[u8]) -> Result<Following, SourceError> {
        self.check_made(stored)?;
        let position = Position::decode(position)?;
        let tables = notes::stored_tables(stored)?;
        let mappings = mappings(&self.settings, &address(&self.settings)?.database, &tables)?;
        let mut session = Session::open(&self.settings)?;
        session.check_log()?;
        prove(&mut session, &position)?;
        let stream = Stream::open(&self.settings, self.reader(stored.store_name()), &position.place)?;
        let groups = Groups::new(position, tables, self.settings.limits);
        Ok(Following::new(session, stream, groups, mappings, self.parks()))
    }

    fn parks(&self) -> bool {
        self.settings.on_error == OnError::Park
    }
}

impl Source for Database {
    fn profile(&self) -> Profile {
        let MysqlSettings { id, clock, limits, recovery, .. } = &self.settings;
        Profile {
            definition: self.definition(),
            copies: true,
            clock: *clock,
            parked_max: limits.parked_max,
            parked_bytes: limits.parked_bytes,
            recovery: *recovery,
            ..Profile::new(id.clone(), "mysql")
        }
    }

    /// Resumes from the stored position, or begins a copy.
    fn open(&mut self, stored: &dyn Stored) -> Result<(), SourceError> {
        self.state = State::Closed;
        let position = stored.note(POSITION)?.filter(|bytes| !bytes.is_empty());
        self.state = match position {
            Some(position) if !self.is_asked && stored.note(notes::OWED)?.is_none() => {
                State::Following(Box::new(self.resume(stored, &position)?))
            }
            _ => State::Copying(Box::new(Copying::begin(&self.settings, self.reader(stored.store_name()))?)),
        };
        Ok(())
    }

    fn read(
        &mut self,
        limits: ReadLimits,
        wait: Duration,
        patience: &dyn Patience,
    ) -> Result<Read, SourceError> {
        match &mut self.state {
            State::Closed => Ok(Read::default()),
            State::Copying(copying) => copying.read(limits, wait, patience),
            State::Following(following) => following.read(limits, wait, patience),
        }
    }

    fn take_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        match &mut self.state {
            State::Closed => Ok(()),
            State::Copying(copying) => copying.take_in(commit),
            State::Following(following) => following.take_in(commit),
        }
    }

    /// Goes on with the log once the copy is durable.
    fn durable(&mut self) -> Result<(), SourceError> {
        self.state = match std::mem::replace(&mut self.state, State::Closed) {
            State::Copying(copying) if copying.is_ended() => {
                self.is_asked = false;
                let Copying { session, stream, groups, mappings, .. } = *copying;
                let mut following = Following::new(session, stream, groups, mappings, self.parks());
                following.end_snapshot()?;
                State::Following(Box::new(following))
            }
            state => state,
        };
        Ok(())
    }

    /// Asks for a copy of all tables, also if one is named: a snapshot of one alone has another place in the log.
    fn reset(&mut self, table: Option<&str>) -> Result<(), SourceError> {
        table.map_or(Ok(()), |table| self.settings.check_table(table))?;
        self.is_asked = true;
        Ok(())
    }

    fn other_side(&self) -> Option<Arc<dyn OtherSide>> {
        Some(Arc::new(Server(self.settings.clone())))
    }

    fn report(&self) -> Report {
        match &self.state {
            State::Closed => Report::default(),
            State::Copying(copying) => copying.report(),
            State::Following(following) => following.report(),
        }
    }
}
