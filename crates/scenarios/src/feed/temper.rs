//! How far a feed strays from the graph it leads to.

/// How far a feed strays from the graph it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Temper {
    /// The whole graph in one transaction.
    Whole,
    /// Every element once, in any order.
    Ordered,
    /// Elements come, go and come again, always right.
    Restless,
    /// Elements may be wrong first, and there is junk in between.
    Wild,
}
