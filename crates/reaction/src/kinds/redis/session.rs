//! A connection to the target, opened again if it was lost.

use super::RedisSettings;
use crate::{ReactionError, Secret};
use livewell_model::probe::Probed;
use redis::{Client, Connection, FromRedisValue, RedisError, RedisResult};
use std::time::Duration;

/// How many keys are scanned or read at once.
const SCAN_COUNT: usize = 1_000;

/// The codes of errors that may pass: memory, replicas or the disk are short, the server starts, runs a script, is a
/// replica that may become the master, or its cluster is changing.
const PASSING: [&str; 9] =
    ["OOM", "NOREPLICAS", "MISCONF", "LOADING", "BUSY", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"];

/// Looks at the Redis that the settings name.
pub(super) fn probe(settings: &RedisSettings) -> Result<Probed, ReactionError> {
    Session::new(&settings.url, settings.timeout)?.probe()
}

/// A connection that is given up at the first error.
pub(super) struct Session {
    client: Client,
    target: String,
    timeout: Duration,
    connection: Option<Connection>,
}

impl Session {
    /// Creates a session that is not connected yet.
    pub fn new(url: &Secret, timeout: Duration) -> Result<Self, ReactionError> {
        crate::tls::install();
        // The error of the parser may quote the secret.
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
    /// Returns [`ReactionError::Away`] if Redis cannot be reached, takes too long or is not ready; else
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

    /// Calls `each` with the keys that begin with `prefix`, in parts. Redis may return a key more than once.
    pub fn scan<K: FromRedisValue>(
        &mut self,
        prefix: &str,
        mut each: impl FnMut(&mut Self, Vec<K>) -> Result<(), ReactionError>,
    ) -> Result<(), ReactionError> {
        let mut cursor = 0_u64;
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(pattern(prefix)).arg("COUNT").arg(SCAN_COUNT);
            let (next, found): (u64, Vec<K>) = self.with(|connection| scan.query(connection))?;
            if !found.is_empty() {
                each(self, found)?;
            }
            cursor = next;
            if cursor == 0 {
                return Ok(());
            }
        }
    }

    /// Returns the values of these keys; `None` of one that is gone, or is not a text.
    pub fn values(&mut self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, ReactionError> {
        self.with(|connection| redis::cmd("MGET").arg(keys).query(connection))
    }

    /// Returns every key that begins with `prefix`, with its value.
    pub fn entries(&mut self, prefix: &str) -> Result<Vec<(String, String)>, ReactionError> {
        let mut keys = std::collections::BTreeSet::new();
        self.scan(prefix, |_, found: Vec<String>| {
            keys.extend(found);
            Ok(())
        })?;
        let keys: Vec<String> = keys.into_iter().collect();
        self.with(|connection| {
            let mut entries = Vec::with_capacity(keys.len());
            for part in keys.chunks(SCAN_COUNT) {
                // A key of another type can never be right.
                let values: Vec<Option<String>> = redis::cmd("MGET").arg(part).query(connection)?;
                let values = values.into_iter().map(Option::unwrap_or_default);
                entries.extend(part.iter().cloned().zip(values));
            }
            Ok(entries)
        })
    }

    /// Returns what the server is.
    fn probe(&mut self) -> Result<Probed, ReactionError> {
        let (role, (seconds, micros)): (redis::Value, (i64, i64)) = self.with(|connection| {
            let role = redis::cmd("ROLE").query(connection)?;
            Ok((role, redis::cmd("TIME").query(connection)?))
        })?;
        let role: String = match role {
            redis::Value::Array(parts) => {
                parts.first().and_then(|first| redis::from_redis_value_ref(first).ok()).unwrap_or_default()
            }
            _ => String::new(),
        };
        if role != "master" {
            let cause = format!("it is a {role}, which takes no writes; name the master");
            return Err(ReactionError::Refused { target: self.target.clone(), cause });
        }
        Ok(Probed::new(format!("Redis at {}, a master", self.target))
            .at_micros(Some(seconds * 1_000_000 + micros)))
    }

    fn in_words(&self, error: &RedisError) -> ReactionError {
        let target = self.target.clone();
        let passes = error.is_io_error()
            || error.is_timeout()
            || error.is_connection_dropped()
            || is_passing(error.code().unwrap_or_default(), error.detail().unwrap_or_default());
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

/// Returns whether an error of the server may pass by itself.
fn is_passing(code: &str, detail: &str) -> bool {
    // Servers before 7 pass on the error within a script as text, after a code of their own.
    PASSING.contains(&code)
        || PASSING.iter().any(|code| detail.contains(&format!("-{code} ")))
        || detail.contains("max number of clients")
}

/// Returns the prefix escaped as a pattern that matches only itself.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_somebody_has_to_mend() {
        let in_script = "Error running script (call to f_1): @user_script:9: @user_script: 9: -OOM command not allowed when used memory > 'maxmemory'.";
        for (code, detail) in PASSING
            .map(|code| (code, ""))
            .into_iter()
            .chain([("ERR", in_script), ("ERR", "max number of clients reached")])
        {
            assert!(is_passing(code, detail), "{code} {detail}");
        }
        for (code, detail) in [
            ("NOPERM", "this user has no permissions to run the 'evalsha' command"),
            ("WRONGTYPE", "Operation against a key holding the wrong kind of value"),
            ("WRONGPASS", "invalid username-password pair"),
            ("NOAUTH", "Authentication required."),
            ("MOVED", "3999 127.0.0.1:6381"),
            ("CROSSSLOT", "Keys in request don't hash to the same slot"),
            ("ERR", "unknown command 'EVALSHA'"),
            ("", ""),
        ] {
            assert!(!is_passing(code, detail), "{code} {detail}");
        }
    }
}
