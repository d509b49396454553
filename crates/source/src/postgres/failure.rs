//! What goes wrong with a database, by what has to be done about it.

use super::bytes::Fields;
use crate::error::code;
use crate::{ErrorKind, SourceError};
use livewell_link::postgres::{Failure, Missed, server_message};
use std::io;

/// How the message of an error begins whose cause may pass by waiting.
const AWAY: &str = "the database is out of reach: ";

/// How the message of an error ends that passes once another session gives its lock back.
const LOCKED: &str = "waits for a lock that another session holds";

/// The network or the server is away; it is tried again.
pub(super) fn unreachable(text: impl std::fmt::Display) -> SourceError {
    SourceError::new(ErrorKind::Unreachable, code::UNREACHABLE, format!("{AWAY}{text}"))
}

/// Something has to be mended in the settings or on the server.
pub(super) fn refused(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Refused, code::REFUSED, text)
}

/// `what` needs a lock that another session does not give back.
pub(super) fn locked(what: &str) -> SourceError {
    SourceError::new(ErrorKind::Unreachable, code::UNREACHABLE, format!("{what} {LOCKED}"))
}

/// Whether the server gave up waiting for a lock of another session.
pub(super) fn is_lock_timeout(error: &SourceError) -> bool {
    error.message.contains("[55P03]")
}

/// Whether it is [`locked`].
pub(super) fn is_locked(error: &SourceError) -> bool {
    error.message.ends_with(LOCKED)
}

/// Whether this role lacks a privilege for what it asked for.
pub(super) fn is_denied(error: &SourceError) -> bool {
    error.message.contains("[42501]")
}

/// Whether the server knows no table, or no schema, of the name that it was asked for.
pub(super) fn is_unknown(error: &SourceError) -> bool {
    ["[42P01]", "[3F000]"].iter().any(|state| error.message.contains(state))
}

/// The changes since the last position cannot be had.
pub(super) fn lost(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Changed, code::LOST, text)
}

/// A table is no longer what was read of it.
pub(super) fn altered(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Changed, code::ALTERED, text)
}

/// A value that cannot be taken exactly.
pub(super) fn inexact(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Input, code::VALUE, text)
}

/// The server says something that is no message of the protocol.
pub(super) fn not_understood(text: &str) -> SourceError {
    let message = format!("a message of the database is not understood: {text}");
    SourceError::new(ErrorKind::Input, code::PROTOCOL, message)
}

/// What is stored of the source cannot be read.
pub(super) fn damaged() -> SourceError {
    let message = "what is stored of this source cannot be read; restore the store or reset the source";
    SourceError::new(ErrorKind::Position, code::POSITION, message)
}

impl From<io::Error> for SourceError {
    fn from(error: io::Error) -> Self {
        Failure::of_stream(&error).into()
    }
}

impl From<Failure> for SourceError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Away(text) => unreachable(text),
            Failure::Refused(text) => refused(text),
        }
    }
}

/// Sorts an error by whether another attempt could help.
pub(super) fn missed(error: SourceError) -> Missed<SourceError> {
    match error.message.strip_prefix(AWAY) {
        Some(text) => Missed::Away(text.to_owned()),
        None => Missed::Stop(error),
    }
}

/// What the message of a pooler is about if it does not know how to start a replication.
const POOLERS: [&str; 2] = ["startup parameter", "replication"];

/// An error that the server sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ServerError {
    /// The code of the SQL standard, five characters.
    pub state: String,
    pub message: String,
    pub detail: String,
    pub hint: String,
}

impl ServerError {
    pub fn parse(mut fields: Fields<'_>) -> Result<Self, SourceError> {
        let mut error = Self::default();
        loop {
            match fields.u8()? {
                0 => return Ok(error),
                b'C' => fields.text()?.clone_into(&mut error.state),
                b'M' => fields.text()?.clone_into(&mut error.message),
                b'D' => fields.text()?.clone_into(&mut error.detail),
                b'H' => fields.text()?.clone_into(&mut error.hint),
                _ => {
                    fields.text()?;
                }
            }
        }
    }

    /// Sorts it by what has to be done: wait if the server is overloaded, starts or stops, else change something.
    pub fn into_error(self, while_doing: &str) -> SourceError {
        let server = server_message(&self.message, &self.detail, &self.hint, &self.state);
        let text = format!("{while_doing}: {server}");
        let waits = ["08", "53", "57P", "58", "XX"];
        match self.state.as_str() {
            // A limit that is used up by what nobody gives back, such as slots.
            "53400" => refused(format!(
                "the database refuses {text}; drop a replication slot that nobody uses, or raise the limit \
                 (`max_replication_slots`) and restart the server"
            )),
            "53300" => unreachable(format!(
                "{text}; this passes once another connection ends, else raise `max_connections` or `max_wal_senders`"
            )),
            // A slot that another session holds, most often our own of before, which the server has not missed yet.
            "55006" => unreachable(text),
            state if waits.iter().any(|class| state.starts_with(class)) => unreachable(text),
            // Servers before 16 say so in words of their own.
            "42501" if self.message.contains("replication") || self.message.contains("walsender") => {
                refused(format!(
                    "the database refuses {text}; let the role of the `url` replicate: ALTER ROLE ... REPLICATION \
                     (on managed services the provider's role for that)"
                ))
            }
            _ => refused(format!("the database refuses {text}")),
        }
    }

    /// Sorts an error in answer to the start of a connection.
    pub fn into_missed(self) -> Missed<SourceError> {
        let is_pooler = self.state == "08P01" && POOLERS.iter().any(|word| self.message.contains(word));
        let (state, error) = (self.state.clone(), self.into_error("to let this source in"));
        match state.as_str() {
            _ if is_pooler => Missed::Stop(refused(format!(
                "{}; this comes from a pooler, and poolers do not pass replication on: let the `url` lead straight to \
                 the server",
                error.message.strip_prefix(AWAY).unwrap_or(&error.message)
            ))),
            // The server has no rule for a connection with TLS, or none for one without.
            "28000" => Missed::OtherEncryption(error),
            _ => missed(error),
        }
    }
}
