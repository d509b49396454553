//! Receives the log from a place on.

use super::event::{self, Event};
use crate::error::code;
use crate::mysql::connection::{Connection, cell, error_in};
use crate::mysql::failure::{lost, not_understood, refused, unreachable};
use crate::mysql::position::Place;
use crate::mysql::session::Session;
use crate::settings::MysqlSettings;
use crate::{ErrorKind, SourceError};
use std::time::Duration;

/// What a reader says before it asks for the log: that it knows the server's own events and checksums, and how often
/// the server is to say that it is there, in nanoseconds.
const READER: &str = "SET @mariadb_slave_capability = 4, @master_binlog_checksum = @@global.binlog_checksum, \
     @master_heartbeat_period = 10000000000";
/// How long the server may say nothing.
const SILENT_MAX: Duration = Duration::from_secs(60);
/// The last place in a file that can be asked for.
const OFFSET_MAX: u64 = u32::MAX as u64;

/// A connection on which the server sends its log.
pub(in crate::mysql) struct Stream {
    connection: Connection,
    has_checksums: bool,
    /// For how long nothing has come, of the time that somebody waited.
    silent: Duration,
    reader: u32,
}

/// What has come.
pub(in crate::mysql) enum Received {
    Event(Event),
    /// Nothing in time.
    Nothing,
}

impl Stream {
    /// Asks for the log from a place on, as the reader with this number.
    pub fn open(settings: &MysqlSettings, reader: u32, from: &Place) -> Result<Self, SourceError> {
        const DUMP: u8 = 0x12;
        let Session { mut connection, server, .. } = Session::open(settings)?;
        if server == reader {
            return Err(refused(format!(
                "`server_id: {reader}` is the number of the server itself; choose another"
            )));
        }
        let offset = u32::try_from(from.offset).map_err(|_| {
            lost(format!(
                "{from} is behind the first {OFFSET_MAX} bytes of its file, and cannot be asked for"
            ))
        })?;
        let row = connection.one("SELECT @@global.binlog_checksum", "to show a setting")?;
        let has_checksums = cell(&row, 0)? != "NONE";
        connection.query(READER, "the settings of a reader of its log")?;
        let request =
            [&offset.to_le_bytes()[..], &[0, 0], &reader.to_le_bytes(), from.file.as_bytes()].concat();
        connection.command(DUMP, &request)?;
        Ok(Self { connection, has_checksums, silent: Duration::ZERO, reader })
    }

    /// Returns the next event, if one comes in time.
    pub fn next(&mut self, wait: Duration) -> Result<Received, SourceError> {
        let Some(packet) = self.connection.receive(wait)? else {
            self.silent += wait;
            if self.silent > SILENT_MAX {
                return Err(unreachable("it has said nothing for a minute"));
            }
            return Ok(Received::Nothing);
        };
        self.silent = Duration::ZERO;
        if let Some(error) = error_in(&packet)? {
            return Err(match error.number {
                1236 => lost(format!("the server cannot send its log from here: {} [1236]", error.message)),
                4052 => self.replaced(),
                1227 => refused(format!("{} [1227]; GRANT REPLICATION SLAVE ON *.* TO ...", error.message)),
                _ => error.about("its log"),
            });
        }
        match packet.first() {
            Some(0) => {}
            Some(0xfe) => return Err(unreachable("it has ended its log: it is stopping")),
            _ => return Err(not_understood("an event of its log")),
        }
        let event = Event::parse(packet.slice(1..), self.has_checksums)?;
        if event.number == event::FORMAT {
            self.has_checksums = event.announces_checksums()?;
        }
        Ok(Received::Event(event))
    }

    fn replaced(&self) -> SourceError {
        let message = format!(
            "another reader of the log has the number {} of this one; give each a `server_id` of its own",
            self.reader
        );
        SourceError::new(ErrorKind::Refused, code::SAME_READER, message)
    }
}
