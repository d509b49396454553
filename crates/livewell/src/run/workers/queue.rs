//! What the workers have to do, and who of them does what.

use super::cell::Cell;
use super::deadlines::Deadlines;
use livewell_store::Ticket;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

/// With so many commits, a worker leads them although there are turns to do.
const COMMITS_FULL: usize = 256;
/// How many commits one worker leads before their tasks go on.
const COMMITS_MAX: usize = 1_024;

/// What the workers have to do, and who of them does what.
#[derive(Default)]
pub(super) struct Queue {
    /// The tasks that wait for a worker, the longest first.
    pub(super) ready: VecDeque<Arc<Cell>>,
    /// The tasks that wait for a commit.
    pub(super) commits: Vec<(Arc<Cell>, Ticket)>,
    /// Whether a worker leads commits.
    pub(super) is_led: bool,
    pub(super) deadlines: Deadlines,
    /// When the watcher looks at the deadlines.
    pub(super) next_look: Option<Instant>,
    /// Whether the watcher looks whether a turn takes long.
    pub(super) is_watched: bool,
    pub(super) has_watcher: bool,
    /// Since when each worker has been at its turn, but for those that take long.
    pub(super) turns: HashMap<usize, Instant>,
    /// How many workers are at work, but for those whose turns take long and the one that leads commits.
    pub(super) computing: usize,
    pub(super) asleep: usize,
    /// How many of those asleep are called, and count as at work.
    pub(super) called: usize,
    pub(super) workers: usize,
    pub(super) last_worker: usize,
    /// How many tasks have not ended.
    pub(super) tasks: usize,
    /// Whether the workers end with the last task.
    pub(super) is_closed: bool,
    pub(super) threads: Vec<JoinHandle<()>>,
}

/// What a worker does next.
pub(super) enum Work {
    Turn(Arc<Cell>),
    Commits(Vec<(Arc<Cell>, Ticket)>),
}

impl Queue {
    /// Returns whether there is something for a worker.
    pub(super) fn has_work(&self) -> bool {
        !self.ready.is_empty() || self.may_lead(1)
    }

    /// Returns whether all is done, for good.
    pub(super) fn is_over(&self) -> bool {
        self.is_closed && self.tasks == 0
    }

    /// Takes what a worker does next.
    pub(super) fn take(&mut self) -> Option<Work> {
        if !self.may_lead(COMMITS_FULL)
            && let Some(cell) = self.ready.pop_front()
        {
            return Some(Work::Turn(cell));
        }
        let count = self.commits.len().min(COMMITS_MAX);
        self.may_lead(1).then(|| Work::Commits(self.commits.drain(..count).collect()))
    }

    fn may_lead(&self, commits: usize) -> bool {
        !self.is_led && self.commits.len() >= commits
    }
}
