//! Errors of a cluster, by what has to be done about them.

use crate::error::{STRICT_STOPS, code};
use crate::{ErrorKind, SourceError};
use livewell_link::kafka::Error;
use std::fmt::Display;

/// Returns the error that the network or the cluster is unavailable; the source retries.
pub(super) fn unreachable(text: impl Display) -> SourceError {
    let message = format!("Kafka is out of reach: {text}");
    SourceError::new(ErrorKind::Unreachable, code::BROKER_AWAY, message)
}

/// Returns the error that something has to be corrected in the settings or on the cluster.
pub(super) fn refused(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Refused, code::BROKER_REFUSED, text)
}

/// Returns the error that the records after the last position are gone.
pub(super) fn lost(text: impl Display) -> SourceError {
    let message = format!(
        "{text}; `livewell reset SOURCE` reads what the topic holds from its beginning ({STRICT_STOPS}), and \
         `recovery: auto_reset` does so by itself"
    );
    SourceError::new(ErrorKind::Changed, code::MESSAGES_LOST, message)
}

/// Returns the error about bytes that are not of the protocol, or damaged records.
pub(super) fn not_understood(text: impl Display) -> SourceError {
    let message = format!("an answer of Kafka is not understood: {text}");
    SourceError::new(ErrorKind::Input, code::PROTOCOL, message)
}

/// Sorts an error of the client.
pub(super) fn sorted(error: Error) -> SourceError {
    match error {
        Error::Away(text) => unreachable(text),
        Error::Refused(text) => refused(text),
        Error::Malformed(text) => not_understood(text),
        Error::OutOfRange => unreachable(error),
    }
}
