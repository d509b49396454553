//! Errors of a cluster, by what has to be done about them.

use crate::ReactionError;
use livewell_link::kafka::Error;

/// Sorts an error of the client.
pub(super) fn sorted(error: Error) -> ReactionError {
    match error {
        Error::Away(cause) => away(cause),
        Error::Refused(cause) => refused(cause),
        Error::Malformed(cause) => refused(format!("an answer is not understood: {cause}")),
        Error::OutOfRange => away(error.to_string()),
    }
}

pub(super) fn away(cause: String) -> ReactionError {
    ReactionError::Away { target: "Kafka".into(), cause, after: None }
}

pub(super) fn refused(cause: String) -> ReactionError {
    ReactionError::Refused { target: "Kafka".into(), cause }
}
