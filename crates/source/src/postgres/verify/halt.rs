//! What ends the comparison of a table early.

use crate::SourceError;

/// What ends the comparison of a table early.
pub(super) enum Halt {
    /// The catalogs have changed: the table begins again.
    Changed,
    /// The table cannot be compared now, with the reason.
    NotNow(String),
    Failed(SourceError),
}

impl From<SourceError> for Halt {
    fn from(error: SourceError) -> Self {
        Self::Failed(error)
    }
}
