//! What ends the comparison of a table early.

use crate::SourceError;

/// What ends the comparison of a table early.
pub(super) enum Halt {
    /// The catalogs are not what they were: the table is begun again.
    Changed,
    /// It cannot be compared now, and why.
    NotNow(String),
    Failed(SourceError),
}

impl From<SourceError> for Halt {
    fn from(error: SourceError) -> Self {
        Self::Failed(error)
    }
}
