//! The settings of `kind: postgres`.

use crate::{Secret, SettingsError};
use livewell_link::postgres::Address;
use livewell_model::period;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The settings of `kind: postgres`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresSettings {
    /// `postgres://user:password@host:5432/database?sslmode=verify-full`; never shown.
    pub url: Secret,
    /// What it does there.
    #[serde(default)]
    pub mode: PostgresMode,
    /// `mode: table`: the table, `name` or `schema.name`.
    #[serde(default)]
    pub table: String,
    /// `mode: table`: the columns that identify rows; the table's primary key.
    #[serde(default)]
    pub key: Vec<String>,
    /// `mode: table`: the types of columns of a table that has to be created, if the first rows do not determine them.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// `mode: execute`: the statement for each diff; `$1`, `$2` are `parameters`.
    #[serde(default)]
    pub statement: String,
    /// `mode: execute`: what the parameters of the statement are: columns, or one of `type`, `row_signature`,
    /// `query_id`, `epoch`, `sequence`, `position`, `timestamp`, `diff` with an `@` before it.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// How long connecting, and each transaction, may take.
    #[serde(default = "timeout", with = "period")]
    pub timeout: Duration,
}

/// What a postgres reaction does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PostgresMode {
    /// Keeps a table equal to the live results.
    #[default]
    Table,
    /// Executes a statement for each diff.
    Execute,
}

fn timeout() -> Duration {
    Duration::from_secs(25)
}

impl PostgresSettings {
    /// Returns the settings of a reaction that keeps `table` at `url`, with every other setting at its default.
    pub fn table(url: &str, table: &str, key: &[&str]) -> Self {
        Self {
            url: url.into(),
            mode: PostgresMode::Table,
            table: table.to_owned(),
            key: key.iter().map(ToString::to_string).collect(),
            columns: BTreeMap::new(),
            statement: String::new(),
            parameters: Vec::new(),
            timeout: timeout(),
        }
    }

    /// Returns the settings of a reaction that executes `statement` at `url`.
    pub fn execute(url: &str, statement: &str, parameters: &[&str]) -> Self {
        Self {
            mode: PostgresMode::Execute,
            statement: statement.to_owned(),
            parameters: parameters.iter().map(ToString::to_string).collect(),
            ..Self::table(url, "", &[])
        }
    }

    /// Checks the settings by themselves.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let wrong = |field, message: &str| Err(SettingsError::Field { field, message: message.to_owned() });
        if let Err(error) = Address::parse(self.url.reveal()) {
            return wrong("url", &error.to_string());
        }
        let is_type = |text: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || " _(),[]\".".contains(c);
            !text.is_empty() && text.chars().all(fits)
        };
        match self.mode {
            PostgresMode::Table if self.table.is_empty() => {
                wrong("table", "`table` is missing: where do rows go?")
            }
            PostgresMode::Table if self.key.is_empty() => {
                wrong("key", "`key` is missing: name the columns that tell rows apart")
            }
            PostgresMode::Table if !(self.statement.is_empty() && self.parameters.is_empty()) => {
                wrong("statement", "a statement is executed with `mode: execute` alone")
            }
            PostgresMode::Execute if self.statement.is_empty() => {
                wrong("statement", "`statement` is missing: what is to be executed for each diff?")
            }
            PostgresMode::Execute if !(self.table.is_empty() && self.key.is_empty()) => {
                wrong("table", "a table is kept with `mode: table` alone")
            }
            _ => match self.columns.values().all(|text| is_type(text)) {
                true => Ok(()),
                false => wrong("columns", "a type is a name, as in `numeric(12, 2)`"),
            },
        }
    }
}
