//! Holds on the logs of sources: how much of them somebody who follows no feed still has to read.

use super::lock::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// All holds on logs.
#[derive(Debug, Default)]
pub(crate) struct Holds(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    last: u64,
    /// By their numbers: the feed, and the last sequence that has been read.
    holds: BTreeMap<u64, (u32, u64)>,
}

/// A hold on the log of one feed, until it is dropped.
#[derive(Debug)]
pub(crate) struct Hold<'a> {
    holds: &'a Holds,
    number: u64,
}

impl Holds {
    /// Holds the whole log of a feed as it is now. What a commit deletes that has begun already, is in the log of no
    /// snapshot that is taken after.
    pub(crate) fn hold(&self, feed: u32) -> Hold<'_> {
        let mut held = lock(&self.0);
        held.last += 1;
        let number = held.last;
        held.holds.insert(number, (feed, 0));
        Hold { holds: self, number }
    }

    /// Returns the least sequence of a feed that all holders have read; `None` if nobody holds its log.
    pub(crate) fn read_by_all(&self, feed: u32) -> Option<u64> {
        lock(&self.0).holds.values().filter(|(of, _)| *of == feed).map(|(_, read)| *read).min()
    }
}

impl Hold<'_> {
    /// Lets go what comes before and at `sequence`.
    pub(crate) fn has_read(&self, sequence: u64) {
        if let Some((_, read)) = lock(&self.holds.0).holds.get_mut(&self.number) {
            *read = sequence;
        }
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        lock(&self.holds.0).holds.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_holder_counts_until_it_is_dropped() {
        let holds = Holds::default();
        assert_eq!(holds.read_by_all(1), None);
        let (slow, fast, other) = (holds.hold(1), holds.hold(1), holds.hold(2));
        assert_eq!(holds.read_by_all(1), Some(0));
        slow.has_read(3);
        fast.has_read(7);
        other.has_read(1);
        assert_eq!(holds.read_by_all(1), Some(3));
        drop(slow);
        assert_eq!(holds.read_by_all(1), Some(7));
        drop((fast, other));
        assert_eq!((holds.read_by_all(1), holds.read_by_all(2)), (None, None));
    }
}
