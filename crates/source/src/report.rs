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
    /// The files or tables that it reads, in that order: at most [`PARTS_MAX`], from around those that it is reading.
    pub parts: Vec<Part>,
    /// How many there are.
    pub parts_total: usize,
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

/// How many parts a report names at most.
pub const PARTS_MAX: usize = 100;

/// A file or table that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The path of a file, the schema and name of a table.
    pub name: String,
    /// Whether it has been read.
    pub state: PartState,
    /// How much of it is read.
    pub done: u64,
    /// About how much there is; `None` if nobody knows.
    pub total: Option<u64>,
    /// What is counted.
    pub unit: Unit,
}

/// Whether a part has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartState {
    /// To its end.
    Done,
    /// It is being read, or followed.
    UnderWay,
    /// Not begun.
    Waiting,
}

/// What of a part is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of a file.
    Bytes,
    /// Rows of a table.
    Rows,
}

impl Unit {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Rows => "rows",
        }
    }
}

/// Returns the parts to name: those around number `at`, of `total`.
pub(crate) fn window(at: usize, total: usize) -> std::ops::Range<usize> {
    let first = at.saturating_sub(PARTS_MAX / 2).min(total.saturating_sub(PARTS_MAX));
    first..total.min(first + PARTS_MAX)
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
