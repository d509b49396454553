//! A session with the server of a source: what it says of itself and of its log.

use super::connection::{Connection, cell, cell_or_null, literal};
use super::failure::{not_understood, refused, unlogged};
use super::position::{Place, Transactions, transactions};
use crate::SourceError;
use crate::settings::MysqlSettings;
use livewell_link::mysql::Address;
use livewell_model::Timestamp;

/// The first version whose log has the names of columns.
const VERSION_MIN: (u32, u32) = (10, 5);

/// What every session sets: texts, times and numbers in one form, and no time-outs while the source waits for room.
const SESSION: &str = "SET NAMES utf8mb4, SESSION time_zone = '+00:00', SESSION sql_mode = '', \
     SESSION wait_timeout = 31536000, SESSION net_write_timeout = 31536000, SESSION net_read_timeout = 600, \
     SESSION max_statement_time = 0, SESSION sql_select_limit = DEFAULT";

/// What a snapshot needs.
const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";

/// The settings of the log, with the values that they need.
const LOG: [(&str, &str); 5] = [
    ("log_bin", "1"),
    ("binlog_format", "ROW"),
    ("binlog_row_image", "FULL"),
    ("binlog_row_metadata", "FULL"),
    ("log_bin_compress", "0"),
];

/// A connection, and what the server says about itself.
pub(super) struct Session {
    pub connection: Connection,
    /// The number of the server.
    pub server: u32,
    /// The version, such as 10.11.
    pub version: (u32, u32),
}

/// The tables' database, unless they name one.
pub(super) fn address(settings: &MysqlSettings) -> Result<Address, SourceError> {
    Address::parse(&settings.url.0).map_err(|error| refused(format!("`url`: {error}")))
}

impl Session {
    pub fn open(settings: &MysqlSettings) -> Result<Self, SourceError> {
        let address = address(settings)?;
        let mut connection = Connection::open(&address, settings.limits.message_bytes_max)?;
        let version = version(&connection.version)?;
        connection.query(SESSION, "the settings of a session")?;
        let row = connection.one("SELECT @@server_id", "to say which server it is")?;
        let server = cell(&row, 0)?.parse().map_err(|_| not_understood("the number of the server"))?;
        Ok(Self { connection, server, version })
    }

    /// Refuses a server whose log lacks what a source needs.
    pub fn check_log(&mut self) -> Result<(), SourceError> {
        let names: Vec<String> = LOG.iter().map(|(name, _)| format!("@@global.{name}")).collect();
        let statement =
            format!("SELECT {}, @@global.log_slave_updates, @@global.gtid_slave_pos", names.join(", "));
        let row = self.connection.one(&statement, "to show its settings")?;
        for (at, (name, wanted)) in LOG.iter().enumerate() {
            let is = cell(&row, at)?;
            if is != *wanted {
                return Err(unlogged(format!(
                    "the server has `{name} = {is}`, and this source needs `{name} = {wanted}`; set it in the server's \
                     configuration and restart it"
                )));
            }
        }
        if cell(&row, LOG.len())? != "1"
            && cell_or_null(&row, LOG.len() + 1)?.is_some_and(|from| !from.is_empty())
        {
            return Err(unlogged(
                "the server is a replica that does not log what it replicates; set `log_slave_updates = 1`, or name the \
                 primary",
            ));
        }
        let status = self.log_status()?;
        if !status.is_whole {
            return Err(unlogged(
                "the server leaves databases out of its log (`binlog_do_db`, `binlog_ignore_db`); take that setting away",
            ));
        }
        Ok(())
    }

    /// Returns the end of the log.
    pub fn log_status(&mut self) -> Result<LogStatus, SourceError> {
        let rows = self.connection.query("SHOW MASTER STATUS", "to show the end of its log");
        let rows = rows.map_err(|error| match error.message.contains("[1227]") {
            true => {
                refused(format!("{}; GRANT BINLOG MONITOR, REPLICATION SLAVE ON *.* TO ...", error.message))
            }
            false => error,
        })?;
        let row = rows.first().ok_or_else(|| unlogged("the server has no binary log (`log_bin`)"))?;
        let end = Place { file: cell(row, 0)?, offset: number(&cell(row, 1)?)? };
        let is_whole = [2, 3]
            .iter()
            .all(|at| row.get(*at).is_none_or(|filter| filter.as_ref().is_none_or(|f| f.is_empty())));
        Ok(LogStatus { end, is_whole })
    }

    /// Returns the files of the log with their lengths, the oldest first.
    pub fn files(&mut self) -> Result<Vec<(String, u64)>, SourceError> {
        let rows = self.connection.query("SHOW BINARY LOGS", "to show the files of its log")?;
        rows.iter().map(|row| Ok((cell(row, 0)?, number(&cell(row, 1)?)?))).collect()
    }

    /// Begins a snapshot, and returns the place in the log that it equals, and when it was taken.
    pub fn snapshot(&mut self) -> Result<(Place, Timestamp), SourceError> {
        const WHAT: &str = "a snapshot";
        self.connection.query(ISOLATION, WHAT)?;
        self.connection.query("START TRANSACTION WITH CONSISTENT SNAPSHOT", WHAT)?;
        let statement = "SHOW SESSION STATUS LIKE 'binlog\\_snapshot\\_%'";
        let mut place = Place::default();
        for row in self.connection.query(statement, WHAT)? {
            match cell(&row, 0)?.to_ascii_lowercase().as_str() {
                "binlog_snapshot_file" => place.file = cell(&row, 1)?,
                "binlog_snapshot_position" => place.offset = number(&cell(&row, 1)?)?,
                _ => {}
            }
        }
        if place.file.is_empty() {
            return Err(unlogged("the server does not say which place of its log a snapshot equals"));
        }
        let row = self.connection.one("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS INT)", WHAT)?;
        Ok((place, Timestamp(number(&cell(&row, 0)?)?.saturating_mul(1_000).cast_signed())))
    }

    /// Returns the last transactions before a place; `None` if there is no such place.
    pub fn transactions_at(&mut self, place: &Place) -> Result<Option<Transactions>, SourceError> {
        let statement = format!("SELECT BINLOG_GTID_POS({}, {})", literal(&place.file), place.offset);
        let row = self.connection.one(&statement, "to show a place in its log")?;
        let Some(text) = cell_or_null(&row, 0)? else { return Ok(None) };
        transactions(&text).map(Some).ok_or_else(|| not_understood("the transactions at a place"))
    }
}

/// The end of a server's log.
pub(super) struct LogStatus {
    pub end: Place,
    /// Whether all databases are in it.
    is_whole: bool,
}

fn number(text: &str) -> Result<u64, SourceError> {
    text.parse().map_err(|_| not_understood(format!("`{text}` is not a number")))
}

/// Returns the version of a server; refuses one that is too old, and MySQL.
fn version(greeting: &str) -> Result<(u32, u32), SourceError> {
    // Before version 11 a server greets as a MySQL of 5.5.5 would.
    let text = greeting.strip_prefix("5.5.5-").unwrap_or(greeting);
    if !text.contains("MariaDB") {
        return Err(refused(format!(
            "the server is not MariaDB ({text}), and the log of others is not read yet"
        )));
    }
    let mut numbers = text.split(['.', '-']).map_while(|number| number.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) >= VERSION_MIN => Ok((major, minor)),
        _ => Err(refused(format!("the server is MariaDB {text}, and 10.5 or later is needed"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_greeting() {
        assert_eq!(version("5.5.5-10.11.19-MariaDB-log").unwrap(), (10, 11));
        assert_eq!(version("11.4.2-MariaDB-ubu2404").unwrap(), (11, 4));
        for other in ["8.0.36", "5.5.5-10.4.30-MariaDB", "MariaDB", ""] {
            assert!(version(other).is_err(), "{other}");
        }
    }
}
