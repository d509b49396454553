//! What is measured: orders of customers in a database, and changes of random orders.

use crate::outcome::Outcome;
use std::path::Path;
use std::time::Duration;

/// How many orders there are.
pub const ORDERS: u64 = 100_000;
/// How many customers there are.
pub const CUSTOMERS: u64 = 1_000;

/// Returns the source that follows the tables of a database.
pub fn tables(kind: &str, url: &str) -> String {
    format!(
        "sources:
  - id: shop
    kind: {kind}
    url: \"{url}\"
    tables:
      - {{ table: customer, label: Customer }}
      - table: orders
        label: Order
        relationships: [ {{ type: PLACED_BY, table: customer, columns: [customer_id] }} ]
"
    )
}

/// A server whose commits wait for the disk, as they do by default, with the orders.
pub trait Database: Sync {
    /// Returns the sources of a configuration in this folder, and puts there what they need beside the server.
    ///
    /// # Errors
    /// Returns an error if a file cannot be written.
    fn sources(&self, folder: &Path) -> Outcome<String>;

    /// Returns the ids of those sources, with commas between.
    fn names(&self) -> &'static str {
        "shop"
    }

    /// Returns the sequence of the source `shop` once it has taken in what was there and so many transactions of so many
    /// rows.
    fn sequence(&self, transactions: u64, rows: u64) -> u64 {
        let _ = rows;
        transactions
    }

    /// Changes the totals of random orders, so many in each transaction; returns how long that took.
    fn write(&self, transactions: u64, rows: u64) -> Duration;

    /// Returns the name of the program that reads the server's log and does nothing else.
    fn reader(&self) -> &'static str;

    /// Writes as [`Database::write`] does, then reads that with that program; returns how long each took.
    ///
    /// # Errors
    /// Returns an error if that program fails.
    fn write_and_read(&self, transactions: u64, rows: u64) -> Outcome<(Duration, Duration)>;

    /// Returns how many rows the query must have, and the sum of their totals.
    fn count_and_sum(&self) -> String;
}
