//! The settings of `kind: redis`.

use crate::{Secret, SettingsError};
use livewell_model::period;
use redis::IntoConnectionInfo;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The settings of `kind: redis`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisSettings {
    /// `redis://user:password@host:6379/0`, or `rediss://` with TLS; never shown.
    pub url: Secret,
    /// How every key begins; all keys with this prefix belong to the reaction.
    pub prefix: String,
    /// The columns whose values follow the prefix.
    pub key: Vec<String>,
    /// How long connecting, and each call, may take.
    #[serde(default = "timeout", with = "period")]
    pub timeout: Duration,
}

fn timeout() -> Duration {
    Duration::from_secs(10)
}

impl RedisSettings {
    /// Returns the settings of a reaction that keeps keys at `url`, with every other setting at its default.
    pub fn to(url: &str, prefix: &str, key: &[&str]) -> Self {
        let key = key.iter().map(ToString::to_string).collect();
        Self { url: url.into(), prefix: prefix.to_owned(), key, timeout: timeout() }
    }

    /// Checks the settings by themselves.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let wrong = |field, message: &str| Err(SettingsError::Field { field, message: message.to_owned() });
        if self.url.reveal().into_connection_info().is_err() {
            return wrong("url", "this is not a URL of a Redis: `redis://host:6379` or `rediss://host:6379`");
        }
        if self.prefix.is_empty() {
            return wrong(
                "prefix",
                "`prefix` is empty: all keys of the database would belong to the reaction",
            );
        }
        if self.key.is_empty() {
            return wrong("key", "`key` is missing: name the columns that tell rows apart");
        }
        if self.timeout.is_zero() {
            return wrong("timeout", "a time-out is longer than 0s");
        }
        Ok(())
    }
}
