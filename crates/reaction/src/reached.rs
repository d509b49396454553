//! How far a target is in the results of a query.

use livewell_model::SmolStr;

/// The progress of the outside world in the results of one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The query.
    pub query_id: SmolStr,
    /// The epoch the sequence counts in.
    pub epoch: u64,
    /// The last sequence that was effected; 0: the epoch's base.
    pub sequence: u64,
    /// The position of the store that led to it.
    pub position: u64,
}
