//! A session with the database of a source, and what the server tells about itself.

use super::catalog::{self, literal, number, text};
use super::connection::Connection;
use super::failure::{lost, not_understood, refused};
use super::position::{Lsn, Position};
use crate::SourceError;
use crate::settings::PostgresSettings;
use livewell_link::postgres::Address;

/// The first version whose publications have what a source needs.
const VERSION_MIN: u32 = 150_000;

/// A connection, and what the server says about itself.
pub(super) struct Session {
    pub connection: Connection,
    pub version: u32,
    pub system: String,
    pub timeline: u32,
    pub database: String,
    /// The end of the server's log.
    pub end: Lsn,
}

/// The way out if changes are lost.
const COPY_ALL: &str =
    "`livewell reset SOURCE` copies all tables, and `recovery: auto_reset` does so by itself";

/// A replication slot, as the server shows it.
pub(super) struct Slot {
    /// Whether it belongs to this database and to the plugin that this source reads.
    pub is_ours: bool,
    pub is_active: bool,
    /// Whether the server has discarded what comes next.
    pub is_lost: bool,
    pub confirmed: Option<Lsn>,
}

/// Opens a connection by the settings.
pub(super) fn connect(settings: &PostgresSettings) -> Result<Connection, SourceError> {
    let address = Address::parse(&settings.url.0).map_err(|error| refused(format!("`url`: {error}")))?;
    let name = format!("livewell {}", settings.id);
    Connection::open(&address, &name, settings.limits.message_bytes_max)
}

impl Session {
    pub fn open(settings: &PostgresSettings) -> Result<Self, SourceError> {
        let mut connection = connect(settings)?;
        let rows = connection.query("IDENTIFY_SYSTEM", "to say which system it is")?;
        let row = rows.first().ok_or_else(|| not_understood("it does not say which system it is"))?;
        let (system, timeline) = (text(row, 0)?.to_owned(), number(row, 1)?);
        let end = Lsn::parse(text(row, 2)?).ok_or_else(|| not_understood("its log has no end"))?;
        let database = text(row, 3)?.to_owned();
        let version = catalog::version(&mut connection)?;
        if version < VERSION_MIN {
            let (has, needs) = (version / 10_000, VERSION_MIN / 10_000);
            return Err(refused(format!("the database is PostgreSQL {has}, and {needs} or later is needed")));
        }
        Ok(Self { connection, version, system, timeline, database, end })
    }

    /// Refuses a server whose log lacks what a source needs, and one that does not show which transactions are visible.
    pub fn check_level(&mut self) -> Result<(), SourceError> {
        let rows = self.connection.query("SELECT pg_catalog.pg_is_in_recovery()", "to say what it is")?;
        if rows.first().map(|row| text(row, 0)).transpose()? == Some("t") {
            return Err(refused(
                "this server is a standby, where a snapshot does not tell which transactions are running; name the \
                 primary (with several hosts: `target_session_attrs=primary`)",
            ));
        }
        let level = self.connection.query("SHOW wal_level", "to show a setting")?;
        if level.first().map(|row| text(row, 0)).transpose()? != Some("logical") {
            return Err(refused(
                "the database does not log what this source needs; set `wal_level = logical` and restart it",
            ));
        }
        Ok(())
    }

    /// Returns the slot of this name, if it exists.
    pub fn slot(&mut self, name: &str) -> Result<Option<Slot>, SourceError> {
        let statement = format!(
            "SELECT plugin = 'pgoutput' AND database = {}, active, \
             coalesce(wal_status = 'lost', false) OR restart_lsn IS NULL, confirmed_flush_lsn \
             FROM pg_catalog.pg_replication_slots WHERE slot_name = {}",
            literal(&self.database),
            literal(name)
        );
        let rows = self.connection.query(&statement, "to show its slots")?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Slot {
            is_ours: row.first().cloned().flatten().as_deref() == Some("t"),
            is_active: text(row, 1)? == "t",
            is_lost: text(row, 2)? == "t",
            confirmed: row.get(3).and_then(Option::as_deref).and_then(Lsn::parse),
        }))
    }

    /// Drops a slot of the source, if it exists.
    pub fn drop_slot(&mut self, name: &str) -> Result<(), SourceError> {
        match self.slot(name)? {
            None => Ok(()),
            Some(slot) if !slot.is_ours => Err(refused(format!(
                "the slot `{name}` is one of another database or plugin; name another `slot`"
            ))),
            // Usually it is our own previous session, whose end the server has not noticed yet.
            Some(slot) if slot.is_active && !self.is_free_soon(name)? => Err(super::failure::unreachable(
                format!("the slot `{name}` is in use by another session; end that, or name another `slot`"),
            )),
            Some(_) => {
                let statement = format!("SELECT pg_catalog.pg_drop_replication_slot({})", literal(name));
                self.connection.query(&statement, "to drop a slot").map(drop)
            }
        }
    }

    /// Waits briefly for a slot that is in use; returns whether it is free then.
    fn is_free_soon(&mut self, name: &str) -> Result<bool, SourceError> {
        for _ in 0..20 {
            self.connection.query("SELECT pg_catalog.pg_sleep(0.05)", "to wait for a slot")?;
            if self.slot(name)?.is_none_or(|slot| !slot.is_active) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns whether this is the database that was read.
    pub fn is_of(&self, position: &Position) -> bool {
        self.system == position.system && self.database == position.database
    }

    /// Checks that what comes after the position is available here.
    pub fn continues(&mut self, position: &Position, slot_name: &str) -> Result<(), SourceError> {
        let lsn = position.lsn;
        if !self.is_of(position) {
            return Err(lost("this is another database than the one that was read"));
        }
        if self.timeline != position.timeline {
            self.descends(position)?;
        }
        if self.end < lsn {
            let end = self.end;
            return Err(lost(format!(
                "the database was put back to a state before the one that was read ({end} is before {lsn})"
            )));
        }
        let Some(slot) = self.slot(slot_name)? else {
            return Err(lost(format!(
                "the slot `{slot_name}` is gone, and with it what came after {lsn}; {COPY_ALL}"
            )));
        };
        if slot.is_lost || !slot.is_ours {
            return Err(lost(format!(
                "the slot `{slot_name}` no longer holds what came after {lsn}; {COPY_ALL}"
            )));
        }
        match slot.confirmed {
            Some(confirmed) if confirmed > lsn => Err(lost(format!(
                "the slot `{slot_name}` was created again or advanced by somebody else ({confirmed} is after {lsn}), \
                 and what came between is gone; {COPY_ALL}"
            ))),
            _ => Ok(()),
        }
    }

    /// Checks that this history contains the position: that it left the old one only after it.
    fn descends(&mut self, position: &Position) -> Result<(), SourceError> {
        let statement = format!("TIMELINE_HISTORY {}", self.timeline);
        let rows = self.connection.query(&statement, "to show its history")?;
        let history = text(rows.first().ok_or_else(|| not_understood("it has no history"))?, 1)?;
        match left_at(history, position.timeline) {
            Some(left) if left >= position.lsn => Ok(()),
            _ => Err(lost(format!(
                "this database has another history since before {}: a failover has lost what was read",
                position.lsn
            ))),
        }
    }
}

/// Returns where a server's history left the timeline, by its history file.
fn left_at(history: &str, timeline: u32) -> Option<Lsn> {
    history.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let parent: u32 = words.next()?.parse().ok()?;
        (parent == timeline).then(|| words.next().and_then(Lsn::parse)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_says_where_it_left_each_of_its_parents() {
        let history = "1\t0/1000028\tno recovery target specified\n\n2\t0/3000000\tbefore 2026-01-01\n";
        assert_eq!(left_at(history, 1), Some(Lsn(0x100_0028)));
        assert_eq!(left_at(history, 2), Some(Lsn(0x300_0000)));
        assert_eq!(left_at(history, 3), None);
        assert_eq!(left_at("damaged", 1), None);
    }
}
