//! The settings of a `mysql` source.

use super::contract::{Clock, Settings, validate_common, wall};
use super::file::OnError;
use super::postgres::{DatabaseUrl, TableSettings};
use crate::SourceError;
use crate::limits::{PARKED_BYTES, PARKED_MAX};
use livewell_model::Recovery;
use livewell_model::component::is_component_id;
use livewell_model::recovery::of_state;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A source that follows tables of a MariaDB database by its binary log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MysqlSettings {
    /// The source's id.
    pub id: String,
    /// The database: `mysql://user:password@host:3306/database?sslmode=verify-full`.
    pub url: DatabaseUrl,
    /// The tables; those without a database are of that in the URL.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableSettings>,
    /// The number by which the server knows this reader of its log, different from that of every other reader and
    /// server; if absent, one is made of the ids of the source and of the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<u32>,
    /// What happens where the changes since the last position cannot be had or followed.
    #[serde(default, deserialize_with = "of_state")]
    pub recovery: Recovery,
    /// What happens to a row with a value that cannot be taken exactly.
    #[serde(default)]
    pub on_error: OnError,
    /// Which clock its time follows while nothing comes.
    #[serde(default = "wall")]
    pub clock: Clock,
    /// Limits on what comes in.
    #[serde(default)]
    pub limits: MysqlLimits,
}

/// Limits on what comes from a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MysqlLimits {
    /// The longest id, in bytes.
    pub id_bytes_max: usize,
    /// The longest message, which is a row or an event of the log, in bytes.
    pub message_bytes_max: usize,
    /// The most row changes in one transaction.
    pub changes_max: usize,
    /// The most bytes of rows in one transaction, which are held in memory until its end.
    pub transaction_bytes_max: usize,
    /// How many rows may be parked; the source waits before one more.
    pub parked_max: u64,
    /// How many bytes of rows, with reasons, may be parked; the source waits before more.
    pub parked_bytes: u64,
}

impl Default for MysqlLimits {
    fn default() -> Self {
        Self {
            id_bytes_max: 64 << 10,
            message_bytes_max: 256 << 20,
            changes_max: 1_000_000,
            transaction_bytes_max: 256 << 20,
            parked_max: PARKED_MAX,
            parked_bytes: PARKED_BYTES,
        }
    }
}

impl MysqlSettings {
    /// Returns a table's database and name, by what the settings say; `database`: that of the URL.
    #[cfg(feature = "mysql")]
    pub(crate) fn names<'a>(table: &'a str, database: &'a str) -> (&'a str, &'a str) {
        table.split_once('.').unwrap_or((database, table))
    }

    /// Checks that a table is followed.
    ///
    /// # Errors
    /// Returns an error that lists the tables there are.
    pub fn check_table(&self, table: &str) -> Result<(), SourceError> {
        let names: Vec<&str> = self.tables.iter().map(|own| own.table.as_str()).collect();
        if names.contains(&table) {
            return Ok(());
        }
        let advice = crate::suggest::advice(table, &names);
        let id = &self.id;
        Err(SourceError::settings(format!("the source `{id}` does not follow a table `{table}`: {advice}")))
    }

    /// Checks what the types do not guarantee; what only the database knows is checked after connecting.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Settings`](crate::ErrorKind::Settings) with the field and what to write instead.
    pub fn validate(&self) -> Result<(), SourceError> {
        let wrong = |text: String| Err(SourceError::settings(format!("source `{}`: {text}", self.id)));
        if !is_component_id(&self.id) {
            return validate_common(&self.id, &crate::Limits::default());
        }
        #[cfg(feature = "mysql")]
        if let Err(text) = livewell_link::mysql::Address::parse(&self.url.0) {
            return wrong(format!("`url`: {text}"));
        }
        if self.server_id == Some(0) {
            return wrong("`server_id` is a number from 1".into());
        }
        let limits = &self.limits;
        let sizes =
            [limits.id_bytes_max, limits.message_bytes_max, limits.changes_max, limits.transaction_bytes_max];
        if sizes.contains(&0) || limits.parked_max == 0 || limits.parked_bytes == 0 {
            return wrong("every one of `limits` must be at least 1".into());
        }
        if self.tables.is_empty() {
            return wrong("name the `tables` to follow".into());
        }
        let mut names = BTreeSet::new();
        for table in &self.tables {
            if table.table.split('.').any(str::is_empty) || table.table.matches('.').count() > 1 {
                return wrong(format!("`table: {:?}`: write it as `name` or `database.name`", table.table));
            }
            if !names.insert(table.name()) {
                return wrong(format!("`{}` is twice in `tables`", table.table));
            }
        }
        self.tables.iter().try_for_each(|table| table.validate(&names).or_else(wrong))
    }
}

impl Settings for MysqlSettings {
    fn id(&self) -> &str {
        &self.id
    }

    fn clock(&self) -> Clock {
        self.clock
    }

    fn check(&self) -> Result<(), SourceError> {
        self.validate()
    }

    #[cfg(feature = "mysql")]
    fn files(&self) -> Vec<PathBuf> {
        livewell_link::mysql::Address::parse(&self.url.0).map(|address| address.files()).unwrap_or_default()
    }

    #[cfg(not(feature = "mysql"))]
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    fn made(&self) -> Option<BTreeSet<String>> {
        Some(self.tables.iter().flat_map(TableSettings::made).collect())
    }
}
