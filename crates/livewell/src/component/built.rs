//! How far a query is with building its rows.

use std::time::Instant;

/// How far the rows of a query are built.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BuildProgress {
    /// How many elements of its sources, or rows of the queries that it reads, have been read.
    pub elements: u64,
    /// About how many there are.
    pub elements_expected: u64,
    /// How many of them were read in a second, on average since the build began.
    pub elements_per_second: f64,
}

/// A build in progress.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Built {
    since: Instant,
    elements: u64,
    expected: u64,
}

impl Built {
    /// Creates what a build that begins has done, over about so many elements.
    pub(crate) fn begin(expected: u64) -> Self {
        Self { since: Instant::now(), elements: 0, expected }
    }

    /// Returns how far it is.
    pub(crate) fn progress(self) -> BuildProgress {
        let Self { since, elements, expected } = self;
        let seconds = since.elapsed().as_secs_f64().max(1e-3);
        // What came in meanwhile is not counted before.
        let elements_expected = expected.max(elements);
        BuildProgress { elements, elements_expected, elements_per_second: elements as f64 / seconds }
    }

    /// Counts elements that have been read.
    pub(crate) fn add(&mut self, elements: usize) {
        self.elements += elements as u64;
    }
}
