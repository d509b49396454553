//! Work that is done in turns, so that no thread waits where there is nothing to do.

use crate::Error;
use livewell_store::{IndexError, Ticket};
use std::time::Duration;

/// A component's work, a turn at a time.
pub(crate) trait Task: Send {
    /// Does some of what there is to do.
    fn turn(&mut self) -> Next;

    /// Goes on when the commit of the last turn has its outcome. Must be short: others wait for theirs.
    fn committed(&mut self, outcome: Result<(), IndexError>) -> Next;

    /// Goes on after a panic. What it left half done is only in memory.
    fn panicked(&mut self, error: &Error) -> Next;
}

/// When a task goes on.
pub(crate) enum Next {
    /// In its turn; there may be more to do.
    Again,
    /// When this commit has its outcome.
    Commit(Ticket),
    /// When its bell rings, or after this time.
    Wait(Duration),
    /// Never.
    End,
}
