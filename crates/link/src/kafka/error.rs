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
    /// A batch of records is longer than the topic allows.
    pub const MESSAGE_TOO_LARGE: i16 = 10;
    /// A batch of records is longer than a segment of the log.
    pub const RECORD_LIST_TOO_LARGE: i16 = 18;
    /// The topic was created by somebody else.
    pub const TOPIC_EXISTS: i16 = 36;
    /// The batch is in the log already.
    pub const DUPLICATE_SEQUENCE: i16 = 46;
    /// The last transaction is still being ended.
    pub const CONCURRENT_TRANSACTIONS: i16 = 51;
}

/// Numbers that ask for a change of settings, each with what to check.
const REFUSALS: [(i16, &str); 15] = [
    (17, "the name of the topic is not valid"),
    (29, "the user may not use the topic; allow `READ` and `DESCRIBE` on it, and `WRITE` to write to it"),
    (30, "the user may not use the group"),
    (31, "the user may not use the cluster"),
    (33, "the mechanism of the login is not enabled on the broker; check `sasl` in the URL"),
    (34, "the login was not expected; check `sasl` in the URL"),
    (35, "the broker does not speak this version of the protocol; Kafka 2.3 or later is needed"),
    (38, "the cluster has fewer brokers than the topic is to have replicas"),
    (43, "the topic has records in a form of before Kafka 0.11"),
    (44, "a policy of the cluster forbids it"),
    (50, "the cluster allows no transaction of a minute; raise `transaction.max.timeout.ms`"),
    (53, "the user may not use the transactional id; allow `WRITE` and `DESCRIBE` on it"),
    (58, "the login was refused; check the user and the password in the URL"),
    (76, "the broker does not know this compression"),
    (87, "the topic refuses the form of the records; a compacted one wants keys"),
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
        14..=16 => "the coordinator of transactions is not ready",
        19 | 20 => "too few replicas are in step (`min.insync.replicas`)",
        45 | 59 => "the broker does not know what this producer wrote before",
        47 | 90 => {
            "another producer has begun under the same name; if that continues, another process runs on a copy of the store"
        }
        48 | 49 => "the transaction was ended by the cluster",
        number::CONCURRENT_TRANSACTIONS => "the last transaction is still being ended",
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
