//! A connection to a server: messages in frames, getting in, statements, copies out.
//!
//! Every connection is one of logical replication, which runs statements too, by the simple protocol alone.

use super::address::Address;
use super::bytes::{Fields, utf8};
use super::failure::{ServerError, not_understood, refused, unreachable};
use super::tls::Wire;
use crate::SourceError;
use bytes::{Buf, Bytes, BytesMut};
use postgres_protocol::authentication::{md5_hash, sasl};
use postgres_protocol::message::frontend;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long a server may be silent while it lets this source in.
const WELCOME_MAX: Duration = Duration::from_secs(30);
/// How long a server may be silent while a statement runs: a slot may wait for old transactions to end.
const SILENCE_MAX: Duration = Duration::from_secs(600);
const READ_BYTES: usize = 64 << 10;
/// Values print alike in a copy and in the stream, whatever the server's settings are.
const OPTIONS: &str = "-c datestyle=ISO -c intervalstyle=iso_8601 -c timezone=UTC -c extra_float_digits=3 \
     -c bytea_output=hex -c lc_monetary=C -c statement_timeout=0 -c idle_in_transaction_session_timeout=0 \
     -c jit=off -c row_security=off";

/// One message of the server.
#[derive(Debug)]
pub(super) struct Message {
    pub tag: u8,
    pub body: Bytes,
}

/// See the module.
pub(super) struct Connection {
    wire: Wire,
    input: BytesMut,
    message_bytes_max: usize,
    patience: Duration,
}

/// One row of a statement's result, as text.
pub(super) type TextRow = Vec<Option<String>>;

impl Connection {
    /// Connects and gets in.
    pub fn open(address: &Address, application: &str, message_bytes_max: usize) -> Result<Self, SourceError> {
        let wire = Wire::open(connect(address)?, address)?;
        let mut connection = Self { wire, input: BytesMut::new(), message_bytes_max, patience: WELCOME_MAX };
        let parameters = [
            ("user", address.user.as_str()),
            ("database", &address.database),
            ("replication", "database"),
            ("client_encoding", "UTF8"),
            ("application_name", application),
            ("options", OPTIONS),
        ];
        let mut out = BytesMut::new();
        frontend::startup_message(parameters, &mut out)?;
        connection.send(&out)?;
        connection.authenticate(address)?;
        connection.until_ready("to let this source in")?;
        connection.patience = SILENCE_MAX;
        Ok(connection)
    }

    fn authenticate(&mut self, address: &Address) -> Result<(), SourceError> {
        let password = || address.password.as_deref().ok_or_else(|| refused("the URL has no password"));
        let mut scram = None;
        loop {
            let message = self.expect("to let this source in")?;
            if message.tag != b'R' {
                continue;
            }
            let mut fields = Fields::new(&message.body);
            let mut out = BytesMut::new();
            match fields.u32()? {
                0 => return Ok(()),
                3 => frontend::password_message(password()?.as_bytes(), &mut out)?,
                5 => {
                    let salt = fields.take(4)?.try_into().map_err(|_| not_understood("no salt"))?;
                    let hash = md5_hash(address.user.as_bytes(), password()?.as_bytes(), salt);
                    frontend::password_message(hash.as_bytes(), &mut out)?;
                }
                10 => {
                    let mut offered = Vec::new();
                    while !fields.is_empty() {
                        offered.push(fields.text()?);
                    }
                    if !offered.contains(&sasl::SCRAM_SHA_256) {
                        return Err(refused(format!("the database wants {offered:?} to get in")));
                    }
                    let binding = sasl::ChannelBinding::unsupported();
                    let made = sasl::ScramSha256::new(password()?.as_bytes(), binding);
                    frontend::sasl_initial_response(sasl::SCRAM_SHA_256, made.message(), &mut out)?;
                    scram = Some(made);
                }
                step @ (11 | 12) => {
                    let scram = scram.as_mut().ok_or_else(|| not_understood("an answer to no question"))?;
                    let failed = |error: io::Error| refused(format!("the password is not taken: {error}"));
                    if step == 12 {
                        scram.finish(fields.rest()).map_err(failed)?;
                        continue;
                    }
                    scram.update(fields.rest()).map_err(failed)?;
                    frontend::sasl_response(scram.message(), &mut out)?;
                }
                other => {
                    let text = format!(
                        "the database asks for authentication method {other}; use scram-sha-256, md5 or password"
                    );
                    return Err(refused(text));
                }
            }
            self.send(&out)?;
        }
    }

    /// Runs a statement to its end; gives the rows of all its parts. `what` says what it is for.
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

    /// Sends a statement without waiting for its end, for [`Connection::finish`].
    pub fn start(&mut self, statement: &str) -> Result<(), SourceError> {
        self.send_query(statement)
    }

    /// Waits so long for the end of a statement that was started; returns its rows once it has come.
    pub fn finish(&mut self, wait: Duration, what: &str) -> Result<Option<Vec<TextRow>>, SourceError> {
        let mut rows = Vec::new();
        let mut next = loop {
            match self.receive(wait)? {
                None => return Ok(None),
                // A notice or a setting says nothing of the statement.
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

    /// Begins a copy out; its rows come by [`Connection::copied`].
    pub fn copy_out(&mut self, statement: &str, what: &str) -> Result<(), SourceError> {
        self.send_query(statement)?;
        while self.expect_or_drain(what)?.tag != b'H' {}
        Ok(())
    }

    /// The next row of a copy; `None` at its end.
    pub fn copied(&mut self, what: &str) -> Result<Option<Bytes>, SourceError> {
        loop {
            let message = self.expect_or_drain(what)?;
            match message.tag {
                b'd' => return Ok(Some(message.body)),
                b'Z' => return Ok(None),
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
        self.wire.write_all(bytes).and_then(|()| self.wire.flush()).map_err(unreachable)
    }

    fn until_ready(&mut self, what: &str) -> Result<(), SourceError> {
        while self.expect(what)?.tag != b'Z' {}
        Ok(())
    }

    /// As [`Connection::expect`]; after an error the connection can be used on.
    fn expect_or_drain(&mut self, what: &str) -> Result<Message, SourceError> {
        self.expect(what).inspect_err(|error| {
            if error.kind == crate::ErrorKind::Refused {
                // Where this fails too, the next use of the connection says so.
                let _ = self.until_ready(what);
            }
        })
    }

    /// The next message; an error that the server sends is one here.
    fn expect(&mut self, what: &str) -> Result<Message, SourceError> {
        let message = self.receive(self.patience)?.ok_or_else(|| unreachable("the database says nothing"))?;
        if message.tag == b'E' {
            return Err(ServerError::parse(Fields::new(&message.body))?.into_error(what));
        }
        Ok(message)
    }

    /// The next message, if one comes in time.
    pub fn receive(&mut self, wait: Duration) -> Result<Option<Message>, SourceError> {
        loop {
            if let Some(message) = self.framed()? {
                return Ok(Some(message));
            }
            self.wire.socket().set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
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
                Err(error) => return Err(unreachable(error)),
            }
        }
    }

    /// A message that has come whole.
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

fn connect(address: &Address) -> Result<TcpStream, SourceError> {
    let places = (address.host.as_str(), address.port).to_socket_addrs().map_err(unreachable)?;
    let mut failure = unreachable("its name stands for no address");
    for place in places {
        match TcpStream::connect_timeout(&place, CONNECT_MAX) {
            Ok(socket) => {
                socket.set_nodelay(true)?;
                socket.set_read_timeout(Some(CONNECT_MAX))?;
                socket.set_write_timeout(Some(Duration::from_secs(60)))?;
                return Ok(socket);
            }
            Err(error) => failure = unreachable(format!("{place}: {error}")),
        }
    }
    Err(failure)
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
