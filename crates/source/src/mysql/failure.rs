//! Errors of a database, by what has to be done about them.

use crate::error::code;
use crate::{ErrorKind, SourceError};
use livewell_link::postgres::Failure;
use std::fmt::Display;

/// The way out if changes are lost or cannot be followed.
pub(super) const COPY_ALL: &str =
    "`livewell reset SOURCE` copies all tables, and `recovery: auto_reset` does so by itself";

/// Returns the error that the network or the server is unavailable; the source retries.
pub(super) fn unreachable(text: impl Display) -> SourceError {
    let message = format!("the database is out of reach: {text}");
    SourceError::new(ErrorKind::Unreachable, code::UNREACHABLE, message)
}

/// Returns the error that something has to be corrected in the settings or on the server.
pub(super) fn refused(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Refused, code::REFUSED, text)
}

/// Returns the error that the server does not log what this source needs, or that a table is of a kind whose changes
/// the log does not have.
pub(super) fn unlogged(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Refused, code::UNLOGGED, text)
}

/// Returns the error that the changes since the last position are gone.
pub(super) fn lost(text: impl Display) -> SourceError {
    SourceError::new(ErrorKind::Changed, code::LOST, format!("{text}; {COPY_ALL}"))
}

/// Returns the error that a table has changed in a way that only a copy follows.
pub(super) fn altered(text: impl Display) -> SourceError {
    SourceError::new(ErrorKind::Changed, code::ALTERED, format!("{text}; {COPY_ALL}"))
}

/// Returns the error that the log has something whose effect on the rows it does not say.
pub(super) fn unsaid(text: impl Display) -> SourceError {
    SourceError::new(ErrorKind::Changed, code::UNSAID, format!("{text}; {COPY_ALL}"))
}

/// Returns the error about a value that cannot be represented exactly.
pub(super) fn inexact(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Input, code::VALUE, text)
}

/// Returns the error about bytes from the server that are not a message of the protocol or an event of its log.
pub(super) fn not_understood(text: impl Display) -> SourceError {
    let message = format!("a message of the database is not understood: {text}");
    SourceError::new(ErrorKind::Input, code::PROTOCOL, message)
}

/// Returns the error that the stored state of the source cannot be read.
pub(super) fn damaged() -> SourceError {
    let message = "what is stored of this source cannot be read; restore the store, or `livewell reset SOURCE` copies all tables";
    SourceError::new(ErrorKind::Position, code::POSITION, message)
}

/// Sorts a failure to connect.
pub(super) fn not_connected(failure: Failure) -> SourceError {
    match failure {
        Failure::Away(text) => unreachable(text),
        Failure::Refused(text) => refused(text),
    }
}

/// Sorts an error of a stream.
pub(super) fn broken(error: &std::io::Error) -> SourceError {
    not_connected(Failure::of_stream(error))
}

/// What a server says when it refuses a request.
#[derive(Debug, Clone)]
pub(super) struct ServerError {
    pub number: u16,
    pub message: String,
}

/// The numbers of errors that pass by waiting: too many connections, shutting down, a lock, a deadlock, a killed
/// connection, a network that fails, a table that was altered since the snapshot.
const PASSING: [u16; 16] =
    [1040, 1042, 1043, 1053, 1077, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, 1317, 1412, 1927];

impl ServerError {
    /// Sorts the error; `what` says what was asked for.
    pub fn about(&self, what: &str) -> SourceError {
        let Self { number, message } = self;
        if PASSING.contains(number) {
            return unreachable(format!("{message} [{number}]"));
        }
        refused(format!("the database refuses {what}: {message} [{number}]"))
    }
}
