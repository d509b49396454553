//! Verification on the handle: a query against its evaluation from scratch, a source against its database.

use crate::Error;
use crate::livewell::Livewell;
use crate::read::value::values::Values;
use crate::read::verify::{Progress, Verification, Verified};
use livewell_query::Meter;
use std::sync::atomic::Ordering;

impl Livewell {
    /// Compares a query's live results with its evaluation from scratch.
    ///
    /// ```
    /// # use livewell::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let livewell = Livewell::builder().store(MemoryStore::new()).build()?;
    /// # let orders = livewell.add_source(InProcess::new("orders")).await?;
    /// livewell.add_query(Query::cypher("all", "MATCH (o:Order) RETURN o.id AS id").from("orders")).await?;
    /// let verified = livewell.unblock(|livewell| livewell.verify("all")).await?;
    /// assert!(verified.differences.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`crate::read::verify::verify`].
    pub fn verify(&self, query: &str) -> Result<Verified, Error> {
        self.verify_within(query, usize::MAX, || false, &|_| ())
    }

    /// Like [`Livewell::verify`], but holds at most `bytes_max` bytes in memory, ends within about two seconds once
    /// `is_cancelled` returns true or this is stopped, and calls `on_progress` from time to time.
    ///
    /// # Errors
    /// Returns the errors of [`crate::read::verify::verify_within`].
    pub fn verify_within(
        &self,
        query: &str,
        bytes_max: usize,
        is_cancelled: impl Fn() -> bool + Send + Sync + 'static,
        on_progress: &dyn Fn(Progress),
    ) -> Result<Verified, Error> {
        self.verify_some(query, None, bytes_max, is_cancelled, on_progress)
    }

    /// Like [`Livewell::verify_within`], but compares one value of a query with `for_each`: its rows with the evaluation
    /// of the query with that parameter.
    ///
    /// # Errors
    /// Returns the errors of [`crate::read::verify::verify_value_within`].
    pub fn verify_value_within(
        &self,
        query: &str,
        values: &Values,
        bytes_max: usize,
        is_cancelled: impl Fn() -> bool + Send + Sync + 'static,
        on_progress: &dyn Fn(Progress),
    ) -> Result<Verified, Error> {
        self.verify_some(query, Some(values), bytes_max, is_cancelled, on_progress)
    }

    fn verify_some(
        &self,
        query: &str,
        of: Option<&Values>,
        bytes_max: usize,
        is_cancelled: impl Fn() -> bool + Send + Sync + 'static,
        on_progress: &dyn Fn(Progress),
    ) -> Result<Verified, Error> {
        let shared = self.shared.clone();
        let is_over = move || shared.stopping.load(Ordering::Acquire) || is_cancelled();
        let (store, holds) = (&*self.shared.store, Some(&self.shared.holds));
        let meter = Meter::cancelled_by(bytes_max, is_over);
        Verification { store, holds, meter, on_progress }.run(query, of)
    }

    /// Compares what is stored of a source with its database, all tables or one, while the source keeps running. Blocks until that is
    /// done.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for an unknown id; [`crate::ErrorKind::Invalid`] if it is a source of
    /// another kind than `postgres` and `mysql`, or has no table of this name; [`crate::ErrorKind::Unavailable`] if the database is
    /// out of reach or the source is being stopped.
    pub fn verify_source(
        &self,
        id: &str,
        table: Option<&str>,
    ) -> Result<crate::read::verify::SourceVerified, Error> {
        self.verify_source_within(id, table, &|| false)
    }

    /// Like [`Livewell::verify_source`], but ends soon after `is_cancelled` returns true.
    ///
    /// # Errors
    /// Returns the errors of [`Livewell::verify_source`]; [`crate::ErrorKind::Unavailable`] if it is cancelled.
    pub fn verify_source_within(
        &self,
        id: &str,
        table: Option<&str>,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<crate::read::verify::SourceVerified, Error> {
        let component = self.shared.source(id)?;
        let other_side =
            crate::component::lock::lock(&self.other_sides).get(id).cloned().ok_or_else(|| {
                let message = format!(
                    "`{id}` has no database to compare it with; only sources of kind `postgres` and `mysql` have one"
                );
                Error::invalid("LW0539", message)
            })?;
        crate::source::upstream::verify(&self.shared, &component, &*other_side, table, is_cancelled)
    }
}
