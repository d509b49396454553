//! Starting reactions as the driver does.

use crate::{Reached, Reaction, ReactionError, Start, Started};
use livewell_model::Timestamp;
use std::sync::Arc;

/// Starts a reaction as the one named `sample` of one and the same store.
///
/// # Errors
/// Returns the errors of [`Reaction::start`].
pub fn start(reaction: &mut dyn Reaction, detail: Option<&[u8]>) -> Result<Started, ReactionError> {
    start_as(reaction, "sample", detail, &[])
}

/// Starts a reaction under a name, over queries that have come this far.
///
/// # Errors
/// Returns the errors of [`Reaction::start`].
pub fn start_as(
    reaction: &mut dyn Reaction,
    id: &str,
    detail: Option<&[u8]>,
    heads: &[Reached],
) -> Result<Started, ReactionError> {
    let now = Arc::new(|| Timestamp(1_700_000_000_000_000_000));
    reaction.start(&Start { store: STORE, reaction: id, detail, heads, now, attempts: Arc::default() })
}

/// The identity of the store that samples come from.
pub const STORE: &str = "0123456789abcdef0123456789abcdef";
