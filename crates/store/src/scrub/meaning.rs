//! What the bytes of a store mean, which only their writers know.

use crate::catalog::Kind;
use crate::keyspace::Space;
use crate::{IndexError, Snapshot};

/// What the writers of a store know about its bytes.
pub trait Meaning {
    /// Refuses a value that is not what its key says: an element, a row, a whole log entry.
    ///
    /// # Errors
    /// Returns [`IndexError::Corrupted`] if it cannot be read.
    fn check_value(&self, kind: Kind, space: Space, value: &[u8]) -> Result<(), IndexError>;

    /// Compares what a component has set aside in `space` with its own count.
    ///
    /// # Errors
    /// Returns [`IndexError::Corrupted`] if they differ.
    fn check_set_aside(&self, snapshot: &dyn Snapshot, space: Space, number: u32) -> Result<(), IndexError>;
}
