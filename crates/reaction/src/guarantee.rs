//! What a reaction promises about effects outside.

/// How often the effect of each result is there, whatever crashes in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarantee {
    /// Exactly once.
    ExactlyOnce,
    /// At least once, in order; a repeated message has the same key, if it has one.
    AtLeastOnce,
    /// The target is always one whole state of the live results.
    Whole,
}

impl Guarantee {
    /// Returns its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExactlyOnce => "exactly_once",
            Self::AtLeastOnce => "at_least_once",
            Self::Whole => "whole",
        }
    }
}
