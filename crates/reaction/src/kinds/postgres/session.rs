//! Transactions at the target over a connection that is replaced once it is lost, on a runtime of its own.

use super::failure::Failure;
use super::login::Connected;
use crate::ReactionError;
use livewell_link::postgres::{Address, session};
use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::Transaction;

/// Settings that make a text mean the same whatever the settings of the role and the database are: a time without an
/// offset is in UTC, and floats are printed with all of their digits.
const READS_TEXT: &str = "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; \
    SET LOCAL intervalstyle = 'iso_8601'; SET LOCAL extra_float_digits = 1;";

/// A connection that is driven while a request uses it.
pub(super) struct Session {
    runtime: Runtime,
    address: Address,
    timeout: Duration,
    connected: Option<Connected>,
}

impl Session {
    /// Creates a session that is not connected yet.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, ReactionError> {
        let refused = |cause| ReactionError::Refused { target: "the database".into(), cause };
        let mut address = Address::parse(url).map_err(|error| refused(error.to_string()))?;
        address.keepalive.user_timeout.get_or_insert(timeout);
        address.connect_timeout = address.connect_timeout.map(|wanted| wanted.min(timeout));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| refused(format!("no runtime: {error}")))?;
        Ok(Self { runtime, address, timeout, connected: None })
    }

    /// Returns the database in words.
    pub fn target(&self) -> String {
        self.address.to_string()
    }

    /// Does `work` in one transaction, which is committed if it succeeds, within `patience` times the time-out. After
    /// any failure the connection is dropped, since it is not known what reached the server.
    ///
    /// # Errors
    /// Returns the error of `work`, or [`ReactionError::Away`] if the database cannot be reached or takes too long.
    pub fn transact<T>(
        &mut self,
        patience: u32,
        work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, ReactionError> {
        let done = self.transact_unless(patience, async |transaction| Ok(Ok(work(transaction).await?)))?;
        Ok(done.unwrap_or_else(|never: Infallible| match never {}))
    }

    /// Like [`Session::transact`], but the transaction is rolled back if `work` returns `Ok(Err)`: it found a reason not
    /// to commit, and the connection is fine.
    ///
    /// # Errors
    /// Returns the errors of [`Session::transact`].
    pub fn transact_unless<T, R>(
        &mut self,
        patience: u32,
        work: impl AsyncFnOnce(&Transaction<'_>) -> Result<Result<T, R>, Failure>,
    ) -> Result<Result<T, R>, ReactionError> {
        let done = self.attempt(self.timeout * patience, work);
        if done.is_err()
            && let Some(connected) = self.connected.take()
        {
            // Its locks in the database would delay the next attempt.
            connected.close(&self.runtime);
        }
        done.map_err(|failure| failure.into_error(self.target()))
    }

    fn attempt<T, R>(
        &mut self,
        limit: Duration,
        work: impl AsyncFnOnce(&Transaction<'_>) -> Result<Result<T, R>, Failure>,
    ) -> Result<Result<T, R>, Failure> {
        let Self { runtime, address, timeout, connected } = self;
        let connected = match connected {
            Some(connected) if !connected.client.is_closed() => connected,
            none => none.insert(Connected::open(address, runtime, *timeout)?),
        };
        runtime.block_on(within(limit, async {
            let settings = session::in_transaction(connected.major, limit) + READS_TEXT;
            let transaction = connected.client.transaction().await?;
            // The server gets both at once, in this order.
            let set = async { Ok(transaction.batch_execute(&settings).await?) };
            let ((), done) = futures::future::try_join(set, work(&transaction)).await?;
            match done {
                Ok(_) => transaction.commit().await?,
                Err(_) => transaction.rollback().await?,
            }
            Ok(done)
        }))
    }
}

async fn within<T>(time: Duration, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let late = |_| Failure::Away(format!("no answer within {time:?}"));
    tokio::time::timeout(time, work).await.map_err(late)?
}
