//! What is in a query's outbox, backwards: the latest results first, a bounded part at a time.

use crate::Error;
use crate::read::results::Results;
use crate::read::text::has;
use livewell_model::codec::Reader;
use livewell_model::diff::Columns;
use livewell_model::{Diff, QueryResult, Value};
use livewell_store::IndexError;

/// How many results are looked at in one call.
const LOOKED_MAX: usize = 10_000;
/// About how many bytes of results are read in one call.
const READ_MAX: usize = 16 << 20;
/// How many diffs of one result are returned.
const DIFFS_MAX: usize = 200;

/// Which diffs are of interest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only these.
    pub kind: Option<Kind>,
    /// A text that one of their values contains, in upper or lower case. A value that is not a text is searched as JSON.
    pub search: Option<String>,
}

/// A kind of diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A row that came.
    Add,
    /// A row that has other values.
    Update,
    /// A row that went.
    Delete,
}

/// A part of an outbox.
#[derive(Debug)]
pub struct Past {
    /// The results, the latest first; of each the diffs that are wanted. Those without any are left out.
    pub results: Vec<Looked>,
    /// The first sequence that the outbox still has; above the sequence of the results if it has none.
    pub from: u64,
    /// Before which sequence the next part begins; `None` at the end of the outbox.
    pub next: Option<u64>,
}

/// A result with the diffs that are wanted.
#[derive(Debug)]
pub struct Looked {
    /// The result, with the first of its diffs.
    pub result: QueryResult,
    /// How many of its diffs are wanted; `None` if it is too large to be looked at.
    pub count: Option<usize>,
}

impl Results {
    /// Returns at most `limit` results before a sequence, or the latest ones.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn past(&self, before: Option<u64>, limit: usize, wanted: &Wanted) -> Result<Past, Error> {
        let head = &self.feed().head;
        let from = head.low.max(1);
        let search = wanted.search.as_ref().filter(|text| !text.is_empty()).map(|text| text.to_lowercase());
        let is_wanted = |diff: &Diff| {
            wanted.kind.is_none_or(|kind| kind == Kind::of(diff))
                && search.as_ref().is_none_or(|text| values(diff).any(|value| has(value, text)))
        };
        let (mut results, mut bytes) = (Vec::new(), 0);
        let mut next = before.unwrap_or(u64::MAX).min(self.sequence + 1);
        for _ in 0..LOOKED_MAX {
            if next <= from || results.len() == limit || bytes >= READ_MAX {
                break;
            }
            next -= 1;
            let (result, read) = self.logged(next)?;
            bytes += read;
            results.extend(result.and_then(|result| looked(result, &is_wanted)));
        }
        Ok(Past { results, from, next: (next > from).then_some(next) })
    }

    /// Returns a result, or this value's part of it, and how many bytes were read for that. One that is too large is left
    /// without diffs.
    fn logged(&self, sequence: u64) -> Result<(Option<(QueryResult, bool)>, usize), Error> {
        let mut bytes = Vec::new();
        for part in self.feed().parts(self.epoch, sequence)? {
            bytes.extend_from_slice(&part?);
            // Of a part that belongs to one value nothing is known without all of it.
            if bytes.len() > READ_MAX && !self.is_of_a_value() {
                let mut reader = Reader::new("query result", &bytes);
                let (position, timestamp, _) = reader.entry_head()?;
                let result = QueryResult { sequence, position, timestamp, diffs: Vec::new() };
                return Ok((Some((result, false)), bytes.len()));
            }
        }
        if bytes.is_empty() {
            let missing = format!("the outbox of `{}` lacks result {sequence}", self.query_id);
            return Err(IndexError::corrupted(missing).into());
        }
        let result = Reader::new("query result", &bytes).result(sequence)?;
        Ok((self.part(result).map(|result| (result, true)), bytes.len()))
    }
}

impl Kind {
    fn of(diff: &Diff) -> Self {
        match diff {
            Diff::Add { .. } => Self::Add,
            Diff::Update { .. } => Self::Update,
            Diff::Delete { .. } => Self::Delete,
        }
    }
}

/// Keeps the diffs that are wanted; nothing if there are none.
fn looked((mut result, is_whole): (QueryResult, bool), is_wanted: &impl Fn(&Diff) -> bool) -> Option<Looked> {
    if !is_whole {
        return Some(Looked { result, count: None });
    }
    result.diffs.retain(is_wanted);
    let count = result.diffs.len();
    result.diffs.truncate(DIFFS_MAX);
    (count > 0).then_some(Looked { result, count: Some(count) })
}

/// The values of a diff, before and after.
fn values(diff: &Diff) -> impl Iterator<Item = &Value> {
    let (first, second): (&Columns, Option<&Columns>) = match diff {
        Diff::Add { data, .. } | Diff::Delete { data, .. } => (data, None),
        Diff::Update { before, after, .. } => (before, Some(after)),
    };
    first.iter().chain(second.into_iter().flat_map(|columns| columns.iter()))
}
