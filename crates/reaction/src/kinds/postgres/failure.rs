//! Why a transaction at the target failed, and whether the cause passes.

use crate::ReactionError;
use livewell_link::postgres::{self as link, server_message};
use std::error::Error as _;
use tokio_postgres::Error;

/// Why a transaction failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection or the server is unavailable, or asks to try again.
    Away(String),
    /// The server refuses the operation.
    Refused(String),
    /// The server refuses these values.
    Rejected(Rejection),
    /// Any other error of the reaction.
    Told(ReactionError),
}

/// Why values were refused: a type cannot hold them, or a constraint does not allow them.
#[derive(Debug)]
pub(super) struct Rejection {
    /// The server's message, in one line.
    pub cause: String,
    /// The SQLSTATE, five characters.
    pub state: String,
    /// The column that may not be null.
    pub column: Option<String>,
    /// The constraint.
    pub constraint: Option<String>,
}

impl Failure {
    /// Returns the error of the reaction, with the target in words.
    pub fn into_error(self, target: String) -> ReactionError {
        match self {
            Self::Away(cause) => ReactionError::Away { target, cause, after: None },
            Self::Refused(cause) | Self::Rejected(Rejection { cause, .. }) => {
                ReactionError::Refused { target, cause }
            }
            Self::Told(error) => error,
        }
    }
}

impl From<ReactionError> for Failure {
    fn from(error: ReactionError) -> Self {
        Self::Told(error)
    }
}

impl From<link::Failure> for Failure {
    fn from(failure: link::Failure) -> Self {
        match failure {
            link::Failure::Away(cause) => Self::Away(cause),
            link::Failure::Refused(cause) => Self::Refused(cause),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let Some(told) = error.as_db_error() else {
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            return match link::Failure::of_stream(&error) {
                link::Failure::Refused(cause) => Self::Refused(cause),
                link::Failure::Away(_) if is_ours(&error) => Self::Refused(cause),
                link::Failure::Away(_) => Self::Away(cause),
            };
        };
        let more = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let state = told.code().code();
        let cause = server_message(told.message(), &more(told.detail()), &more(told.hint()), state);
        if passes(state) {
            return Self::Away(cause);
        }
        if !REJECTING_CLASSES.iter().any(|class| state.starts_with(class)) {
            return Self::Refused(cause);
        }
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        Self::Rejected(Rejection {
            cause,
            state: state.to_owned(),
            column: owned(told.column()),
            constraint: owned(told.constraint()),
        })
    }
}

/// Classes of SQLSTATEs that pass: connections, conflicts with other transactions, shortages (disk, memory,
/// connections), interventions (a shutdown, a start, a time-out), and system errors.
const PASSING_CLASSES: [&str; 5] = ["08", "40", "53", "57", "58"];

/// States of other classes that pass: a read-only server, as after a failover until this session finds the new one;
/// transactions that took too long; objects and locks in use; snapshots that are too old.
const PASSING: [&str; 6] = ["25006", "25P03", "25P04", "55006", "55P03", "72000"];

/// Classes of states that are about values: what types hold, constraints, checks of views, limits of what an index or a
/// row holds, and what triggers raise.
const REJECTING_CLASSES: [&str; 5] = ["22", "23", "44", "54", "P0"];

/// Returns whether the error of a server may pass although the statement stays the same.
fn passes(state: &str) -> bool {
    PASSING_CLASSES.iter().any(|class| state.starts_with(class)) || PASSING.contains(&state)
}

/// Returns whether the cause is the request or the role rather than the connection.
fn is_ours(error: &Error) -> bool {
    let text = error.to_string();
    ["serializing", "deserializing", "configuration", "authentication"].iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_a_server_that_pass_are_told_from_those_that_somebody_has_to_mend() {
        for state in [
            "08006", "25006", "25P03", "25P04", "40001", "40P01", "53100", "53200", "53300", "55006",
            "55P03", "57014", "57P01", "57P02", "57P03", "57P05", "58030",
        ] {
            assert!(passes(state), "{state}");
        }
        for state in [
            "22001", "22003", "22P02", "23502", "23505", "23514", "25001", "28P01", "28000", "3D000",
            "42501", "42703", "42804", "42P01", "55000", "0A000", "XX001", "P0001",
        ] {
            assert!(!passes(state), "{state}");
        }
    }
}
