//! Errors of a cluster, sorted by what has to be done.

use crate::postgres::Failure;

/// Why a cluster did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The network or a broker is unreachable, or a broker is not ready; waiting may help.
    #[error("{0}")]
    Away(String),
    /// Somebody has to change a setting, here or on the cluster.
    #[error("{0}")]
    Refused(String),
    /// An answer is not one of the protocol, or a record is damaged.
    #[error("{0}")]
    Malformed(String),
    /// The offset that was asked for is outside of the log.
    #[error("the offset is outside of the log")]
    OutOfRange,
}

/// The error numbers of the protocol that something depends on.
pub mod number {
    /// No error.
    pub const NONE: i16 = 0;
    /// The offset is outside of the log.
    pub const OFFSET_OUT_OF_RANGE: i16 = 1;
    /// The topic or the partition does not exist.
    pub const UNKNOWN_TOPIC: i16 = 3;
}

/// Numbers that ask for a change of settings, each with what to check.
const REFUSALS: [(i16, &str); 9] = [
    (17, "the name of the topic is not valid"),
    (29, "the user may not read the topic; allow `READ` and `DESCRIBE` on it"),
    (30, "the user may not use the group"),
    (31, "the user may not use the cluster"),
    (33, "the mechanism of the login is not enabled on the broker; check `sasl` in the URL"),
    (34, "the login was not expected; check `sasl` in the URL"),
    (35, "the broker does not speak this version of the protocol; Kafka 2.3 or later is needed"),
    (43, "the topic has records in a form of before Kafka 0.11"),
    (58, "the login was refused; check the user and the password in the URL"),
];

impl Error {
    /// Returns what an error number means. `what` was being done, as in "to read the topic `orders`".
    pub(super) fn of(number: i16, what: &str) -> Self {
        if number == number::OFFSET_OUT_OF_RANGE {
            return Self::OutOfRange;
        }
        match REFUSALS.iter().find(|(known, _)| *known == number) {
            Some((_, text)) => Self::Refused(format!("{what}: {text} [{number}]")),
            None => Self::Away(format!("{what}: {} [{number}]", transient(number))),
        }
    }
}

/// Names a state that passes by itself, or that is unknown.
fn transient(number: i16) -> &'static str {
    match number {
        3 => "there is no such topic or partition; create it",
        5 => "the partition has no leader at the moment",
        6 | 74 | 75 => "another broker leads the partition",
        7 => "the brokers did not answer each other in time",
        56 => "the disk of the broker fails",
        78 => "the new leader of the partition does not know the end of its log yet",
        100 | 103 => "the topic was deleted, and perhaps created again",
        _ => "the broker reports an error",
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Away(text) => Self::Away(text),
            Failure::Refused(text) => Self::Refused(text),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Failure::of_stream(&error).into()
    }
}
