//! Pages of one sequence: a few shared snapshots that are kept for a short time for readers of pages.

use super::problem::Problem;
use livewell::{Error, Results};
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
    /// The hash of the values that the pages are of; 0 for those of all.
    of: u64,
}

impl Cursor {
    /// Creates the cursor after `rows` rows of these results, of which `after` is the last.
    pub fn new(results: &Results, of: u64, rows: u64, after: u64) -> Self {
        Self { epoch: results.epoch, sequence: results.sequence, rows, after, of }
    }

    /// Parses a cursor that its `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = || parts.next()?.parse().ok();
        let (epoch, sequence, rows) = (number()?, number()?, number()?);
        let long = |text: &str| (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok())?;
        let after = long(parts.next()?)?;
        let of = parts.next().map_or(Some(0), long)?;
        parts.next().is_none().then_some(Self { epoch, sequence, rows, after, of })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { epoch, sequence, rows, after, of } = self;
        write!(f, "{epoch}-{sequence}-{rows}-{after:016x}")?;
        if *of == 0 { Ok(()) } else { write!(f, "-{of:016x}") }
    }
}

type Key = (String, u64, u64, u64);

/// The snapshots that pages are read from, by query, hash of the values, epoch and sequence.
#[derive(Default)]
pub struct Pins {
    kept: Mutex<HashMap<Key, (Instant, Results)>>,
}

impl Pins {
    /// Returns the results to read the page at `cursor` from; without a cursor the current ones, by `now`. `of` is the
    /// hash of their values, 0 for all.
    ///
    /// # Errors
    /// Returns 400 if the cursor is one of other values; 410 if its sequence is no longer kept and the query has moved on.
    pub fn results(
        &self,
        query: &str,
        of: u64,
        cursor: Option<Cursor>,
        now: impl FnOnce() -> Result<Results, Error>,
    ) -> Result<Results, Problem> {
        if cursor.is_some_and(|cursor| cursor.of != of) {
            return Err(Problem::new(400, "LW0701", "`cursor` is one of the pages of other values"));
        }
        if let Some(Cursor { epoch, sequence, .. }) = cursor {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            forget_old(&mut kept);
            if let Some((_, results)) = kept.get(&(query.to_owned(), of, epoch, sequence)) {
                return Ok(results.clone());
            }
        }
        let now = now()?;
        if cursor.is_some_and(|cursor| (cursor.epoch, cursor.sequence) != (now.epoch, now.sequence)) {
            let message = "the pages of this cursor are no longer kept; begin again without a cursor";
            return Err(Problem::new(410, "LW0706", message));
        }
        Ok(now)
    }

    /// Keeps these results, of values with this hash, for the pages to come.
    pub fn keep(&self, results: &Results, of: u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        forget_old(&mut kept);
        let key = (results.query_id.clone(), of, results.epoch, results.sequence);
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
        for of in [0, 0xbeef] {
            let cursor = Cursor { epoch: 3, sequence: 42, rows: 7, after: 0xc0ffee, of };
            assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        }
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
