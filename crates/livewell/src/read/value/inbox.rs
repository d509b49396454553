//! What has been dealt to one listener and is not read yet.

use crate::component::bell::Bell;
use crate::component::lock::lock;
use livewell_model::QueryResult;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// So many results wait for a listener at most.
const RESULTS_MAX: usize = 64;
/// So many diffs wait for it at most, unless they are of one result.
const DIFFS_MAX: usize = 4_096;

/// The results of one value that wait for one listener.
#[derive(Debug)]
pub(crate) struct Inbox {
    bell: Arc<Bell>,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    results: VecDeque<Arc<QueryResult>>,
    diffs: usize,
    /// Where the listener is once it has read these.
    after: u64,
    /// Whether nothing more comes, since it was too slow or the dealer has stopped.
    is_cut: bool,
}

/// What a listener finds in its inbox.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// The next result.
    Result(Arc<QueryResult>),
    /// Nothing yet.
    Nothing,
    /// Everything up to this sequence was dealt, and nothing more comes: it has to read the rest itself.
    End(u64),
}

impl Inbox {
    /// Creates the inbox of a listener that has everything up to `after`.
    pub(crate) fn new(bell: Arc<Bell>, after: u64) -> Self {
        Self { bell, waiting: Mutex::new(Waiting { after, ..Waiting::default() }) }
    }

    /// Adds a result, unless the listener has it already. Returns false if there is no room: then nothing more comes.
    pub(crate) fn put(&self, result: &Arc<QueryResult>) -> bool {
        let mut waiting = lock(&self.waiting);
        if waiting.is_cut || result.sequence <= waiting.after {
            return !waiting.is_cut;
        }
        let diffs = waiting.diffs + result.diffs.len();
        let is_first = waiting.results.is_empty();
        if !is_first && (waiting.results.len() >= RESULTS_MAX || diffs > DIFFS_MAX) {
            waiting.is_cut = true;
            return false;
        }
        waiting.diffs = diffs;
        waiting.after = result.sequence;
        waiting.results.push_back(result.clone());
        true
    }

    /// Takes what comes next.
    pub(crate) fn take(&self) -> Found {
        let mut waiting = lock(&self.waiting);
        let Some(result) = waiting.results.pop_front() else {
            return if waiting.is_cut { Found::End(waiting.after) } else { Found::Nothing };
        };
        waiting.diffs -= result.diffs.len();
        if waiting.results.is_empty() {
            // Listeners are many and mostly wait.
            waiting.results = VecDeque::new();
        }
        Found::Result(result)
    }

    /// Returns the sequence up to which the listener has read everything, if `dealt` is what has been dealt to all;
    /// `None` while something waits for it.
    pub(crate) fn read_to(&self, dealt: u64) -> Option<u64> {
        let waiting = lock(&self.waiting);
        let to = if waiting.is_cut { waiting.after } else { waiting.after.max(dealt) };
        waiting.results.is_empty().then_some(to)
    }

    /// Ends it.
    pub(crate) fn cut(&self) {
        lock(&self.waiting).is_cut = true;
    }

    pub(crate) fn ring(&self) {
        self.bell.ring();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_model::{Diff, Timestamp};

    fn result(sequence: u64, diffs: usize) -> Arc<QueryResult> {
        let diff = |row_signature| Diff::Add { row_signature, data: [].into() };
        let diffs = (0..diffs as u64).map(diff).collect();
        Arc::new(QueryResult { sequence, position: sequence, timestamp: Timestamp(0), diffs })
    }

    #[test]
    fn a_listener_gets_each_result_once_and_knows_how_far_it_is() {
        let inbox = Inbox::new(Arc::default(), 5);
        assert_eq!(inbox.read_to(3), Some(5), "it was ahead of what was dealt");
        assert!(inbox.put(&result(4, 1)) && inbox.put(&result(7, 1)) && inbox.put(&result(9, 2)));
        assert_eq!(inbox.read_to(9), None);
        assert_eq!(inbox.take(), Found::Result(result(7, 1)));
        assert_eq!(inbox.take(), Found::Result(result(9, 2)));
        assert_eq!((inbox.take(), inbox.read_to(30)), (Found::Nothing, Some(30)));
    }

    #[test]
    fn a_slow_listener_is_cut_off_behind_what_it_has_and_holds_no_more() {
        for (diffs, room) in [(1, RESULTS_MAX), (DIFFS_MAX / 4, 4), (3 * DIFFS_MAX, 1)] {
            let inbox = Inbox::new(Arc::default(), 0);
            let fits = (1..).take_while(|sequence| inbox.put(&result(*sequence, diffs))).count();
            assert_eq!(fits, room, "of {diffs} diffs each");
            assert!(!inbox.put(&result(1_000, 0)), "there would be a hole");
            for sequence in 1..=room as u64 {
                assert_eq!(inbox.take(), Found::Result(result(sequence, diffs)));
            }
            assert_eq!((inbox.take(), inbox.read_to(1_000)), (Found::End(room as u64), Some(room as u64)));
        }
    }
}
