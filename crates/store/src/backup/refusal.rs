//! Why a backup is not made, or not accepted.

/// Why a backup is not made, or not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The directory holds no complete backup.
    #[error("{0}")]
    NotWhole(String),
    /// A backup or a store cannot be put there.
    #[error("{0}")]
    Place(String),
}

impl Refusal {
    /// Returns the code that `docs/errors` explains.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotWhole(_) => "LW0311",
            Self::Place(_) => "LW0312",
        }
    }
}
