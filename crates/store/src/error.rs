//! What can go wrong in a store, sorted by what the caller must do.

use crate::backup::Refusal;
use crate::damage::Damage;
use std::error::Error as StdError;

/// The cause under an [`IndexError`].
pub type Cause = Box<dyn StdError + Send + Sync + 'static>;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The operating system refused: look at the path, the permissions, the disk.
    #[error("{0}")]
    Io(#[source] Cause),
    /// This backend, or this id, does not allow the call.
    #[error("not supported: {0}")]
    NotSupported(#[source] Cause),
    /// Stored bytes are not what was written: stop, and restore or wipe. Never continue.
    #[error("the store is damaged: {0}")]
    Corrupted(#[source] Cause),
    /// The backend cannot be reached now: try again.
    #[error("the store cannot be reached: {0}")]
    Connection(#[source] Cause),
    /// What is at that place is not a store of this kind, or one of a newer version.
    #[error("{0}")]
    UnknownStore(#[source] Cause),
    /// Somebody else owns the store or has committed in between: drop what was computed, and start from the store.
    #[error("{0}")]
    Fenced(#[source] Cause),
    /// No space is left, and nothing of the commit was written.
    #[error("the store is full: {0}")]
    Full(#[source] Cause),
    /// Anything else.
    #[error("{0}")]
    Other(#[source] Cause),
}

impl IndexError {
    /// Makes an error for damage, described in words.
    pub fn corrupted(what: impl Into<Cause>) -> Self {
        Self::Corrupted(what.into())
    }

    /// Returns the code that `docs/errors` explains.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Connection(_) | Self::Fenced(_) => "LW0301",
            Self::Full(_) => "LW0302",
            Self::Corrupted(cause) => cause.downcast_ref().map_or("LW0303", Damage::code),
            Self::UnknownStore(cause) => cause.downcast_ref().map_or("LW0304", Refusal::code),
            Self::Io(_) => "LW0305",
            Self::NotSupported(_) | Self::Other(_) => "LW0300",
        }
    }

    /// Makes an error for a lost ownership or a lost race, described in words.
    pub fn fenced(what: impl Into<Cause>) -> Self {
        Self::Fenced(what.into())
    }

    /// Makes an error for a directory that is not a store, or not one of ours, described in words.
    pub fn unknown_store(what: impl Into<Cause>) -> Self {
        Self::UnknownStore(what.into())
    }
}

impl From<Damage> for IndexError {
    fn from(damage: Damage) -> Self {
        Self::corrupted(damage)
    }
}

impl From<livewell_model::DecodeError> for IndexError {
    fn from(error: livewell_model::DecodeError) -> Self {
        Self::corrupted(error)
    }
}

impl From<std::io::Error> for IndexError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full(error.into()),
            _ => Self::Io(error.into()),
        }
    }
}

impl From<Refusal> for IndexError {
    fn from(refusal: Refusal) -> Self {
        Self::unknown_store(refusal)
    }
}
