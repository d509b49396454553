//! Batches: changes of bags of rows, which operators hand on to each other.

use livewell_model::Value;

/// One row in flight: its slots, and how often it comes (positive) or goes (negative).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighted {
    /// The row's values.
    pub row: Vec<Value>,
    /// How many copies come; negative: go.
    pub weight: i64,
}

/// The change of a bag of rows.
pub type Batch = Vec<Weighted>;
