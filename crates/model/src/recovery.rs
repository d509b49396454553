//! What a consumer does when it cannot simply read on.

use serde::{Deserialize, Deserializer, Serialize};

/// What a consumer does when the log no longer reaches back to its checkpoint, or is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// Stops with an error.
    #[default]
    Strict,
    /// Starts over from what is true now: for what keeps state.
    AutoReset,
    /// Continues with the oldest entry that is there and leaves out what is gone: for triggers.
    AutoSkipGap,
}

/// Reads the recovery of what keeps state, which cannot skip a gap; for `#[serde(deserialize_with)]`.
///
/// # Errors
/// Returns an error if it is not one of these two.
pub fn of_state<'de, D: Deserializer<'de>>(input: D) -> Result<Recovery, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum OfState {
        Strict,
        AutoReset,
    }
    Ok(match OfState::deserialize(input)? {
        OfState::Strict => Recovery::Strict,
        OfState::AutoReset => Recovery::AutoReset,
    })
}
