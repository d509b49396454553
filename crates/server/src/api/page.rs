//! Pages of one sequence: a few shared snapshots that are kept for a short time for readers of pages.

use super::problem::Problem;
use livewell::{Livewell, Results};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many snapshots are kept.
const PINS_MAX: usize = 16;
/// How long a snapshot is kept.
const AGE_MAX: Duration = Duration::from_secs(300);

/// Where the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    epoch: u64,
    sequence: u64,
    /// How many rows the pages before had.
    pub rows: u64,
    /// The last row signature of the page before.
    pub after: u64,
}

impl Cursor {
    /// Creates the cursor after `rows` rows of these results, of which `after` is the last.
    pub fn new(results: &Results, rows: u64, after: u64) -> Self {
        Self { epoch: results.epoch, sequence: results.sequence, rows, after }
    }

    /// Parses a cursor that its `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = || parts.next()?.parse().ok();
        let (epoch, sequence, rows) = (number()?, number()?, number()?);
        let after = parts.next()?;
        let after = (after.len() == 16).then(|| u64::from_str_radix(after, 16).ok())??;
        parts.next().is_none().then_some(Self { epoch, sequence, rows, after })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { epoch, sequence, rows, after } = self;
        write!(f, "{epoch}-{sequence}-{rows}-{after:016x}")
    }
}

type Key = (String, u64, u64);

/// The snapshots that pages are read from, by query, epoch and sequence.
#[derive(Default)]
pub struct Pins {
    kept: Mutex<HashMap<Key, (Instant, Results)>>,
}

impl Pins {
    /// Returns the results to read the page at `cursor` from; without a cursor the current results.
    ///
    /// # Errors
    /// Returns 410 if the sequence of the cursor is no longer kept and the query has moved on.
    pub fn results(
        &self,
        livewell: &Livewell,
        query: &str,
        cursor: Option<Cursor>,
    ) -> Result<Results, Problem> {
        if let Some(Cursor { epoch, sequence, .. }) = cursor {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            forget_old(&mut kept);
            if let Some((_, results)) = kept.get(&(query.to_owned(), epoch, sequence)) {
                return Ok(results.clone());
            }
        }
        let now = livewell.results(query)?;
        if cursor.is_some_and(|cursor| (cursor.epoch, cursor.sequence) != (now.epoch, now.sequence)) {
            let message = "the pages of this cursor are no longer kept; begin again without a cursor";
            return Err(Problem::new(410, "LW0706", message));
        }
        Ok(now)
    }

    /// Keeps these results for the pages to come.
    pub fn keep(&self, results: &Results) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        forget_old(&mut kept);
        let key = (results.query_id.clone(), results.epoch, results.sequence);
        if !kept.contains_key(&key) && kept.len() >= PINS_MAX {
            let oldest = kept.iter().min_by_key(|(_, (since, _))| *since).map(|(key, _)| key.clone());
            oldest.and_then(|key| kept.remove(&key));
        }
        kept.entry(key).or_insert_with(|| (Instant::now(), results.clone()));
    }

    /// Releases snapshots that are too old.
    pub fn sweep(&self) {
        forget_old(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn forget_old(kept: &mut HashMap<Key, (Instant, Results)>) {
    kept.retain(|_, (since, _)| since.elapsed() < AGE_MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text_and_nothing_else_is_one() {
        let cursor = Cursor { epoch: 3, sequence: 42, rows: 7, after: 0xc0ffee };
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        for text in [
            "",
            "3-42",
            "3-42-7-c0ffee",
            "3-42-0000000000c0ffee",
            "3-42-7-0000000000c0ffee-1",
            "-3-42-7-0000000000c0ffee",
            "3-x-7-0000000000c0ffee",
        ] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }
}
