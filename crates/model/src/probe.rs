//! What a look at the other side of a source or reaction finds, without any effect there.

use crate::Timestamp;

/// A server that could be reached and lets a component do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// What it is, and what it permits, in words.
    pub found: String,
    /// Its clock, if it tells the time.
    pub clock: Option<Timestamp>,
}

impl Probed {
    /// Creates the outcome of a server that does not tell the time.
    pub fn new(found: impl Into<String>) -> Self {
        Self { found: found.into(), clock: None }
    }

    /// Returns this with the server's clock, in microseconds since 1970.
    #[must_use]
    pub fn at_micros(self, micros: Option<i64>) -> Self {
        Self { clock: micros.map(|micros| Timestamp(micros.saturating_mul(1_000))), ..self }
    }
}
