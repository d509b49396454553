//! An order of a query's rows, pinned to one sequence and read by offset.
//!
//! A view holds which row is where, in twelve bytes a row, and no snapshot: a snapshot that is held for as long as
//! somebody looks keeps the store from using its space again. What a row *has* is read when it is asked for, as it is
//! then. So each row says whether it is still the one that was sorted: changed, or gone.

mod asked;
mod build;

use crate::Error;
use crate::read::results::Results;
use livewell_model::SmolStr;
use livewell_model::diff::Columns;

pub use asked::{Asked, Sort};
pub use build::Bounds;

/// The order of the rows of a query, or of one value, at one sequence.
#[derive(Debug)]
pub struct View {
    /// The query's id.
    pub query_id: String,
    /// The epoch that the sequence counts in.
    pub epoch: u64,
    /// The sequence whose rows are in order.
    pub sequence: u64,
    /// The position of the store up to which everything is included.
    pub position: u64,
    /// The names of the columns.
    pub columns: Vec<SmolStr>,
    /// Whether the order is the one of the query's ORDER BY.
    pub is_own_order: bool,
    signatures: Box<[u64]>,
    prints: Box<[u32]>,
}

/// A row in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Its signature.
    pub row_signature: u64,
    /// Its values as they are now; `None` if it is gone.
    pub columns: Option<Columns>,
    /// Whether it is another than the one that was sorted. Of four billion rows that have changed, one may seem not to have.
    pub is_changed: bool,
}

impl View {
    /// How many rows are in it.
    pub fn total(&self) -> usize {
        self.signatures.len()
    }

    /// How many bytes its order takes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.signatures) + size_of_val(&*self.prints)
    }

    /// Returns at most `limit` rows from `offset` on, with the values that they have in `now`: results of the same query, the
    /// same values and the same epoch. None behind the end.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn page(&self, now: &Results, offset: usize, limit: usize) -> Result<Vec<Placed>, Error> {
        let places = self.signatures.iter().zip(&self.prints).skip(offset).take(limit);
        let placed = places.map(|(&row_signature, print)| {
            let found = now.at(row_signature)?;
            let is_changed = found.as_ref().is_none_or(|(now, _)| now != print);
            Ok(Placed { row_signature, columns: found.map(|(_, columns)| columns), is_changed })
        });
        placed.collect()
    }
}
