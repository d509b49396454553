//! Errors of reactions, and what the driver or a person has to do about them.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The error number of a disk that fails to read or write.
const EIO: i32 = 5;

/// What the driver of the reaction must do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Start it again after a while: the cause may pass by itself.
    Retry,
    /// Start it again after a while, but do not show an error yet: the target is unavailable or busy, which passes.
    Wait,
    /// Stop it and show the message: a person has to act.
    Stop,
}

/// Why a reaction could not start or effect its input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReactionError {
    /// A file that has been delivered to is not there.
    #[error(
        "`{}` is gone, and {committed} bytes have been delivered to it; \
         put the file back, or begin a new one with `livewell reset REACTION`", path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// How long it was at the checkpoint, in bytes.
        committed: u64,
    },
    /// A file is shorter than what has been delivered to it.
    #[error(
        "`{}` has {length} bytes, and {committed} have been delivered to it; \
         put the file back as it was, or continue at its present end with `livewell reset REACTION`", path.display()
    )]
    Shorter {
        /// The file.
        path: PathBuf,
        /// How long it is, in bytes.
        length: u64,
        /// How long it was at the checkpoint, in bytes.
        committed: u64,
    },
    /// A file does not hold what was last delivered to it.
    #[error(
        "`{}` was replaced or edited: the content before byte {committed} is not what was delivered last; \
         put the file back as it was, or continue at its present end with `livewell reset REACTION`", path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// How long it was at the checkpoint, in bytes.
        committed: u64,
    },
    /// A table file would replace something else.
    #[error(
        "`{}` holds something else than {holds} and would be {fate}; move it away, give the reaction another `path`, or \
         say `take_over: true`", path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it would hold if the reaction had written it.
        holds: &'static str,
        /// What would become of it.
        fate: &'static str,
    },
    /// A file or directory could not be read or written.
    #[error("cannot {doing} `{}`: {cause}; {}", path.display(), advice(cause, path))]
    Io {
        /// What was tried: `open`, `write`, ...
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The error of the system.
        #[source]
        cause: io::Error,
    },
    /// The checkpoint's detail is not one of this reaction.
    #[error(
        "the checkpoint does not say how far this reaction is ({cause}); \
         start over with `livewell reset REACTION`"
    )]
    Detail {
        /// What is wrong with its bytes.
        #[source]
        cause: livewell_model::DecodeError,
    },
    /// The snapshot ended early.
    #[error("the snapshot of `{query_id}` broke off: {cause}; what the reaction keeps is as it was")]
    Snapshot {
        /// The query.
        query_id: String,
        /// Why.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The target cannot be reached, does not answer in time or asks to wait.
    #[error("{target}: {cause}; it is retried")]
    Away {
        /// The target: a host, never with its credentials.
        target: String,
        /// What happened.
        cause: String,
        /// How long to wait before the next attempt; `None` leaves it to the driver.
        after: Option<Duration>,
    },
    /// The target refuses what it is given, and will keep refusing it.
    #[error("{target}: {cause}")]
    Refused {
        /// The target: a host or a table, never with credentials.
        target: String,
        /// What happened and what to do.
        cause: String,
    },
    /// The target has an address that must not be reached from here.
    #[error(
        "`{host}` is at {address}, an address of this machine or its own network; say `allow_private: true` if that \
         is meant"
    )]
    Private {
        /// The host in the URL.
        host: String,
        /// Its address.
        address: std::net::IpAddr,
    },
    /// A template cannot be filled in.
    #[error(
        "the template cannot be filled in for {key}: {cause}; mend `template` and start the reaction again"
    )]
    Template {
        /// What it was filled in for.
        key: String,
        /// Why, with the line.
        cause: String,
    },
    /// Two rows of a result have one key in the target.
    #[error(
        "two live rows have the key {key} in {target}: {first} and {second}; let the query return one row a key, or \
         choose another `key`"
    )]
    SameKey {
        /// The table or the prefix.
        target: String,
        /// The key.
        key: String,
        /// One row.
        first: String,
        /// The other row.
        second: String,
    },
    /// What the target holds is not what was delivered to it.
    #[error(
        "{target}: not what the reaction has left there: {cause}; bring it back by difference with `livewell reset \
         REACTION`"
    )]
    Altered {
        /// The table or the prefix.
        target: String,
        /// What differs.
        cause: String,
    },
    /// A target cannot be compared with the live results now.
    #[error("{target}: {cause}; nothing was compared, try again")]
    Unsettled {
        /// The table, the keys or the file.
        target: String,
        /// What keeps it from being compared.
        cause: String,
    },
    /// The target no longer holds the checkpoint of a reaction that acts on results.
    #[error(
        "{target}: {cause}, so it is not known what was delivered last; \
         `livewell reset REACTION` continues with the next result"
    )]
    Unknown {
        /// The place of the checkpoint.
        target: String,
        /// What is missing.
        cause: String,
    },
    /// Input in a style that the reaction does not take: a fault of its driver.
    #[error("this reaction takes {takes} and was given {given}; please report this as a fault of Livewell")]
    OtherStyle {
        /// What it takes.
        takes: &'static str,
        /// What it got.
        given: &'static str,
    },
    /// Input before [`crate::Reaction::start`]: a fault of its driver.
    #[error(
        "the reaction was given results before it was started; please report this as a fault of Livewell"
    )]
    NotStarted,
}

impl ReactionError {
    /// Returns the code whose page explains the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "LW0401",
            Self::Shorter { .. } => "LW0402",
            Self::Changed { .. } => "LW0403",
            Self::Foreign { .. } => "LW0404",
            Self::Io { .. } => "LW0405",
            Self::Detail { .. } => "LW0406",
            Self::Snapshot { .. } => "LW0407",
            Self::OtherStyle { .. } | Self::NotStarted => "LW0408",
            Self::Away { .. } => "LW0409",
            Self::Refused { .. } => "LW0410",
            Self::Private { .. } => "LW0411",
            Self::Template { .. } => "LW0412",
            Self::SameKey { .. } => "LW0413",
            Self::Altered { .. } | Self::Unknown { .. } => "LW0414",
            Self::Unsettled { .. } => "LW0417",
        }
    }

    /// Returns what to do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            // A snapshot ends early if its pin expires or the store is restarted; the next one may not. Names may
            // resolve to another address later.
            Self::Io { .. } | Self::Snapshot { .. } | Self::Private { .. } => ErrorKind::Retry,
            Self::Away { .. } | Self::Unsettled { .. } => ErrorKind::Wait,
            _ => ErrorKind::Stop,
        }
    }

    /// Returns whether the disk under its files is full or fails: writing may work again without anybody's help.
    pub fn is_of_the_disk(&self) -> bool {
        let Self::Io { cause, .. } = self else { return false };
        matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            || cause.raw_os_error() == Some(EIO)
    }

    /// Returns how long to wait before the next attempt, if the target or the reaction's settings say so.
    pub fn after(&self) -> Option<Duration> {
        match self {
            Self::Away { after, .. } => *after,
            _ => None,
        }
    }

    /// Returns a function for `map_err` that adds to an I/O error what was tried on which path.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |cause| Self::Io { doing, path, cause }
    }
}

fn advice(cause: &io::Error, path: &Path) -> String {
    use io::ErrorKind::*;
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match cause.kind() {
        StorageFull | QuotaExceeded => "free space there; the reaction then continues by itself".into(),
        PermissionDenied => format!("let this process write there and in `{}`", parent.display()),
        ReadOnlyFilesystem => "make it writable or give the reaction another `path`".into(),
        IsADirectory => "give the reaction a `path` that names a file".into(),
        NotADirectory => "a part of the `path` is a file; give the reaction another one".into(),
        InvalidFilename => "give the reaction a shorter or valid `path`".into(),
        _ => "the reaction tries again; look at the disk if it stays so".into(),
    }
}
