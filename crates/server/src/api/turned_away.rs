//! How many changes may be in the audit log that are refused before their call is looked at: for a missing or wrong token,
//! a scope, a limit, a name.
//!
//! Each is a line of the audit log, so that attempts show. Whoever has no token can make any number of them and must not
//! fill a disk with that: calls with a known token and all others have a bucket of lines each, and a line says how many
//! before it were left out.

use super::buckets::Bucket;
use smol_str::SmolStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many lines there are at once, and after how long there is one more.
const LINES_MAX: u32 = 60;
const PAUSE: Duration = Duration::from_secs(10);

/// The name of the token of a call that was refused, an extension of its answer.
#[derive(Debug, Clone)]
pub struct Refused(pub SmolStr);

/// How many lines there may still be, of calls with a known token and of others.
#[derive(Debug, Default)]
pub struct TurnedAway {
    known: Mutex<Lines>,
    unknown: Mutex<Lines>,
}

#[derive(Debug)]
struct Lines {
    bucket: Bucket,
    left_out: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Self { bucket: Bucket::new(LINES_MAX, PAUSE), left_out: 0 }
    }
}

impl Lines {
    /// Returns how many lines were left out before this one; `None` if it is to be left out, too.
    fn take(&mut self, now: Instant) -> Option<u64> {
        if self.bucket.take(now) {
            return Some(std::mem::take(&mut self.left_out));
        }
        self.left_out += 1;
        None
    }
}

impl TurnedAway {
    /// Returns how many lines were left out before that of a call; `None` if its line is to be left out, too.
    pub fn take(&self, is_known: bool, now: Instant) -> Option<u64> {
        let lines = if is_known { &self.known } else { &self.unknown };
        lines.lock().unwrap_or_else(PoisonError::into_inner).take(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_has_few_lines_and_the_next_one_says_how_many_it_was() {
        let (turned_away, start) = (TurnedAway::default(), Instant::now());
        let flood = |now| (0..10_000).filter(|_| turned_away.take(false, now).is_some()).count();
        assert_eq!(flood(start), LINES_MAX as usize);
        assert_eq!(turned_away.take(true, start), Some(0), "strangers hide no caller with a token");
        let left_out = 10_000 - u64::from(LINES_MAX);
        assert_eq!(turned_away.take(false, start + PAUSE), Some(left_out));
        assert_eq!(turned_away.take(false, start + PAUSE), None);
        assert_eq!(turned_away.take(false, start + PAUSE * 2), Some(1));
    }
}
