//! The settings of a `postgres` source.

use super::contract::{Clock, Settings, validate_common, wall};
use super::file::OnError;
use super::types::PropertyType;
use crate::SourceError;
use crate::limits::{PARKED_BYTES, PARKED_MAX};
use livewell_model::Recovery;
use livewell_model::component::is_component_id;
use livewell_model::recovery::of_state;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A source that follows tables of a PostgreSQL database by logical replication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresSettings {
    /// The source's id.
    pub id: String,
    /// The database: `postgres://user:password@host:5432/database?sslmode=verify-full`.
    pub url: DatabaseUrl,
    /// The publication, which selects what is sent; `livewell_ID` if absent. It is created if it does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publication: Option<String>,
    /// The replication slot, which keeps the position on the server; if absent, `livewell_ID_` and six characters of
    /// the store's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// The tables; all of the publication if absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableSettings>,
    /// What happens where the changes since the last position cannot be had or followed.
    #[serde(default, deserialize_with = "of_state")]
    pub recovery: Recovery,
    /// What happens to a row with a value that cannot be taken exactly.
    #[serde(default)]
    pub on_error: OnError,
    /// What infinite dates and times, and infinities and NaN of `numeric`, become.
    #[serde(default)]
    pub infinity: Infinity,
    /// How often the catalogs are read while the stream continues.
    #[serde(default = "two_seconds", with = "livewell_model::period")]
    pub check_every: Duration,
    /// Which transactions are published.
    #[serde(default)]
    pub check: Check,
    /// What happens to tables that are added to a publication if no tables are named here.
    #[serde(default)]
    pub new_tables: NewTables,
    /// Whether the slot survives a failover to a standby (PostgreSQL 17 and later).
    #[serde(default)]
    pub failover: bool,
    /// Which clock its time follows while nothing comes.
    #[serde(default = "wall")]
    pub clock: Clock,
    /// Whether the server sends large transactions in parts before they are committed.
    #[serde(default = "yes")]
    pub streaming: bool,
    /// Limits on what comes in.
    #[serde(default)]
    pub limits: PostgresLimits,
}

/// A table whose rows become nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSettings {
    /// The table, `schema.name`; of the schema `public` if there is no dot.
    pub table: String,
    /// The label of its nodes; the table's name if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The columns that identify its rows; those of its primary key if absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// What relationships a row has, each starting at the row's node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relationships: Vec<ForeignKey>,
    /// The types of columns that are to differ from the database's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, PropertyType>,
}

/// A relationship from a row to the row of another table that its columns name; none if one of them is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignKey {
    /// The relationship's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The table it leads to.
    pub table: String,
    /// The columns that hold the key of that table, in the order of that key.
    pub columns: Vec<String>,
}

/// What a value becomes that is infinite or no number, in a type that has no such values here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Infinity {
    /// Nothing: the row cannot be represented exactly.
    #[default]
    Refuse,
    /// Null.
    Null,
    /// The text that PostgreSQL prints.
    Text,
}

/// Which transactions are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Each as it comes; the catalogs are read every `check_every`, and before a table's altered rows are used.
    #[default]
    Periodic,
    /// Only transactions before which, by the catalogs, nothing happened beside the stream.
    EveryBatch,
}

/// What happens to tables that are added to a publication of all tables or of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewTables {
    /// They are copied and followed.
    #[default]
    Follow,
    /// They are left out.
    Ignore,
    /// The source stops.
    Stop,
}

/// Limits on what comes from a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PostgresLimits {
    /// The longest id, in bytes.
    pub id_bytes_max: usize,
    /// The longest message, which is a row, in bytes.
    pub message_bytes_max: usize,
    /// The most row changes in one transaction.
    pub changes_max: usize,
    /// How much of the transactions in progress is kept in memory, in bytes; the rest waits in a temporary file.
    pub memory_bytes_max: usize,
    /// How many rows may be parked; the source waits before one more.
    pub parked_max: u64,
    /// How many bytes of rows, with reasons, may be parked; the source waits before more.
    pub parked_bytes: u64,
}

impl Default for PostgresLimits {
    fn default() -> Self {
        Self {
            id_bytes_max: 64 << 10,
            message_bytes_max: 256 << 20,
            changes_max: 1_000_000,
            memory_bytes_max: 16 << 20,
            parked_max: PARKED_MAX,
            parked_bytes: PARKED_BYTES,
        }
    }
}

/// The address of a database with its secrets, which are never shown.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(pub String);

impl DatabaseUrl {
    fn shown(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else { return "***".into() };
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        // The `?` may be part of a password, or the `@` of one among the parameters.
        if parameters.contains('@') {
            return "***".into();
        }
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        format!("{scheme}://***@{place}")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.shown())
    }
}

fn yes() -> bool {
    true
}

fn two_seconds() -> Duration {
    Duration::from_secs(2)
}

impl PostgresSettings {
    /// Returns the publication's name.
    pub fn publication(&self) -> String {
        self.publication.clone().unwrap_or_else(|| self.default_name())
    }

    /// Returns the slot's name for a store with this short name.
    pub fn slot_in(&self, store: &str) -> String {
        // A name has up to 63 characters, of which these are kept.
        let name = self.default_name();
        let name = &name[..name.len().min(62 - store.len())];
        self.slot.clone().unwrap_or_else(|| format!("{name}_{store}"))
    }

    /// Returns the slot's name that an earlier version chose.
    pub fn slot_of_before(&self) -> String {
        self.slot.clone().unwrap_or_else(|| self.default_name())
    }

    fn default_name(&self) -> String {
        format!("livewell_{}", self.id.to_ascii_lowercase().replace('-', "_"))
    }

    /// Checks that a table is followed: it is one of `tables`, or one of the `stored` ones if the settings name none.
    ///
    /// # Errors
    /// Returns an error that lists the tables there are.
    pub fn check_table(&self, table: &str, stored: &[String]) -> Result<(), String> {
        let mut names: Vec<&str> = self.tables.iter().map(|own| own.table.as_str()).collect();
        if names.is_empty() {
            names.extend(stored.iter().map(String::as_str));
        }
        if names.is_empty() || names.iter().any(|name| table_name(name) == table_name(table)) {
            return Ok(());
        }
        let advice = crate::suggest::advice(table, &names);
        Err(format!("the source `{}` does not follow a table `{table}`: {advice}", self.id))
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
        let slot = self.slot_in("");
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if slot.is_empty() || slot.len() > 63 || !slot.bytes().all(fits) {
            return wrong(format!("`slot: {slot:?}`: a slot has up to 63 of a-z, 0-9 and `_`"));
        }
        let publication = self.publication();
        if publication.is_empty() || publication.len() > 63 {
            return wrong(format!("`publication: {publication:?}`: a name has 1 to 63 bytes"));
        }
        #[cfg(feature = "postgres")]
        if let Err(text) = crate::postgres::check_url(&self.url.0) {
            return wrong(format!("`url`: {text}"));
        }
        let limits = &self.limits;
        let is_zero =
            [limits.id_bytes_max, limits.message_bytes_max, limits.changes_max, limits.memory_bytes_max]
                .contains(&0);
        if is_zero || limits.parked_max == 0 || limits.parked_bytes == 0 {
            return wrong("every one of `limits` must be at least 1".into());
        }
        let mut names = BTreeSet::new();
        for table in &self.tables {
            if !names.insert(table.name()) {
                return wrong(format!("`{}` is twice in `tables`", table.table));
            }
        }
        self.tables.iter().try_for_each(|table| table.validate(&names).or_else(wrong))
    }
}

impl Settings for PostgresSettings {
    fn id(&self) -> &str {
        &self.id
    }

    fn clock(&self) -> Clock {
        self.clock
    }

    fn check(&self) -> Result<(), SourceError> {
        self.validate()
    }

    #[cfg(feature = "postgres")]
    fn files(&self) -> Vec<PathBuf> {
        crate::postgres::files(&self.url.0)
    }

    #[cfg(not(feature = "postgres"))]
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    fn made(&self) -> Option<BTreeSet<String>> {
        // Without them its tables are those that a publication names.
        (!self.tables.is_empty()).then(|| self.tables.iter().flat_map(TableSettings::made).collect())
    }
}

/// Returns a table's name in its two parts, schema first.
pub(crate) fn table_name(name: &str) -> (&str, &str) {
    name.split_once('.').unwrap_or(("public", name))
}

impl TableSettings {
    /// Returns the table's schema and name.
    pub(crate) fn name(&self) -> (&str, &str) {
        table_name(&self.table)
    }

    /// Returns the label of the nodes that its rows become: by default the table's name.
    pub fn label(&self) -> &str {
        self.label.as_deref().unwrap_or(self.name().1)
    }

    /// Returns the label and the types of what its rows become.
    pub(super) fn made(&self) -> Vec<String> {
        let kinds = self.relationships.iter().map(|relationship| relationship.kind.clone());
        std::iter::once(self.label().to_owned()).chain(kinds).collect()
    }

    /// Checks what the types do not guarantee. `known`: the tables that relationships may lead to.
    pub(super) fn validate(&self, known: &BTreeSet<(&str, &str)>) -> Result<(), String> {
        let name = &self.table;
        let (schema, table) = self.name();
        if schema.is_empty() || table.is_empty() {
            return Err(format!("`table: {name:?}`: write it as `schema.name`"));
        }
        if self.label.as_ref().is_some_and(String::is_empty) {
            return Err(format!("`{name}`: `label` is empty"));
        }
        let mut seen = BTreeSet::new();
        for relationship in &self.relationships {
            let ForeignKey { kind, table, columns } = relationship;
            if kind.is_empty() || columns.is_empty() {
                return Err(format!("`{name}`: a relationship has a `type` and `columns`"));
            }
            if !known.contains(&table_name(table)) {
                return Err(format!(
                    "`{name}`: a relationship leads to `{table}`, which is not under `tables`"
                ));
            }
            if !seen.insert((kind, columns)) {
                return Err(format!("`{name}`: two relationships of type `{kind}` have the same columns"));
            }
        }
        Ok(())
    }
}
