//! The stream of changes, the queries over it, and how many results they must have.

use std::time::Duration;

/// How many readings there are, which the first so many changes insert.
pub const READINGS: u64 = 1_000;

/// What the queries wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Each for one reading to have one of a hundred values: a change concerns the queries of its reading, if any.
    Alerts,
    /// Each for any reading below one of a hundred values: a change concerns half of the queries.
    Ranges,
}

impl Kind {
    /// Returns the kind of this name, or alerts without a name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "" | "alerts" => Some(Self::Alerts),
            "ranges" => Some(Self::Ranges),
            _ => None,
        }
    }

    /// Returns what a plot of it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Alerts => "Each query waits for one value of one reading",
            Self::Ranges => "A change concerns half of the queries",
        }
    }

    /// Returns the text of the query with this number.
    pub fn text(self, query: u64) -> String {
        let condition = match self {
            Self::Alerts => format!("n.value = 50 AND n.id = 'r{}'", query % READINGS),
            Self::Ranges => format!("n.value < {}", bound(query)),
        };
        format!("MATCH (n:Reading) WHERE {condition} RETURN n.id AS id, n.value AS value")
    }

    /// Returns whether the query with this number has a row of `reading` when it has this value.
    fn has_row(self, query: u64, reading: u64, value: u64) -> bool {
        match self {
            Self::Alerts => value == 50 && query % READINGS == reading,
            Self::Ranges => value < bound(query),
        }
    }

    /// Returns how many results so many queries have of so many changes, beginning with the first that updates.
    ///
    /// Counts query by query, as neither side does.
    pub fn results(self, queries: u64, changes: u64) -> u64 {
        let mut count = 0;
        for change in READINGS..READINGS + changes {
            // A reading has its turn once in so many changes.
            let (reading, old, new) = (reading(change), value(change - READINGS), value(change));
            // A row that stays as it is makes no result; one that comes, goes or differs makes one.
            if old != new {
                let has_row = |query| self.has_row(query, reading, old) || self.has_row(query, reading, new);
                count += (0..queries).filter(|query| has_row(*query)).count() as u64;
            }
        }
        count
    }
}

/// Returns below which value the query with this number has its rows: 50 for the first, around 50 for few, and each of
/// the hundred for one in a hundred.
fn bound(query: u64) -> u64 {
    (50 + query * 37) % 100
}

/// What one side has taken for the stream.
pub struct Run {
    /// The processor time of the whole process, until all queries have seen all changes.
    pub processor: Duration,
    /// How many results all queries together have had.
    pub results: u64,
}

/// One change: what a reading is now.
pub struct Reading {
    /// Its id.
    pub id: String,
    /// Its value.
    pub value: i64,
    /// Whether this inserts it.
    pub is_new: bool,
}

/// Returns the change with this number.
pub fn change(number: u64) -> Reading {
    Reading { id: format!("r{}", reading(number)), value: value(number) as i64, is_new: number < READINGS }
}

/// Returns whose turn it is: all readings, in an order without a pattern.
fn reading(number: u64) -> u64 {
    number * 7_919 % READINGS
}

/// Returns one of a hundred values, in an order without a pattern.
fn value(number: u64) -> u64 {
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % 100
}
