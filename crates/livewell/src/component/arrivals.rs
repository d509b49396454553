//! When transactions came: the moments of recent positions, so that what comes of a transaction knows how old it is.

use super::lock::lock;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// From so many moments on, older ones are combined, so that the error stays small for the age.
const KEPT_MAX: usize = 1024;
/// The age of a position whose moment was combined with others is right to one part of so many.
const PRECISION: u32 = 16;
/// Commits within this time of each other share a moment.
const APART_MIN: Duration = Duration::from_millis(1);

/// The moments at which recent positions came, since the start of the process.
#[derive(Debug)]
pub(crate) struct Arrivals {
    /// The last position that came before this process.
    before: u64,
    came: Mutex<VecDeque<Arrival>>,
}

/// Several positions that came about together.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    /// The last of them.
    last: u64,
    /// When the first of them came.
    at: Instant,
}

impl Arrivals {
    /// Knows nothing of the positions up to `before`.
    pub(crate) fn after(before: u64) -> Self {
        Self { before, came: Mutex::default() }
    }

    /// Notes when the positions up to `last` came that are not known yet.
    pub(crate) fn note(&self, last: u64, at: Instant) {
        let mut came = lock(&self.came);
        // Positions of a commit that failed are assigned again.
        while came.back().is_some_and(|newest| newest.last >= last) {
            came.pop_back();
        }
        match came.back_mut() {
            Some(newest) if at.saturating_duration_since(newest.at) < APART_MIN => newest.last = last,
            _ => came.push_back(Arrival { last, at }),
        }
        if came.len() > KEPT_MAX {
            thin(&mut came);
        }
    }

    /// Calls `with` with the age of each of these positions that came in this process.
    pub(crate) fn ages(&self, positions: impl IntoIterator<Item = u64>, mut with: impl FnMut(Duration)) {
        let now = Instant::now();
        let came = lock(&self.came);
        for position in positions {
            let arrival = came.get(came.partition_point(|arrival| arrival.last < position));
            if let Some(arrival) = arrival.filter(|_| position > self.before) {
                with(now.saturating_duration_since(arrival.at));
            }
        }
    }
}

/// Combines moments that are close together for their age. What remains grows with the logarithm of the oldest age.
fn thin(came: &mut VecDeque<Arrival>) {
    let Some(newest) = came.back().map(|newest| newest.at) else { return };
    let mut kept: VecDeque<Arrival> = VecDeque::with_capacity(came.len());
    for arrival in came.drain(..) {
        match kept.back_mut() {
            Some(before) if arrival.at - before.at <= (newest - before.at) / PRECISION => {
                before.last = arrival.last;
            }
            _ => kept.push_back(arrival),
        }
    }
    *came = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(arrivals: &Arrivals, position: u64) -> Option<Duration> {
        let mut found = None;
        arrivals.ages([position], |age| found = Some(age));
        found
    }

    #[test]
    fn a_position_is_as_old_as_the_commit_that_brought_it() {
        let (arrivals, now) = (Arrivals::after(10), Instant::now());
        let ago = |seconds| now.checked_sub(Duration::from_secs(seconds)).unwrap();
        arrivals.note(20, ago(60));
        arrivals.note(30, ago(40));
        assert_eq!(age(&arrivals, 10), None, "it came before this process");
        assert_eq!(age(&arrivals, 31), None, "it has not come");
        for (position, seconds) in [(11, 60), (20, 60), (21, 40), (30, 40)] {
            let age = age(&arrivals, position).unwrap();
            assert!(
                age >= Duration::from_secs(seconds) && age < Duration::from_secs(seconds + 10),
                "{age:?}"
            );
        }
        // The commit of 21 to 30 failed, and another one got these numbers.
        arrivals.note(25, ago(20));
        assert!(age(&arrivals, 25).unwrap() < Duration::from_secs(30));
        assert_eq!(age(&arrivals, 26), None);
    }

    #[test]
    fn what_is_kept_has_a_limit_and_stays_right_for_its_age() {
        let (arrivals, now) = (Arrivals::after(0), Instant::now());
        let began = now.checked_sub(Duration::from_secs(10_000)).unwrap();
        for position in 1..=10_000 {
            arrivals.note(position, began + Duration::from_secs(position));
        }
        assert!(lock(&arrivals.came).len() <= KEPT_MAX);
        for position in [1, 2_500, 5_000, 9_000, 9_990, 10_000] {
            let age = age(&arrivals, position).unwrap().as_secs_f64();
            let right = (10_000 - position) as f64;
            assert!(age >= right - 0.1 && age <= right * 1.1 + 0.1, "{position}: {age}, not {right}");
        }
    }
}
