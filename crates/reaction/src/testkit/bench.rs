//! What a test shows of the world that a reaction acts on.

use crate::Reaction;

/// The world a reaction acts on, seen by a test.
pub trait Bench {
    /// A reaction on that world, as a new process would make it.
    fn reaction(&self) -> Box<dyn Reaction>;

    /// What the reaction has effected so far, one line a query result (a row, for a state-keeper), as JSON.
    fn effects(&self) -> Vec<String>;

    /// Leaves what a delivery leaves that was cut off in its middle. Does nothing where that cannot be.
    fn leave_half_an_effect(&self);
}
