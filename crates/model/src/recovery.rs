//! What a consumer does if it cannot simply resume.

use serde::{Deserialize, Deserializer, Serialize};

/// What a consumer does if the log no longer reaches back to its checkpoint, or is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// Stops with an error.
    #[default]
    Strict,
    /// Starts over from the current rows: for consumers that keep state.
    AutoReset,
    /// Skips what is gone and continues with the oldest entry that the log still holds: for triggers.
    AutoSkipGap,
}

/// Reads the recovery policy of a consumer that keeps state, which cannot skip a gap; for
/// `#[serde(deserialize_with)]`.
///
/// # Errors
/// Returns an error if it is neither of these two.
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
