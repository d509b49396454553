//! A row that differed when it was compared, and the outcome of reading it again.

use crate::postgres::visible::Visible;
use std::sync::Arc;

/// A row that differed.
#[derive(Debug, Default)]
pub(super) struct Suspect {
    /// The texts of its key's columns.
    pub cells: Vec<String>,
    /// The state when it was last read again.
    pub last: Option<Seen>,
    /// How many times in a row it was wrong.
    pub wrong: u32,
}

/// One reading of a suspect.
#[derive(Debug)]
pub(super) struct Seen {
    pub digest: u64,
    /// The transactions that may be stored but that the snapshot does not see.
    pub unseen: Arc<[u64]>,
}

impl Suspect {
    pub fn new(cells: Vec<String>) -> Self {
        Self { cells, ..Self::default() }
    }

    /// Records the current state; counts it if the row was wrong between the last time and this one.
    pub fn see(&mut self, digest: u64, unseen: &Arc<[u64]>, snapshots: &[Visible]) {
        let is_wrong = self.last.as_ref().is_some_and(|last| {
            let is_seen = |transaction| snapshots.iter().all(|snapshot| snapshot.sees(transaction));
            last.digest == digest && last.unseen.iter().all(|transaction| is_seen(*transaction))
        });
        self.wrong = if is_wrong { self.wrong + 1 } else { 0 };
        self.last = Some(Seen { digest, unseen: unseen.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspect_is_wrong_only_if_it_stays_and_the_snapshot_sees_what_is_stored() {
        let unseen = |transactions: &[u64]| Arc::<[u64]>::from(transactions);
        let snapshot = |text: &str| [Visible::parse(text).unwrap()];
        let mut suspect = Suspect::default();
        let mut wrong = |digest, stored: &[u64], seen: &str| {
            suspect.see(digest, &unseen(stored), &snapshot(seen));
            suspect.wrong
        };
        assert_eq!(wrong(1, &[12], "10:12:"), 0, "it was seen only once");
        assert_eq!(
            wrong(1, &[12], "12:13:12"),
            0,
            "what is stored may be that of a transaction not seen yet"
        );
        assert_eq!(wrong(1, &[12], "13:13:"), 1);
        assert_eq!(wrong(1, &[], "13:13:"), 2);
        assert_eq!(wrong(2, &[], "14:14:"), 0, "it has changed");
    }
}
