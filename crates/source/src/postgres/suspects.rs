//! Transactions that may have altered tables without the stream saying so, and from which position of the store on they
//! are in the way of calling it checked.

use super::visible::Visible;
use std::collections::BTreeMap;

/// Up to where everything is what the catalogs say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Through {
    /// Nothing is in the way.
    All,
    /// Up to this position of the store.
    Position(u64),
    /// That is not known of any position.
    Unknown,
}

impl Through {
    /// The position, if it is limited to one.
    pub fn position(self) -> Option<u64> {
        match self {
            Self::Position(position) => Some(position),
            Self::All | Self::Unknown => None,
        }
    }

    /// Limits it to this position, if there is one.
    pub fn and(self, limit: Option<u64>) -> Self {
        match (self, limit) {
            (Self::All, Some(limit)) => Self::Position(limit),
            (Self::Position(position), Some(limit)) => Self::Position(position.min(limit)),
            (through, _) => through,
        }
    }
}

/// The transactions that may have altered tables, and how far the store is.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// Each with the last position that was stored before it can have committed, if that is known.
    found: BTreeMap<u64, Option<u64>>,
    /// The store's position, once something was written on this connection.
    stored: Option<u64>,
    /// The position that was stored when transactions were last looked for, or one that is checked.
    cleared: Option<u64>,
}

impl Suspects {
    /// Takes note of the position that is stored from now on.
    pub fn reach(&mut self, position: u64) {
        self.stored = Some(position);
    }

    /// Takes note that no transaction to be found later can have committed before this position, which is checked.
    pub fn clear_through(&mut self, position: u64) {
        self.cleared = self.cleared.max(Some(position));
    }

    /// Takes note of the transactions that may be altering tables. One that was not among them the last time commits
    /// behind all that had been read then.
    pub fn meet(&mut self, altering: Vec<u64>) {
        for transaction in altering {
            self.found.entry(transaction).or_insert(self.cleared);
        }
        self.cleared = self.cleared.max(self.stored);
    }

    /// Up to which position none of them is in the way, once this is visible.
    pub fn through(&mut self, seen: &Visible) -> Through {
        let stored = self.stored;
        // One that has nothing behind it yet is found again if something comes.
        self.found
            .retain(|transaction, before| !seen.sees(*transaction) && (before.is_none() || *before < stored));
        match self.found.values().min() {
            None => Through::All,
            Some(Some(position)) => Through::Position(*position),
            Some(None) => Through::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Visible {
        Visible::parse(text).unwrap()
    }

    #[test]
    fn what_is_stored_after_a_transaction_may_have_committed_waits_until_that_is_visible() {
        let mut suspects = Suspects::default();
        suspects.reach(3);
        suspects.meet(Vec::new());
        assert_eq!(suspects.through(&seen("7:7:")), Through::All);
        suspects.reach(4);
        suspects.meet(vec![7]);
        assert_eq!(suspects.through(&seen("7:9:7")), Through::Position(3));
        assert_eq!(suspects.through(&seen("7:9:7")).and(Some(2)), Through::Position(2));
        suspects.reach(5);
        suspects.meet(vec![7]);
        assert_eq!(suspects.through(&seen("7:9:7")), Through::Position(3), "it may have committed long ago");
        suspects.meet(Vec::new());
        assert_eq!(suspects.through(&seen("9:9:")), Through::All);
    }

    #[test]
    fn what_was_stored_before_a_transaction_was_there_does_not_wait_for_it() {
        let mut suspects = Suspects::default();
        suspects.reach(3);
        suspects.meet(vec![7]);
        assert_eq!(suspects.through(&seen("7:9:7")), Through::Unknown, "nobody has looked before");
        suspects.meet(vec![8]);
        assert_eq!(suspects.through(&seen("8:9:8")), Through::All, "7 is over, and nothing came since");
        suspects.reach(4);
        suspects.meet(vec![8, 9]);
        assert_eq!(suspects.through(&seen("8:10:8,9")), Through::Position(3));
        suspects.clear_through(4);
        suspects.reach(5);
        suspects.meet(vec![10]);
        assert_eq!(suspects.through(&seen("10:11:10")), Through::Position(4));
    }

    #[test]
    fn transactions_are_found_before_anything_is_written_on_a_connection() {
        let mut suspects = Suspects::default();
        suspects.meet(vec![7]);
        assert_eq!(suspects.through(&seen("7:9:7")), Through::Unknown);
        assert_eq!(suspects.through(&seen("7:9:7")).and(Some(2)), Through::Unknown);
        assert_eq!(suspects.through(&seen("9:9:")), Through::All);
    }
}
