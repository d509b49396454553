//! What is measured: orders of customers in a database, and changes of random orders.

use crate::outcome::Outcome;
use std::time::Duration;

/// How many orders there are.
pub const ORDERS: u64 = 100_000;
/// How many customers there are.
pub const CUSTOMERS: u64 = 1_000;

/// A server whose commits wait for the disk, as they do by default, with the orders.
pub trait Database: Sync {
    /// Returns the kind of the source that follows it.
    fn kind(&self) -> &'static str;

    /// Returns the URL of the server.
    fn url(&self) -> String;

    /// Changes the totals of random orders, so many in each transaction; returns how long that took.
    fn write(&self, transactions: u64, rows: u64) -> Duration;

    /// Returns the name of the program that comes with the server and reads its log.
    fn reader(&self) -> &'static str;

    /// Writes as [`Database::write`] does, then reads that with the server's own program; returns how long each took.
    ///
    /// # Errors
    /// Returns an error if that program fails.
    fn write_and_read(&self, transactions: u64, rows: u64) -> Outcome<(Duration, Duration)>;

    /// Returns how many rows the query must have, and the sum of their totals.
    fn count_and_sum(&self) -> String;
}
