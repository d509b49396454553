//! A connection to a server: message frames, login, statements, copies out.
//!
//! Every connection is one of logical replication, which runs statements too, by the simple protocol alone.

mod login;

use super::bytes::{Fields, utf8};
use super::failure::{not_understood, unreachable};
use super::server_error::ServerError;
use crate::SourceError;
use bytes::{Buf, Bytes, BytesMut};
use livewell_link::postgres::Wire;
use postgres_protocol::message::frontend;
use std::io::{self, Read, Write};
use std::time::Duration;

const READ_BYTES: usize = 64 << 10;

/// How long the server may take to answer, unless more is allowed.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(20);

/// One message of the server.
#[derive(Debug)]
pub(super) struct Message {
    pub tag: u8,
    pub body: Bytes,
}

/// A connection after its login.
pub(super) struct Connection {
    wire: Wire,
    input: BytesMut,
    message_bytes_max: usize,
    patience: Duration,
}

/// The next part of a copy.
#[derive(Debug)]
pub(super) enum Copied {
    Row(Bytes),
    End,
    /// Nothing came in time.
    Nothing,
}

/// One row of a statement's result, as text.
pub(super) type TextRow = Vec<Option<String>>;

impl Connection {
    /// Runs a statement to its end and returns the rows of all its parts. `what` says what it is for.
    pub fn query(&mut self, statement: &str, what: &str) -> Result<Vec<TextRow>, SourceError> {
        self.send_query(statement)?;
        let mut rows = Vec::new();
        loop {
            let message = self.expect_or_drain(what)?;
            match message.tag {
                b'D' => rows.push(text_row(Fields::new(&message.body))?),
                b'Z' => return Ok(rows),
                _ => {}
            }
        }
    }

    /// Sends a statement without waiting for its end, for [`Connection::finish`] or [`Connection::copied`].
    pub fn start(&mut self, statement: &str) -> Result<(), SourceError> {
        self.send_query(statement)
    }

    /// Waits up to `wait` for the end of a statement that was started; returns its rows once it has ended.
    pub fn finish(&mut self, wait: Duration, what: &str) -> Result<Option<Vec<TextRow>>, SourceError> {
        let mut rows = Vec::new();
        let mut next = loop {
            match self.receive(wait)? {
                None => return Ok(None),
                // A notice or a setting says nothing about the statement.
                Some(message) if matches!(message.tag, b'N' | b'S') => {}
                Some(message) => break message,
            }
        };
        loop {
            match next.tag {
                b'E' => {
                    let error = ServerError::parse(Fields::new(&next.body))?.into_error(what);
                    self.until_ready(what)?;
                    return Err(error);
                }
                b'D' => rows.push(text_row(Fields::new(&next.body))?),
                b'Z' => return Ok(Some(rows)),
                _ => {}
            }
            next = self.expect_or_drain(what)?;
        }
    }

    /// Returns the next row of a started copy out, if one comes in time.
    ///
    /// The server sends the begin of the copy with its first rows, so nothing waits for that.
    pub fn copied(&mut self, wait: Duration, what: &str) -> Result<Copied, SourceError> {
        loop {
            let Some(message) = self.receive(wait)? else { return Ok(Copied::Nothing) };
            match message.tag {
                b'E' => {
                    let error = ServerError::parse(Fields::new(&message.body))?.into_error(what);
                    if error.kind == crate::ErrorKind::Refused {
                        // If this fails too, the next use of the connection says so.
                        let _ = self.until_ready(what);
                    }
                    return Err(error);
                }
                b'd' => return Ok(Copied::Row(message.body)),
                b'Z' => return Ok(Copied::End),
                _ => {}
            }
        }
    }

    /// Begins a copy in both directions; its data comes by [`Connection::receive`].
    pub fn copy_both(&mut self, statement: &str, what: &str) -> Result<(), SourceError> {
        self.send_query(statement)?;
        while self.expect_or_drain(what)?.tag != b'W' {}
        Ok(())
    }

    fn send_query(&mut self, statement: &str) -> Result<(), SourceError> {
        let mut out = BytesMut::new();
        frontend::query(statement, &mut out)?;
        self.send(&out)
    }

    /// Sends one piece of copied data.
    pub fn send_copied(&mut self, data: &[u8]) -> Result<(), SourceError> {
        let mut out = BytesMut::new();
        frontend::CopyData::new(data)?.write(&mut out);
        self.send(&out)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), SourceError> {
        self.wire.write_all(bytes).and_then(|()| self.wire.flush()).map_err(SourceError::from)
    }

    fn until_ready(&mut self, what: &str) -> Result<(), SourceError> {
        while self.expect(what)?.tag != b'Z' {}
        Ok(())
    }

    /// Like [`Connection::expect`], but the connection can still be used after an error.
    fn expect_or_drain(&mut self, what: &str) -> Result<Message, SourceError> {
        self.expect(what).inspect_err(|error| {
            if error.kind == crate::ErrorKind::Refused {
                // If this fails too, the next use of the connection says so.
                let _ = self.until_ready(what);
            }
        })
    }

    /// Returns the next message; an error message of the server becomes an error.
    fn expect(&mut self, what: &str) -> Result<Message, SourceError> {
        let message = self.receive(self.patience)?.ok_or_else(|| unreachable("the database says nothing"))?;
        if message.tag == b'E' {
            return Err(ServerError::parse(Fields::new(&message.body))?.into_error(what));
        }
        Ok(message)
    }

    /// Returns the next message, if one comes in time.
    pub fn receive(&mut self, wait: Duration) -> Result<Option<Message>, SourceError> {
        loop {
            if let Some(message) = self.framed()? {
                return Ok(Some(message));
            }
            self.wire.socket().set_read_timeout(wait.max(Duration::from_millis(1)))?;
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
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Returns the next message if it has come whole.
    fn framed(&mut self) -> Result<Option<Message>, SourceError> {
        let Some((header, _)) = self.input.split_at_checked(5) else { return Ok(None) };
        let length = Fields::new(&header[1..]).u32()? as usize;
        let body = length.checked_sub(4).ok_or_else(|| not_understood("its length is below 4"))?;
        if body > self.message_bytes_max {
            let max = self.message_bytes_max;
            let text = format!("it has {body} bytes, and {max} are allowed (`limits.message_bytes_max`)");
            return Err(not_understood(&text));
        }
        if self.input.len() < 1 + length {
            self.input.reserve(1 + length - self.input.len());
            return Ok(None);
        }
        let tag = self.input.get_u8();
        self.input.advance(4);
        Ok(Some(Message { tag, body: self.input.split_to(body).freeze() }))
    }
}

fn text_row(mut fields: Fields<'_>) -> Result<TextRow, SourceError> {
    let count = fields.u16()?;
    let mut row = Vec::with_capacity(count.into());
    for _ in 0..count {
        row.push(match fields.i32()? {
            -1 => None,
            length => {
                let length = usize::try_from(length).map_err(|_| not_understood("a length is negative"))?;
                Some(utf8(fields.take(length)?)?.to_owned())
            }
        });
    }
    Ok(row)
}
