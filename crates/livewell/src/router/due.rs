//! When the first timers of queries with seats are due, as far as that is known.
//!
//! A timer is due at the first transaction whose time reaches it, whether that touches the query or not. Which timers a
//! query has changes with what it steps over; until it has stepped, it is shown all transactions, and finds out.

use super::member::Timing;
use livewell_model::Timestamp;
use std::collections::BTreeSet;

/// The first timers of all members.
#[derive(Debug, Default)]
pub(super) struct Due {
    order: BTreeSet<(Timestamp, usize)>,
    /// The members whose first timer is not known, or is due at the next transaction.
    open: BTreeSet<usize>,
}

impl Due {
    /// Notes when the first timer of a member is due.
    pub(super) fn know(&mut self, number: usize, timing: Timing) {
        self.open.remove(&number);
        match timing.due {
            None => {}
            Some(due) if due <= timing.own => drop(self.open.insert(number)),
            Some(due) => drop(self.order.insert((due, number))),
        }
    }

    /// Notes that a member's first timer is not known any more. Returns whether it was.
    pub(super) fn doubt(&mut self, number: usize, timing: Timing) -> bool {
        self.forget_due(number, timing);
        self.open.insert(number)
    }

    /// Forgets a member.
    pub(super) fn forget(&mut self, number: usize, timing: Timing) {
        self.forget_due(number, timing);
        self.open.remove(&number);
    }

    fn forget_due(&mut self, number: usize, timing: Timing) {
        if let Some(due) = timing.due {
            self.order.remove(&(due, number));
        }
    }

    /// Takes a member whose first timer is due by this time; it is not known any more.
    pub(super) fn reached(&mut self, time: Timestamp) -> Option<usize> {
        let first = self.order.first().copied().filter(|(due, _)| *due <= time)?;
        self.order.remove(&first);
        self.open.insert(first.1);
        Some(first.1)
    }

    /// Returns the members whose first timer is not known.
    pub(super) fn open(&self) -> Vec<usize> {
        self.open.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(own: i64, due: Option<i64>) -> Timing {
        Timing { own: Timestamp(own), due: due.map(Timestamp) }
    }

    #[test]
    fn a_member_is_open_from_its_timer_on_until_it_is_known_again() {
        let mut due = Due::default();
        due.know(1, timing(0, Some(10)));
        due.know(2, timing(0, Some(5)));
        due.know(3, timing(0, None));
        due.know(4, timing(7, Some(7)));
        assert_eq!((due.reached(Timestamp(4)), due.open()), (None, vec![4]));
        assert_eq!((due.reached(Timestamp(10)), due.reached(Timestamp(10))), (Some(2), Some(1)));
        assert_eq!((due.reached(Timestamp(10)), due.open()), (None, vec![1, 2, 4]));
        due.know(2, timing(10, Some(20)));
        assert!(due.doubt(2, timing(10, Some(20))) && !due.doubt(2, timing(10, Some(20))));
        assert_eq!((due.reached(Timestamp(99)), due.open()), (None, vec![1, 2, 4]));
        due.forget(2, timing(10, Some(20)));
        due.know(4, timing(9, None));
        assert_eq!(due.open(), [1]);
    }
}
