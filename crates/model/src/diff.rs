//! Diffs: the changes that one transaction made to the rows of one query.

use crate::{Timestamp, Value};
use std::sync::Arc;

/// The values of one row, in the order of the query's columns.
pub type Columns = Arc<[Value]>;

/// A change of one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Diff {
    /// The row is gone.
    Delete {
        /// The row's signature.
        row_signature: u64,
        /// The values that it had.
        data: Columns,
    },
    /// The row stays, with other values.
    Update {
        /// The row's signature.
        row_signature: u64,
        /// The values that it had.
        before: Columns,
        /// The values that it has now.
        after: Columns,
    },
    /// The row is new.
    Add {
        /// The row's signature.
        row_signature: u64,
        /// The values that it has.
        data: Columns,
    },
}

impl Diff {
    /// Returns the signature of the row.
    pub fn row_signature(&self) -> u64 {
        match self {
            Self::Delete { row_signature, .. }
            | Self::Update { row_signature, .. }
            | Self::Add { row_signature, .. } => *row_signature,
        }
    }

    /// Returns the sort key of diffs within one result: DELETE, UPDATE, ADD, each by signature.
    pub fn order(&self) -> (u8, u64) {
        let rank = match self {
            Self::Delete { .. } => 0,
            Self::Update { .. } => 1,
            Self::Add { .. } => 2,
        };
        (rank, self.row_signature())
    }
}

/// The diffs that one transaction caused in one query, under the query's next sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryResult {
    /// Its number in the query's epoch: 1, 2, 3, ...
    pub sequence: u64,
    /// The position of the transaction that caused it.
    pub position: u64,
    /// The time of the transaction that caused it.
    pub timestamp: Timestamp,
    /// The diffs, in the order of [`Diff::order`]; never empty.
    pub diffs: Vec<Diff>,
}
