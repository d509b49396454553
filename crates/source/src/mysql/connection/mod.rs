//! A connection to a server: packets, login, statements by the text protocol.

mod login;

use super::failure::{ServerError, broken, not_understood, unreachable};
use super::fields::{Fields, text};
use crate::SourceError;
use bytes::{Buf, Bytes, BytesMut};
use livewell_link::postgres::Wire;
use std::io::{self, Read, Write};
use std::time::Duration;

const READ_BYTES: usize = 64 << 10;
/// The length of a packet that another one continues.
const PACKET_MAX: usize = 0xff_ffff;
/// How long the server may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// A connection after its login.
pub(super) struct Connection {
    wire: Wire,
    input: BytesMut,
    /// The packets of a message whose last one has not come.
    begun: BytesMut,
    /// The number of the next packet.
    sequence: u8,
    message_bytes_max: usize,
    /// The server's version, as it greets with it.
    pub version: String,
}

/// A row of a statement's result; a value is `None` if it is null.
pub(super) type Row = Vec<Option<Bytes>>;

impl Connection {
    /// Runs a statement and returns its rows. `what` says what it is for.
    pub fn query(&mut self, statement: &str, what: &str) -> Result<Vec<Row>, SourceError> {
        let mut rows = Vec::new();
        if let Some(columns) = self.start(statement, what)? {
            while let Some(row) = self.row(columns, what)? {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// Returns the only row of a question that always has one.
    pub fn one(&mut self, question: &str, what: &str) -> Result<Row, SourceError> {
        let rows = self.query(question, what)?;
        rows.into_iter().next().ok_or_else(|| not_understood("it answers a question with no row"))
    }

    /// Sends a statement; returns how many columns the rows have that follow, or `None` if it has no result.
    pub fn start(&mut self, statement: &str, what: &str) -> Result<Option<usize>, SourceError> {
        const QUERY: u8 = 3;
        self.command(QUERY, statement.as_bytes())?;
        let packet = self.answer(what)?;
        match packet.first() {
            Some(0) => return Ok(None),
            Some(0xfb) => return Err(not_understood("it asks for a file")),
            _ => {}
        }
        let columns = Fields(&packet).packed()?;
        for _ in 0..columns {
            self.answer(what)?;
        }
        // The end of the descriptions.
        self.answer(what)?;
        Ok(Some(columns))
    }

    /// Returns the next row of a statement that was started, or `None` at its end.
    pub fn row(&mut self, columns: usize, what: &str) -> Result<Option<Row>, SourceError> {
        let packet = self.answer(what)?;
        if packet.first() == Some(&0xfe) && packet.len() < 9 {
            return Ok(None);
        }
        let (mut fields, mut row) = (Fields(&packet), Vec::with_capacity(columns));
        for _ in 0..columns {
            if fields.0.first() == Some(&0xfb) {
                fields.take(1)?;
                row.push(None);
            } else {
                row.push(Some(packet.slice_ref(fields.packed_bytes()?)));
            }
        }
        Ok(Some(row))
    }

    /// Sends a command, the first message of an exchange.
    pub fn command(&mut self, number: u8, body: &[u8]) -> Result<(), SourceError> {
        self.sequence = 0;
        self.send(&[&[number], body].concat())
    }

    /// Returns the next message, which is not an error.
    fn answer(&mut self, what: &str) -> Result<Bytes, SourceError> {
        let packet = self.receive(ANSWER_MAX)?.ok_or_else(|| unreachable("it does not answer"))?;
        match error_in(&packet)? {
            Some(error) => Err(error.about(what)),
            None => Ok(packet),
        }
    }

    fn send(&mut self, message: &[u8]) -> Result<(), SourceError> {
        let mut out = BytesMut::with_capacity(message.len() + 4);
        // A message as long as the longest packet, or a multiple of that, ends with an empty one.
        let packets = message.len() / PACKET_MAX + 1;
        for at in 0..packets {
            let packet = &message[at * PACKET_MAX..message.len().min((at + 1) * PACKET_MAX)];
            out.extend_from_slice(&(packet.len() as u32).to_le_bytes()[..3]);
            out.extend_from_slice(&[self.sequence]);
            out.extend_from_slice(packet);
            self.sequence = self.sequence.wrapping_add(1);
        }
        self.wire.write_all(&out).and_then(|()| self.wire.flush()).map_err(|error| broken(&error))
    }

    /// Returns the next message, if one comes in time.
    pub fn receive(&mut self, wait: Duration) -> Result<Option<Bytes>, SourceError> {
        loop {
            if let Some(message) = self.framed()? {
                return Ok(Some(message));
            }
            let wait = wait.max(Duration::from_millis(1));
            self.wire.socket().set_read_timeout(wait).map_err(|error| broken(&error))?;
            let at = self.input.len();
            self.input.resize(at + READ_BYTES, 0);
            let read = self.wire.read(&mut self.input[at..]);
            self.input.truncate(at + read.as_ref().copied().unwrap_or(0));
            match read {
                Ok(0) => return Err(unreachable("it has ended the connection")),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Ok(None);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(&error)),
            }
        }
    }

    /// Returns the next message if it has come whole.
    fn framed(&mut self) -> Result<Option<Bytes>, SourceError> {
        loop {
            let Some(header) = self.input.first_chunk::<4>() else { return Ok(None) };
            let (length, sequence) = (Fields(&header[..3]).number(3)? as usize, header[3]);
            if self.begun.len() + length > self.message_bytes_max {
                let max = self.message_bytes_max;
                return Err(not_understood(format!(
                    "it has more than the {max} bytes that are allowed (`limits.message_bytes_max`)"
                )));
            }
            if self.input.len() < 4 + length {
                self.input.reserve(4 + length - self.input.len());
                return Ok(None);
            }
            self.input.advance(4);
            self.sequence = sequence.wrapping_add(1);
            let packet = self.input.split_to(length);
            if length == PACKET_MAX {
                self.begun.extend_from_slice(&packet);
                continue;
            }
            if self.begun.is_empty() {
                return Ok(Some(packet.freeze()));
            }
            self.begun.extend_from_slice(&packet);
            return Ok(Some(self.begun.split().freeze()));
        }
    }
}

/// Returns the error that a message is, if it is one.
pub(super) fn error_in(packet: &[u8]) -> Result<Option<ServerError>, SourceError> {
    let Some((0xff, body)) = packet.split_first() else { return Ok(None) };
    let mut fields = Fields(body);
    let number = fields.u16()?;
    // `#` and the five characters of a state; not before the login.
    if fields.0.first() == Some(&b'#') {
        fields.take(6)?;
    }
    Ok(Some(ServerError { number, message: String::from_utf8_lossy(fields.0).into_owned() }))
}

/// Returns a value as text; the error says that it is missing.
pub(super) fn cell(row: &Row, at: usize) -> Result<String, SourceError> {
    let value = row.get(at).and_then(Option::as_ref).ok_or_else(|| not_understood("a value is missing"))?;
    text(value)
}

/// Returns a value as text; `None` if it is null.
pub(super) fn cell_or_null(row: &Row, at: usize) -> Result<Option<String>, SourceError> {
    row.get(at).and_then(Option::as_ref).map(|value| text(value)).transpose()
}

/// Returns a literal of a text in a statement.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// Returns a quoted name in a statement.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
