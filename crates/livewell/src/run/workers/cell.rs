//! A task among others: whether it has something to do, and who may touch it.

use crate::component::Component;
use crate::component::lock::lock;
use crate::run::supervise::panicked;
use crate::run::task::{Next, Task};
use livewell_store::Ticket;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::Wake;

/// It waits for its bell.
const IDLE: u8 = 0;
/// It waits for a worker.
const READY: u8 = 1;
/// A worker has it, or its commit has no outcome yet.
const TAKEN: u8 = 2;
/// As before, and its bell was rung since.
const TAKEN_AND_RUNG: u8 = 3;
/// It goes on no more.
const ENDED: u8 = 4;

/// Where tasks wait for a worker.
pub(super) trait Ready: Send + Sync {
    /// Adds a task that has become ready.
    fn is_ready(self: Arc<Self>, cell: Arc<Cell>);
}

/// A task and its state.
pub(super) struct Cell {
    pub(super) component: Arc<Component>,
    workers: Weak<dyn Ready>,
    state: AtomicU8,
    /// Held by whoever has taken it; gone at its end.
    task: Mutex<Option<Box<dyn Task>>>,
}

impl Cell {
    /// Creates the cell of a task that waits for a worker.
    pub(super) fn new(workers: Weak<dyn Ready>, component: &Arc<Component>, task: Box<dyn Task>) -> Self {
        Self {
            component: component.clone(),
            workers,
            state: AtomicU8::new(READY),
            task: Mutex::new(Some(task)),
        }
    }

    /// Does one turn; it was ready.
    pub(super) fn turn(&self) -> Next {
        self.state.swap(TAKEN, Ordering::AcqRel);
        self.caught(|task| task.turn())
    }

    /// Waits for a commit, and goes on.
    pub(super) fn commit(&self, ticket: Ticket) -> Next {
        self.caught(|task| task.committed(ticket.wait()))
    }

    /// Makes it ready again after a turn.
    pub(super) fn is_ready(&self) {
        self.state.swap(READY, Ordering::AcqRel);
    }

    /// Lets it wait for its bell after a turn. Returns false if that was rung meanwhile: then it is ready.
    pub(super) fn idle(&self) -> bool {
        let idle = self.state.compare_exchange(TAKEN, IDLE, Ordering::AcqRel, Ordering::Acquire);
        if idle.is_err() {
            self.is_ready();
        }
        idle.is_ok()
    }

    /// Notes that its bell was rung. Returns whether it waited for that: then it is ready.
    pub(super) fn ring(&self) -> bool {
        // Written even where it stays as it is, so that the next turn sees all that was done before the ring.
        let rung = |state| {
            Some(match state {
                IDLE => READY,
                TAKEN => TAKEN_AND_RUNG,
                other => other,
            })
        };
        self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, rung) == Ok(IDLE)
    }

    /// Calls the task. A panic is an error of this component alone.
    fn caught(&self, call: impl FnOnce(&mut dyn Task) -> Next) -> Next {
        let mut held = lock(&self.task);
        let Some(task) = held.as_deref_mut() else { return Next::End };
        let next = catch_unwind(AssertUnwindSafe(|| call(task)))
            .or_else(|panic| {
                let error = panicked(&self.component.id, &*panic);
                catch_unwind(AssertUnwindSafe(|| task.panicked(&error)))
            })
            .unwrap_or(Next::End);
        if matches!(next, Next::End) {
            self.state.swap(ENDED, Ordering::AcqRel);
            self.component.bell.wakes(None);
            *held = None;
        }
        next
    }
}

impl Wake for Cell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.ring()
            && let Some(workers) = self.workers.upgrade()
        {
            workers.is_ready(self.clone());
        }
    }
}
