//! Errors of sources: each says what happened, where, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};

/// The codes of this crate, each with its title; `livewell explain CODE` explains it.
pub const CODES: &[(&str, &str)] = &[
    (code::SYNTAX, "the input is not JSON"),
    (code::SHAPE, "the input is JSON but not a change"),
    (code::LIMIT, "the input is beyond a limit"),
    (code::TABLE, "a row of a table does not fit its header or mapping"),
    (code::SETTINGS, "a source's settings make no sense"),
    (code::UNREADABLE, "a file cannot be read"),
    (code::DAMAGED, "a compressed file is damaged or incomplete"),
    (code::CHANGED, "a file was changed where it had been read"),
    (code::POSITION, "a stored position cannot be understood"),
    (code::UNREACHABLE, "a database is out of reach"),
    (code::REFUSED, "a database refuses what a source needs"),
    (code::LOST, "the changes since the last position are not available"),
    (code::ALTERED, "a table was altered in a way that its changes do not show"),
    (code::VALUE, "a value of a database cannot be represented exactly"),
    (code::PROTOCOL, "a message of a database is not understood"),
    (code::MAPPING, "a source's settings are not those of its stored elements"),
    (code::BROKER_AWAY, "a message broker is out of reach"),
    (code::BROKER_REFUSED, "a message broker refuses what a source needs"),
    (code::MESSAGES_LOST, "the messages after the last position are not available"),
    (code::RECORD, "a record does not fit its mapping"),
    (code::ROTATED, "a rotated file cannot be found again"),
    (code::AVRO, "a record in Avro cannot be read by its schema"),
    (code::REGISTRY_AWAY, "a schema registry is out of reach"),
    (code::REGISTRY_REFUSED, "a schema registry refuses, or has no schema that can be used"),
    (code::UNLOGGED, "the log of a database lacks what a source needs"),
    (code::UNSAID, "the log of a database does not say which rows have changed"),
    (code::SAME_READER, "another reader of a database's log has the same number"),
];

/// What a reset that begins a new epoch means for queries, for the messages that advise one.
pub const STRICT_STOPS: &str =
    "queries over it that are `recovery: strict` stop then, until each is reset, too";

/// The codes by name; [`CODES`] has their titles.
pub mod code {
    /// The input is not JSON.
    pub const SYNTAX: &str = "LW0201";
    /// The input is JSON but not a change.
    pub const SHAPE: &str = "LW0202";
    /// The input is beyond a limit.
    pub const LIMIT: &str = "LW0203";
    /// A row of a table does not fit its header or mapping.
    pub const TABLE: &str = "LW0204";
    /// The settings of a source are not valid.
    pub const SETTINGS: &str = "LW0205";
    /// A file cannot be read.
    pub const UNREADABLE: &str = "LW0206";
    /// A compressed file is damaged or incomplete.
    pub const DAMAGED: &str = "LW0207";
    /// A part of a file that was already read has changed.
    pub const CHANGED: &str = "LW0208";
    /// A stored position cannot be decoded.
    pub const POSITION: &str = "LW0209";
    /// A database cannot be reached.
    pub const UNREACHABLE: &str = "LW0210";
    /// A database refuses what a source needs.
    pub const REFUSED: &str = "LW0211";
    /// The database no longer has the changes since the last position.
    pub const LOST: &str = "LW0212";
    /// A table was altered in a way that the stream of changes does not show.
    pub const ALTERED: &str = "LW0213";
    /// A value of a database cannot be represented exactly.
    pub const VALUE: &str = "LW0214";
    /// A message of a database cannot be decoded.
    pub const PROTOCOL: &str = "LW0215";
    /// The settings of a source differ from those that made what it has stored.
    pub const MAPPING: &str = "LW0216";
    /// A message broker cannot be reached.
    pub const BROKER_AWAY: &str = "LW0217";
    /// A message broker refuses what a source needs.
    pub const BROKER_REFUSED: &str = "LW0218";
    /// The broker no longer has the messages after the last position.
    pub const MESSAGES_LOST: &str = "LW0219";
    /// A record does not fit its mapping.
    pub const RECORD: &str = "LW0220";
    /// A rotated file cannot be found again.
    pub const ROTATED: &str = "LW0221";
    /// A replication slot that nobody needs any more is still there.
    pub const LEFT_OVER: &str = "LW0224";
    /// A record in Avro is not a value of its schema, or has one that cannot be represented.
    pub const AVRO: &str = "LW0225";
    /// A schema registry cannot be reached.
    pub const REGISTRY_AWAY: &str = "LW0226";
    /// A schema registry refuses to answer, or does not have a schema that can be used.
    pub const REGISTRY_REFUSED: &str = "LW0227";
    /// A server does not log what a source needs, or not all changes of a table.
    pub const UNLOGGED: &str = "LW0870";
    /// The log has something whose effect on the rows it does not say.
    pub const UNSAID: &str = "LW0871";
    /// Another reader of the server's log has the same number.
    pub const SAME_READER: &str = "LW0872";
}

/// Why a piece of input is not a change. The caller adds file and line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InputError {
    /// One of [`CODES`].
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
    /// The column in the input, in characters from 1, if the error has a place.
    pub column: Option<usize>,
    /// How many lines below the first the place is: a row of a table may span lines.
    pub lines_below: u64,
}

impl InputError {
    /// Creates an error about the piece as a whole; `code` is one of [`CODES`].
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), column: None, lines_below: 0 }
    }

    /// Describes the error with `name` for the piece of input.
    pub fn about(&self, name: &str) -> String {
        let line =
            if self.lines_below > 0 { format!(", line {}", self.lines_below + 1) } else { String::new() };
        let column = self.column.map_or_else(String::new, |column| format!(", column {column}"));
        format!("{name}{line}{column}: {}", self.message)
    }
}

/// What the caller of a source must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Correct the settings.
    Settings,
    /// Correct the input, or park what is not a change.
    Input,
    /// Make the file readable; the same read works then.
    Unavailable,
    /// Wait: a disk is full or fails, and the operation is retried.
    Disk,
    /// Restore the file that was read, or reset the source: its history has changed.
    Changed,
    /// Wait: the connection is retried.
    Unreachable,
    /// Correct the settings or the database; the same works then.
    Refused,
    /// The stored position is damaged: restore the store or reset the source.
    Position,
    /// The store failed; the runner of the source has its error.
    Store,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// The column, in characters from 1.
    pub column: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)?;
        self.column.map_or(Ok(()), |column| write!(f, ":{column}"))
    }
}

/// Why a source has stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// What the caller must do.
    pub kind: ErrorKind,
    /// One of [`CODES`].
    pub code: &'static str,
    /// What happened, where, and what to do.
    pub message: String,
    /// The place, if the error is about a place in the input.
    pub place: Option<Place>,
}

impl SourceError {
    /// Creates an error that is not about a place of the input; `code` is one of [`CODES`].
    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), place: None }
    }

    pub(crate) fn settings(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Settings, code::SETTINGS, message)
    }

    pub(crate) fn changed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Changed, code::CHANGED, message)
    }

    /// Returns the kind of an I/O error on a file.
    pub(crate) fn kind_of(error: &std::io::Error) -> ErrorKind {
        use std::io::ErrorKind as Io;
        /// The error number of a disk that fails to read or write.
        const EIO: i32 = 5;
        let is_full = matches!(error.kind(), Io::StorageFull | Io::QuotaExceeded);
        if is_full || error.raw_os_error() == Some(EIO) { ErrorKind::Disk } else { ErrorKind::Unavailable }
    }

    /// Returns the error for a failed read of `path`.
    pub(crate) fn io(path: &Path, compressed: bool, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let path = path.display();
        let unreadable = |text: String| Self::new(ErrorKind::Unavailable, code::UNREADABLE, text);
        match error.kind() {
            Io::NotFound => unreadable(format!(
                "`{path}` does not exist; check the path, which is relative to the configuration file"
            )),
            Io::PermissionDenied => {
                unreadable(format!("`{path}` may not be read by this user; change its permissions"))
            }
            Io::IsADirectory => unreadable(format!(
                "`{path}` is a directory; name the files in it under `files`, in the order to read them"
            )),
            Io::UnexpectedEof if compressed => Self::new(
                ErrorKind::Unavailable,
                code::DAMAGED,
                format!(
                    "`{path}` ends in the middle of its compressed data: it is incomplete; put the whole file there"
                ),
            ),
            // A decompressor passes on the error of the disk, sometimes without its number.
            _ if compressed && error.raw_os_error().is_none() && Self::kind_of(error) != ErrorKind::Disk => {
                Self::new(
                    ErrorKind::Unavailable,
                    code::DAMAGED,
                    format!(
                        "`{path}` cannot be decompressed ({error}); check that it is what its name says and put an undamaged file there"
                    ),
                )
            }
            _ => {
                Self::new(Self::kind_of(error), code::UNREADABLE, format!("`{path}` cannot be read: {error}"))
            }
        }
    }

    /// Returns the error for a piece of input that stops the source. `text` is its line, or the beginning of it.
    pub(crate) fn stopped_at(place: Place, error: &InputError, text: &str) -> Self {
        let excerpt = excerpt(text, error.column.filter(|_| error.lines_below == 0));
        let message = format!(
            "{place}: {}\n  in: {excerpt}\n  correct the line, or set `on_error: park` to set such lines aside and continue",
            error.message
        );
        Self { kind: ErrorKind::Input, code: error.code, message, place: Some(place) }
    }
}

/// Returns the part of a line around `column`, short enough for a message and free of control characters.
fn excerpt(line: &str, column: Option<usize>) -> String {
    const BEFORE: usize = 40;
    const SHOWN: usize = 80;
    let start = column.unwrap_or(1).saturating_sub(BEFORE + 1);
    let shown: String =
        line.chars().skip(start).take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let (head, tail) = (
        if start > 0 { "..." } else { "" },
        if line.chars().nth(start + SHOWN).is_some() { "..." } else { "" },
    );
    format!("{head}{shown}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn a_disk_that_is_full_or_fails_is_waited_for_and_a_missing_file_is_not() {
        let (full, broken) = (io::ErrorKind::StorageFull.into(), io::Error::from_raw_os_error(5));
        for error in [full, broken] {
            assert_eq!(SourceError::io(Path::new("a.jsonl"), false, &error).kind, ErrorKind::Disk);
            assert_eq!(SourceError::io(Path::new("a.jsonl.gz"), true, &error).kind, ErrorKind::Disk);
        }
        for kind in [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied] {
            assert_eq!(
                SourceError::io(Path::new("a.jsonl"), false, &kind.into()).kind,
                ErrorKind::Unavailable
            );
        }
    }
}
