//! How far a source is and what it is doing, as it says itself.

use crate::SourceError;
use livewell_model::Timestamp;

/// How far a source is and what it is doing, for people to look at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Whether everything stored is known to be exactly what the other side has at the stored position; `None` for
    /// kinds that cannot tell.
    pub is_checked: Option<bool>,
    /// A copy under way.
    pub copy: Option<CopyReport>,
    /// How many bytes of the other side's log are before it.
    pub behind_bytes: Option<u64>,
    /// How many messages of the other side's log are before it.
    pub behind_messages: Option<u64>,
    /// Which of several parts it is reading, one after the other.
    pub part: Option<PartReport>,
    /// When the last transaction that was taken in was committed on the other side.
    pub last_commit: Option<Timestamp>,
    /// How many bytes the other side keeps for it.
    pub kept_bytes: Option<u64>,
    /// How many more bytes the other side can write before what it keeps is in danger; `None` if there is no limit.
    pub safe_bytes: Option<u64>,
    /// What it waits for on the other side.
    pub waits_for: Option<String>,
    /// What somebody has to mend before everything can be followed; it goes on by itself then.
    pub refusal: Option<SourceError>,
}

/// Which of several parts is being read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartReport {
    /// What it is called: the path of a file.
    pub name: String,
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// How far a copy is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CopyReport {
    /// The tables being copied.
    pub tables: Vec<String>,
    /// How many rows have been copied.
    pub rows: u64,
    /// About how many rows there are; `None` if nobody knows.
    pub rows_expected: Option<u64>,
    /// Rows a second, over the last while.
    pub rate: f64,
}
