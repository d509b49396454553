//! The open snapshots: how many there are, and since when the oldest is open.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long to wait for the last snapshots before reopening the file is put off.
const READERS_WAIT: Duration = Duration::from_millis(100);

/// The open snapshots.
#[derive(Default)]
pub(super) struct Open {
    seats: Mutex<Seats>,
    changed: Condvar,
}

/// A seat for each snapshot. Seats are used again, so that taking a snapshot allocates nothing.
#[derive(Default)]
struct Seats {
    /// Since when the snapshot on a seat is open.
    since: Vec<Option<Instant>>,
    free: Vec<usize>,
}

impl Seats {
    fn taken(&self) -> usize {
        self.since.len() - self.free.len()
    }
}

impl Open {
    fn lock(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more snapshot until the returned value is dropped.
    pub(super) fn count(self: &Arc<Self>) -> Counted {
        let now = Instant::now();
        let mut seats = self.lock();
        let seat = seats.free.pop().unwrap_or_else(|| {
            seats.since.push(None);
            seats.since.len() - 1
        });
        seats.since[seat] = Some(now);
        Counted { open: Arc::clone(self), seat }
    }

    /// Waits a little until no snapshot is open; returns whether that is so.
    pub(super) fn wait_for_none(&self) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), READERS_WAIT, |seats| seats.taken() > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.taken() == 0
    }

    /// Returns how many snapshots are open, and the age of the oldest.
    pub(super) fn ages(&self) -> (usize, Option<Duration>) {
        let seats = self.lock();
        (seats.taken(), seats.since.iter().flatten().min().map(Instant::elapsed))
    }
}

/// One counted snapshot.
pub(super) struct Counted {
    open: Arc<Open>,
    seat: usize,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut seats = self.open.lock();
        seats.since[self.seat] = None;
        seats.free.push(self.seat);
        if seats.taken() == 0 {
            self.open.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_snapshot_is_the_one_that_is_open_for_longest() {
        let open = Arc::new(Open::default());
        assert_eq!(open.ages(), (0, None));
        let first = open.count();
        let second = open.count();
        let (count, age) = open.ages();
        assert_eq!((count, age.is_some()), (2, true));
        let before = Instant::now();
        drop(first);
        let third = open.count();
        drop(second);
        let (count, age) = open.ages();
        assert!(count == 1 && age.is_some_and(|age| age <= before.elapsed()), "{count} {age:?}");
        assert!(!open.wait_for_none());
        drop(third);
        assert!(open.wait_for_none());
        assert_eq!(open.lock().since.len(), 2, "seats are used again");
    }
}
