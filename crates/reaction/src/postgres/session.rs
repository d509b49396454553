//! Transactions at the target over a connection that is replaced once it is lost, on a runtime of its own.

use super::login::Connected;
use crate::ReactionError;
use livewell_link::postgres::{self as link, Address, server_message, session};
use std::error::Error as _;
use std::future::Future;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::{Error, Transaction};

/// What makes a text mean the same whatever the settings of the role and the database are: a time without an offset is
/// in UTC, and floats are printed with all of their digits.
const READS_TEXT: &str = "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; \
    SET LOCAL intervalstyle = 'iso_8601'; SET LOCAL extra_float_digits = 1;";

/// A connection that is driven by whoever asks something through it.
pub(super) struct Session {
    runtime: Runtime,
    address: Address,
    timeout: Duration,
    connected: Option<Connected>,
}

impl Session {
    /// A session that is not connected yet.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, ReactionError> {
        let refused = |cause| ReactionError::Refused { target: "the database".into(), cause };
        let mut address = Address::parse(url).map_err(|error| refused(error.to_string()))?;
        address.keepalive.user_timeout.get_or_insert(timeout);
        address.connect_timeout = address.connect_timeout.map(|wanted| wanted.min(timeout));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| refused(format!("no runtime: {error}")))?;
        Ok(Self { runtime, address, timeout, connected: None })
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
        let done = self.attempt(self.timeout * patience, work);
        if done.is_err()
            && let Some(connected) = self.connected.take()
        {
            // What it holds locked in the database would hold up the next attempt.
            connected.close(&self.runtime);
        }
        done.map_err(|failure| failure.into_error(self.target()))
    }

    fn attempt<T>(
        &mut self,
        limit: Duration,
        work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
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
            transaction.commit().await?;
            Ok(done)
        }))
    }
}

async fn within<T>(time: Duration, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let late = |_| Failure::Away(format!("no answer within {time:?}"));
    tokio::time::timeout(time, work).await.map_err(late)?
}

/// Why a transaction was given up.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection or the server is away, or asks to come again.
    Away(String),
    /// The server will not do this.
    Refused(String),
    /// The server does not take these values.
    Rejected(Rejection),
    /// Anything that has its own error.
    Told(ReactionError),
}

/// Why values were not taken: a type cannot hold them, or a constraint does not allow them.
#[derive(Debug)]
pub(super) struct Rejection {
    /// The server's message, in one line.
    pub cause: String,
    /// The five characters of its code.
    pub state: String,
    /// The column that may not be null.
    pub column: Option<String>,
    /// The constraint.
    pub constraint: Option<String>,
}

impl Failure {
    fn into_error(self, target: String) -> ReactionError {
        match self {
            Self::Away(cause) => ReactionError::Away { target, cause, after: None },
            Self::Refused(cause) | Self::Rejected(Rejection { cause, .. }) => {
                ReactionError::Refused { target, cause }
            }
            Self::Told(error) => error,
        }
    }
}

impl From<ReactionError> for Failure {
    fn from(error: ReactionError) -> Self {
        Self::Told(error)
    }
}

impl From<link::Failure> for Failure {
    fn from(failure: link::Failure) -> Self {
        match failure {
            link::Failure::Away(cause) => Self::Away(cause),
            link::Failure::Refused(cause) => Self::Refused(cause),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let Some(told) = error.as_db_error() else {
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            return match link::Failure::of_stream(&error) {
                link::Failure::Refused(cause) => Self::Refused(cause),
                link::Failure::Away(_) if is_ours(&error) => Self::Refused(cause),
                link::Failure::Away(_) => Self::Away(cause),
            };
        };
        let more = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let state = told.code().code();
        let cause = server_message(told.message(), &more(told.detail()), &more(told.hint()), state);
        if passes(state) {
            return Self::Away(cause);
        }
        if !REJECTING_CLASSES.iter().any(|class| state.starts_with(class)) {
            return Self::Refused(cause);
        }
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        Self::Rejected(Rejection {
            cause,
            state: state.to_owned(),
            column: owned(told.column()),
            constraint: owned(told.constraint()),
        })
    }
}

/// Classes of a server's states that pass: connections, who else was there, shortages (disk, memory, connections), who
/// intervened (a shutdown, a start, a time-out), and the system below.
const PASSING_CLASSES: [&str; 5] = ["08", "40", "53", "57", "58"];

/// States of other classes that pass: a server that only reads, as after a failover until this session finds the new one;
/// transactions that took too long; objects and locks in use; snapshots that are too old.
const PASSING: [&str; 6] = ["25006", "25P03", "25P04", "55006", "55P03", "72000"];

/// Classes of states that are about values: what types hold, constraints, checks of views, limits of what an index or a
/// row holds, and what triggers raise.
const REJECTING_CLASSES: [&str; 5] = ["22", "23", "44", "54", "P0"];

/// Whether what a server said may pass although nobody changes what is asked of it.
fn passes(state: &str) -> bool {
    PASSING_CLASSES.iter().any(|class| state.starts_with(class)) || PASSING.contains(&state)
}

/// Whether the fault lies in what was asked, or in who asked, and not on the way.
fn is_ours(error: &Error) -> bool {
    let text = error.to_string();
    ["serializing", "deserializing", "configuration", "authentication"].iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_a_server_that_pass_are_told_from_those_that_somebody_has_to_mend() {
        for state in [
            "08006", "25006", "25P03", "25P04", "40001", "40P01", "53100", "53200", "53300", "55006",
            "55P03", "57014", "57P01", "57P02", "57P03", "57P05", "58030",
        ] {
            assert!(passes(state), "{state}");
        }
        for state in [
            "22001", "22003", "22P02", "23502", "23505", "23514", "25001", "28P01", "28000", "3D000",
            "42501", "42703", "42804", "42P01", "55000", "0A000", "XX001", "P0001",
        ] {
            assert!(!passes(state), "{state}");
        }
    }
}
