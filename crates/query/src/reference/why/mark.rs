//! The places at which rows are counted, in the order in which rows come to them.

/// A step, or what is given behind it (or, of a node that is given, before it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) step: usize,
    /// 0: a given before the step, 1: the step, 2: a given behind it.
    pub(super) phase: u8,
    /// The number of the given.
    pub(super) given: usize,
}

impl Mark {
    pub(super) fn of_step(step: usize) -> Self {
        Self { step, phase: 1, given: 0 }
    }
}
