//! A connection to the target, made anew where it was lost, on a runtime of its own.

use super::address::Address;
use crate::ReactionError;
use std::error::Error as _;
use std::future::Future;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, Transaction};

/// A connection that is driven by whoever asks something through it.
pub(super) struct Session {
    runtime: Runtime,
    address: Address,
    timeout: Duration,
    client: Option<Client>,
    /// What drives the connection.
    connection: Option<JoinHandle<()>>,
}

impl Session {
    /// A session that is not connected yet.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, ReactionError> {
        let refused = |cause| ReactionError::Refused { target: "the database".into(), cause };
        let mut address = Address::parse(url).map_err(refused)?;
        address.config.connect_timeout(timeout).tcp_user_timeout(timeout).application_name("livewell");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| refused(format!("no runtime: {error}")))?;
        Ok(Self { runtime, address, timeout, client: None, connection: None })
    }

    /// The database in words.
    pub fn target(&self) -> String {
        self.address.to_string()
    }

    /// Does `work` in one transaction, which is committed where it succeeds, within `patience` times the time-out.
    /// Whatever fails, the connection is given up: nobody knows what came through.
    ///
    /// # Errors
    /// As `work` has them; [`ReactionError::Away`] where the database cannot be reached or takes too long.
    pub fn transact<T>(
        &mut self,
        patience: u32,
        work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, ReactionError> {
        let target = self.target();
        let Self { runtime, address, timeout, client, connection } = self;
        let done = runtime.block_on(within(*timeout * patience, async {
            let mut connected = match client.take().filter(|client| !client.is_closed()) {
                Some(connected) => connected,
                None => connect(address, connection).await?,
            };
            let transaction = connected.transaction().await?;
            let done = work(&transaction).await?;
            transaction.commit().await?;
            *client = Some(connected);
            Ok(done)
        }));
        if done.is_err()
            && let Some(connection) = connection.take()
        {
            // Closed now: what it holds locked in the database would hold up the next attempt.
            connection.abort();
            let _ = runtime.block_on(connection);
        }
        done.map_err(|failure| failure.into_error(target))
    }
}

async fn within<T>(time: Duration, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let late = |_| Failure::Away(format!("no answer within {time:?}"));
    tokio::time::timeout(time, work).await.map_err(late)?
}

async fn connect(address: &Address, driver: &mut Option<JoinHandle<()>>) -> Result<Client, Failure> {
    let tls = address.tls().map_err(Failure::Refused)?;
    let (client, connection) = address.config.connect(tls).await?;
    // Its errors reach whoever uses the client.
    *driver = Some(tokio::spawn(async move { drop(connection.await) }));
    Ok(client)
}

/// Why a transaction was given up.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection or the server is away, or asks to come again.
    Away(String),
    /// The server will not do this.
    Refused(String),
    /// Anything that has its own error.
    Told(ReactionError),
}

impl Failure {
    fn into_error(self, target: String) -> ReactionError {
        match self {
            Self::Away(cause) => ReactionError::Away { target, cause, after: None },
            Self::Refused(cause) => ReactionError::Refused { target, cause },
            Self::Told(error) => error,
        }
    }
}

impl From<ReactionError> for Failure {
    fn from(error: ReactionError) -> Self {
        Self::Told(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let Some(told) = error.as_db_error() else {
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            // What a library cannot encode, or TLS cannot verify, does not pass by waiting.
            return if error.is_closed() || error.to_string().contains("connect") || !is_ours(&error) {
                Self::Away(cause)
            } else {
                Self::Refused(cause)
            };
        };
        let mut cause = told.message().to_owned();
        for more in [told.detail(), told.hint()].into_iter().flatten() {
            cause = format!("{cause}; {more}");
        }
        let cause = format!("{cause} ({})", told.code().code());
        // Classes of states: connections, shortages, interventions, the system, and who else was there.
        let passes = ["08", "53", "57", "58", "40"].iter().any(|class| told.code().code().starts_with(class))
            || *told.code() == SqlState::LOCK_NOT_AVAILABLE;
        if passes { Self::Away(cause) } else { Self::Refused(cause) }
    }
}

/// Whether the fault lies in what was asked and not on the way.
fn is_ours(error: &Error) -> bool {
    let text = error.to_string();
    text.contains("serializing") || text.contains("deserializing") || text.contains("configuration")
}
