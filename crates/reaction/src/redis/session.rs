//! A connection to the target, made anew where it was lost.

use crate::{ReactionError, Secret};
use redis::{Client, Connection, ErrorKind, RedisError, RedisResult, ServerErrorKind};
use std::time::Duration;

/// How many keys are looked for, or read, at once.
const SCAN_COUNT: usize = 1_000;

/// A connection that is given up at the first error.
pub(super) struct Session {
    client: Client,
    target: String,
    timeout: Duration,
    connection: Option<Connection>,
}

impl Session {
    /// A session that is not connected yet.
    pub fn new(url: &Secret, timeout: Duration) -> Result<Self, ReactionError> {
        crate::tls::install();
        // The error of the parser may quote what it could not read.
        let client = Client::open(url.reveal()).map_err(|_| ReactionError::Refused {
            target: "Redis".into(),
            cause: "`url` cannot be read".into(),
        })?;
        let target = client.get_connection_info().addr().to_string();
        Ok(Self { client, target, timeout, connection: None })
    }

    /// Does `work` with a connection.
    ///
    /// # Errors
    /// [`ReactionError::Away`] where Redis cannot be reached, takes too long or is not ready; else
    /// [`ReactionError::Refused`].
    pub fn with<T>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, ReactionError> {
        let done = self.connected().and_then(|mut connection| {
            let done = work(&mut connection)?;
            self.connection = Some(connection);
            Ok(done)
        });
        done.map_err(|error| self.in_words(&error))
    }

    fn connected(&mut self) -> RedisResult<Connection> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let connection = self.client.get_connection_with_timeout(self.timeout)?;
        connection.set_read_timeout(Some(self.timeout))?;
        connection.set_write_timeout(Some(self.timeout))?;
        Ok(connection)
    }

    /// Every key that begins with `prefix`, with its value.
    pub fn entries(&mut self, prefix: &str) -> Result<Vec<(String, String)>, ReactionError> {
        self.with(|connection| {
            let (mut cursor, mut keys) = (0_u64, std::collections::BTreeSet::new());
            loop {
                let mut scan = redis::cmd("SCAN");
                scan.arg(cursor).arg("MATCH").arg(pattern(prefix)).arg("COUNT").arg(SCAN_COUNT);
                let (next, found): (u64, Vec<String>) = scan.query(connection)?;
                keys.extend(found);
                cursor = next;
                if cursor == 0 {
                    break;
                }
            }
            let keys: Vec<String> = keys.into_iter().collect();
            let mut entries = Vec::with_capacity(keys.len());
            for part in keys.chunks(SCAN_COUNT) {
                // A key of another type has no value that could be right.
                let values: Vec<Option<String>> = redis::cmd("MGET").arg(part).query(connection)?;
                let values = values.into_iter().map(Option::unwrap_or_default);
                entries.extend(part.iter().cloned().zip(values));
            }
            Ok(entries)
        })
    }

    fn in_words(&self, error: &RedisError) -> ReactionError {
        let target = self.target.clone();
        let passes = error.is_io_error()
            || error.is_timeout()
            || error.is_connection_dropped()
            || matches!(
                error.kind(),
                ErrorKind::Server(
                    ServerErrorKind::BusyLoading
                        | ServerErrorKind::TryAgain
                        | ServerErrorKind::ClusterDown
                        | ServerErrorKind::MasterDown
                        | ServerErrorKind::ReadOnly
                )
            );
        let cause = error.to_string();
        match passes {
            true if error.is_timeout() => ReactionError::Away {
                target,
                cause: format!("no answer within {:?}", self.timeout),
                after: None,
            },
            true => ReactionError::Away { target, cause, after: None },
            false => ReactionError::Refused { target, cause },
        }
    }
}

/// The prefix as a pattern that means nothing but itself.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::new();
    for c in prefix.chars() {
        if "*?[]^\\-".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern + "*"
}
