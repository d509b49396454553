//! The world that a reaction acts on, as a test sees it.

use crate::Reaction;

/// The world a reaction acts on, seen by a test.
pub trait Bench {
    /// Returns a reaction on that world, as a new process would make it.
    fn reaction(&self) -> Box<dyn Reaction>;

    /// Returns what the reaction has effected so far, one line a query result (a row, for a state-keeper), as JSON.
    fn effects(&self) -> Vec<String>;

    /// Leaves what an interrupted delivery would leave. Does nothing if that is impossible.
    fn leave_half_an_effect(&self);
}
