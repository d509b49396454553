//! Errors of a database, by what has to be done about them.

use crate::error::code;
use crate::{ErrorKind, SourceError};
use livewell_link::postgres::{Failure, Missed};
use std::io;

/// How the message of an error begins that may pass by waiting.
pub(super) const AWAY: &str = "the database is out of reach: ";

/// How the message of an error ends that passes once another session releases its lock.
const LOCKED: &str = "waits for a lock that another session holds";

/// Returns the error that the network or the server is unavailable; the source retries.
pub(super) fn unreachable(text: impl std::fmt::Display) -> SourceError {
    SourceError::new(ErrorKind::Unreachable, code::UNREACHABLE, format!("{AWAY}{text}"))
}

/// Returns the error that something has to be corrected in the settings or on the server.
pub(super) fn refused(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Refused, code::REFUSED, text)
}

/// Returns the error that `what` needs a lock that another session holds.
pub(super) fn locked(what: &str) -> SourceError {
    SourceError::new(ErrorKind::Unreachable, code::UNREACHABLE, format!("{what} {LOCKED}"))
}

/// Returns whether the server gave up waiting for a lock of another session.
pub(super) fn is_lock_timeout(error: &SourceError) -> bool {
    error.message.contains("[55P03]")
}

/// Returns whether it is [`locked`].
pub(super) fn is_locked(error: &SourceError) -> bool {
    error.message.ends_with(LOCKED)
}

/// Returns whether this role lacks a privilege for what it asked for.
pub(super) fn is_denied(error: &SourceError) -> bool {
    error.message.contains("[42501]")
}

/// Returns whether the server knows no table, or no schema, of the name that it was asked for.
pub(super) fn is_unknown(error: &SourceError) -> bool {
    ["[42P01]", "[3F000]"].iter().any(|state| error.message.contains(state))
}

/// Returns the error that the changes since the last position are gone.
pub(super) fn lost(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Changed, code::LOST, text)
}

/// Returns the error that a table has changed since it was read.
pub(super) fn altered(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Changed, code::ALTERED, text)
}

/// Returns the error about a value that cannot be represented exactly.
pub(super) fn inexact(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Input, code::VALUE, text)
}

/// Returns the error about bytes from the server that are not a message of the protocol.
pub(super) fn not_understood(text: &str) -> SourceError {
    let message = format!("a message of the database is not understood: {text}");
    SourceError::new(ErrorKind::Input, code::PROTOCOL, message)
}

/// Returns the error that the stored state of the source cannot be read.
pub(super) fn damaged() -> SourceError {
    let message = "what is stored of this source cannot be read; restore the store, or `livewell reset SOURCE` copies all tables";
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

/// Classifies an error by whether another attempt could help.
pub(super) fn missed(error: SourceError) -> Missed<SourceError> {
    match error.message.strip_prefix(AWAY) {
        Some(text) => Missed::Away(text.to_owned()),
        None => Missed::Stop(error),
    }
}
