//! The position of a subscriber.

/// The position of a subscriber in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The epoch.
    pub epoch: u64,
    /// The last sequence seen.
    pub sequence: u64,
}
