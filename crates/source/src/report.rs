//! The progress and activity of a source, as it reports them.

use crate::SourceError;
use livewell_model::Timestamp;

/// The progress and activity of a source, for people.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Whether everything stored is known to equal what the other side has at the stored position; `None` for kinds
    /// that cannot tell.
    pub is_checked: Option<bool>,
    /// A copy in progress.
    pub copy: Option<CopyReport>,
    /// How many bytes of the other side's log it still has to read.
    pub behind_bytes: Option<u64>,
    /// How many bytes there are altogether of what it reads from its beginning to its end, such as files.
    pub total_bytes: Option<u64>,
    /// How many messages of the other side's log it still has to read.
    pub behind_messages: Option<u64>,
    /// Which of several parts it is reading, one after the other.
    pub part: Option<PartReport>,
    /// When the last transaction that was taken in was committed on the other side.
    pub last_commit: Option<Timestamp>,
    /// How many bytes the other side keeps for it.
    pub kept_bytes: Option<u64>,
    /// How many more bytes the other side can write before it may discard what it keeps; `None` if there is no limit.
    pub safe_bytes: Option<u64>,
    /// What it waits for on the other side.
    pub waits_for: Option<String>,
    /// What somebody has to correct before everything can be followed; the source continues by itself then.
    pub refusal: Option<SourceError>,
}

/// Which of several parts is being read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartReport {
    /// Its name: the path of a file.
    pub name: String,
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// The progress of a copy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CopyReport {
    /// The tables being copied.
    pub tables: Vec<String>,
    /// How many rows have been copied.
    pub rows: u64,
    /// About how many rows there are; `None` if nobody knows.
    pub rows_expected: Option<u64>,
    /// Rows a second, recently.
    pub rate: f64,
}
