//! The suite every reaction with effects outside passes; run it on your own one, too.
//!
//! A test implements [`Bench`] for the world its reaction acts on, and calls [`triggers`] or
//! [`state_keepers`]; or [`Mirrored`] for a target that keeps the checkpoint itself, and calls [`mirrors`]; or
//! [`Messaged`] for one that is sent messages under ids, and calls [`messengers`]. A promise that does not hold
//! panics and names itself.

mod history;
mod messenger;
mod mirror;
mod sample;
mod state_keeper;
mod trigger;

pub use history::History;
pub use messenger::{Messaged, messengers};
pub use mirror::{Behaviour, Mirrored, mirrors};
pub use sample::{Sample, columns, sample_rows};
pub use state_keeper::state_keepers;
pub use trigger::triggers;

use crate::{Reached, Reaction, ReactionError, Start, Started};
use livewell_model::Timestamp;
use std::sync::Arc;

/// Starts a reaction as the one named `sample` of one and the same store.
///
/// # Errors
/// As [`Reaction::start`].
pub fn start(reaction: &mut dyn Reaction, detail: Option<&[u8]>) -> Result<Started, ReactionError> {
    start_as(reaction, "sample", detail, &[])
}

/// Starts a reaction under a name, over queries that have come this far.
///
/// # Errors
/// As [`Reaction::start`].
pub fn start_as(
    reaction: &mut dyn Reaction,
    id: &str,
    detail: Option<&[u8]>,
    heads: &[Reached],
) -> Result<Started, ReactionError> {
    let now = Arc::new(|| Timestamp(1_700_000_000_000_000_000));
    reaction.start(&Start { store: STORE, reaction: id, detail, heads, now })
}

/// The identity of the store that samples come from.
pub const STORE: &str = "0123456789abcdef0123456789abcdef";

/// The world a reaction acts on, seen by a test.
pub trait Bench {
    /// A reaction on that world, as a new process would make it.
    fn reaction(&self) -> Box<dyn Reaction>;

    /// What the reaction has effected so far, one line a query result (a row, for a state-keeper), as JSON.
    fn effects(&self) -> Vec<String>;

    /// Leaves what a delivery leaves that was cut off in its middle. Does nothing where that cannot be.
    fn leave_half_an_effect(&self);
}
