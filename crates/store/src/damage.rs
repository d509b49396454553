//! Damage whose place is known: what is missing or differs, in which feed, and which page explains it.

/// A part of a feed that is not as it was written. The cause of an [`crate::IndexError::Corrupted`]; feeds are named
/// as users know them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// A log ends, or has a hole, before the last sequence of its feed.
    #[error(
        "entry {sequence} of epoch {epoch} is missing from the log of {feed}, which goes up to {last}; restore a backup"
    )]
    MissingEntry {
        /// Whose log.
        feed: String,
        /// The epoch that the sequence counts in.
        epoch: u64,
        /// The first sequence that is missing.
        sequence: u64,
        /// The last sequence that the feed has.
        last: u64,
    },
    /// There are fewer or more of something than were counted when they were written.
    #[error("{feed} holds {found} of {counted} {what}; restore a backup")]
    Count {
        /// The feed they belong to.
        feed: String,
        /// What was counted, in the plural.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many there should be.
        counted: u64,
    },
    /// The number is right, but not all of them are those that were written.
    #[error("{feed} holds other {what} than were written; restore a backup")]
    Other {
        /// The feed they belong to.
        feed: String,
        /// What was counted, in the plural.
        what: &'static str,
    },
}

impl Damage {
    /// Returns the code that `docs/errors` explains.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingEntry { .. } => "LW0310",
            Self::Count { .. } | Self::Other { .. } => "LW0303",
        }
    }
}
