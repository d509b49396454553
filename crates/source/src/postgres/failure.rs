//! What goes wrong with a database, by what has to be done about it.

use crate::error::code;
use crate::{ErrorKind, SourceError};
use livewell_link::postgres::{Failure, Missed};
use std::io;

/// How the message of an error begins whose cause may pass by waiting.
pub(super) const AWAY: &str = "the database is out of reach: ";

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
