//! How long an explanation may take, and how much it may hold.

use crate::{Error, ErrorKind};
use livewell_query::Meter;
use livewell_query::expression::EvalError;
use livewell_query::language::code;
use livewell_query::reference::why::{Stopped, stopped};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

type IsCancelled = Arc<dyn Fn() -> bool + Send + Sync>;

/// The limits of an explanation.
#[derive(Clone)]
pub struct Within {
    /// How many bytes it may hold in memory.
    pub bytes: usize,
    /// How long it may take.
    pub time: Duration,
    is_cancelled: IsCancelled,
}

impl fmt::Debug for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within").field("bytes", &self.bytes).field("time", &self.time).finish_non_exhaustive()
    }
}

impl Within {
    /// Creates limits of memory, in bytes, and of time.
    pub fn new(bytes: usize, time: Duration) -> Self {
        Self { bytes, time, is_cancelled: Arc::new(|| false) }
    }

    /// Also ends soon after `is_cancelled` returns true.
    #[must_use]
    pub fn until(self, is_cancelled: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let before = self.is_cancelled;
        Self { is_cancelled: Arc::new(move || before() || is_cancelled()), ..self }
    }

    /// Begins to count.
    pub(crate) fn begin(&self) -> Limited {
        // Without a deadline if it is further away than the clock reaches.
        let (deadline, is_cancelled) = (Instant::now().checked_add(self.time), self.is_cancelled.clone());
        let is_over = move || is_past(deadline) || is_cancelled();
        let meter = Meter::cancelled_by(self.bytes, is_over);
        Limited { meter, deadline, within: self.clone() }
    }
}

/// An explanation that has begun.
pub(crate) struct Limited {
    pub(crate) meter: Meter,
    deadline: Option<Instant>,
    within: Within,
}

impl Limited {
    /// Returns whether nobody waits for it any more.
    pub(crate) fn is_cancelled(&self) -> bool {
        !is_past(self.deadline) && (self.within.is_cancelled)()
    }

    /// Returns the error of what was cancelled.
    pub(super) fn cancelled(&self, query: &str) -> Error {
        let message = format!("explaining `{query}` was cancelled before its end");
        Error::new(ErrorKind::Unavailable, "LW0802", message)
    }

    /// Returns the error of reading, in words about this if a limit was reached.
    pub(super) fn named(&self, query: &str, error: Error) -> Error {
        match error.code {
            code::CANCELLED => self.stopped(query, Stopped::Time),
            code::STEP_BYTES => self.stopped(query, Stopped::Memory),
            _ => error,
        }
    }

    /// Returns the error of an evaluation.
    pub(super) fn of_evaluation(&self, query: &str, error: EvalError) -> Error {
        match stopped(&error) {
            Some(at) => self.stopped(query, at),
            None => Error::stopped(error.code, error.message),
        }
    }

    fn stopped(&self, query: &str, at: Stopped) -> Error {
        if self.is_cancelled() {
            return self.cancelled(query);
        }
        let why = match at {
            Stopped::Time => format!("takes longer than {:?}", self.within.time),
            Stopped::Memory => format!("takes more than {} bytes of memory", self.within.bytes),
            Stopped::Matches => "has too many partial matches".to_owned(),
        };
        let message = format!(
            "explaining `{query}` {why}, so it was given up; name more of the row, or stop the server and run \
             `livewell why {query} --store DIRECTORY`"
        );
        Error::stopped("LW0802", message)
    }
}

fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}
