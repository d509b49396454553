//! What a configuration says about a source: plain, serialisable, checked before anything is opened.

mod file;
mod mapping;
mod nats;
mod postgres;
mod types;

pub use file::{FileEntry, FileSettings, OnError, Rotation};
pub(crate) use mapping::RecordSettings;
pub use mapping::{End, NodeMapping, OperationMapping, RelationshipMapping, TimeUnit, TimestampMapping};
pub use nats::NatsSettings;
#[cfg(feature = "postgres")]
pub(crate) use postgres::table_name;
pub use postgres::{
    Check, DatabaseUrl, ForeignKey, Infinity, NewTables, PostgresLimits, PostgresSettings, SourceRecovery,
    TableSettings,
};
pub use types::PropertyType;

use crate::json::Reader;
use crate::unwind::{self, Unwind};
use crate::{Limits, SourceError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A source of any kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SourceSettings {
    /// Files of changes or tables.
    File(FileSettings),
    /// Changes posted to the server.
    Http(HttpSettings),
    /// Changes sent by the program that Livewell is embedded in.
    InProcess(InProcessSettings),
    /// Messages of a NATS JetStream.
    Nats(NatsSettings),
    /// Tables of a PostgreSQL database.
    Postgres(PostgresSettings),
}

impl SourceSettings {
    /// The source's id.
    pub fn id(&self) -> &str {
        match self {
            Self::File(settings) => &settings.id,
            Self::Http(settings) => &settings.id,
            Self::InProcess(settings) => &settings.id,
            Self::Nats(settings) => &settings.id,
            Self::Postgres(settings) => &settings.id,
        }
    }

    /// Which clock its time follows while nothing comes.
    pub fn clock(&self) -> Clock {
        match self {
            Self::File(settings) => settings.clock.unwrap_or(Clock::Input),
            Self::Http(settings) => settings.clock,
            Self::InProcess(settings) => settings.clock,
            Self::Nats(settings) => settings.clock,
            Self::Postgres(settings) => settings.clock,
        }
    }

    /// The lists whose items become nodes of their own.
    pub fn unwind(&self) -> &[Unwind] {
        match self {
            Self::File(settings) => &settings.unwind,
            Self::Http(settings) => &settings.unwind,
            Self::InProcess(settings) => &settings.unwind,
            Self::Nats(settings) => &settings.unwind,
            Self::Postgres(_) => &[],
        }
    }

    /// The sources that must have ended before this one begins.
    pub fn after(&self) -> &[String] {
        match self {
            Self::File(settings) => &settings.after,
            Self::Http(_) | Self::InProcess(_) | Self::Nats(_) | Self::Postgres(_) => &[],
        }
    }

    /// Checks what the types alone do not.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`](crate::ErrorKind::Settings) with the field and what to write instead.
    pub fn validate(&self) -> Result<(), SourceError> {
        match self {
            Self::File(settings) => settings.validate(),
            Self::Http(settings) => settings.validate(),
            Self::InProcess(settings) => validate_common(&settings.id, &settings.limits),
            Self::Nats(settings) => settings.validate(),
            Self::Postgres(settings) => settings.validate(),
        }?;
        unwind::validate(self.id(), self.unwind())
    }
}

/// Which clock a source's time follows while nothing comes. Time moves with what comes, and the functions of time of
/// its queries with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// The wall's: a timer that is due fires though nothing comes.
    Wall,
    /// That of its input: what was recorded in 2013 lives in 2013, at whatever pace it is read.
    Input,
}

/// A source whose changes are posted to `/api/v1/sources/ID/changes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// The source's id.
    pub id: String,
    /// Which clock its time follows while nothing comes.
    #[serde(default = "wall")]
    pub clock: Clock,
    /// What node a record becomes; without it, changes are expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeMapping>,
    /// What relationships a record has, each starting at its node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relationships: Vec<RelationshipMapping>,
    /// The properties and where in the record they are; all of it where nothing is said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// The types of properties where other ones than JSON's are wanted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, PropertyType>,
    /// Which operation a record is; an insert where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationMapping>,
    /// Where in a line the record is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// Where in a line the record is that is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_before: Option<String>,
    /// Where a record says what time it is from; when it was taken in, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<TimestampMapping>,
    /// What stands in place of a value that did not change; that of Debezium, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable_value: Option<String>,
    /// Lists in nodes whose items become nodes of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwind: Vec<Unwind>,
    /// Limits on what comes in.
    #[serde(default)]
    pub limits: Limits,
    /// The largest body of one call, in bytes.
    #[serde(default = "default_body_bytes_max")]
    pub body_bytes_max: usize,
}

impl HttpSettings {
    fn validate(&self) -> Result<(), SourceError> {
        validate_common(&self.id, &self.limits)?;
        let Limits { parked_max, parked_bytes, .. } = Limits::default();
        if (self.limits.parked_max, self.limits.parked_bytes) != (parked_max, parked_bytes) {
            let message = "an `http` source parks nothing, so `limits` has no `parked_max` or `parked_bytes`: what is \
                           refused is told the sender";
            return Err(SourceError::settings(format!("source `{}`: {message}", self.id)));
        }
        self.reader().map(|_| ())
    }

    /// What reads the lines of a call's body.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`](crate::ErrorKind::Settings) where the mapping makes no sense.
    pub fn reader(&self) -> Result<Reader, SourceError> {
        RecordSettings {
            node: self.node.as_ref(),
            relationships: &self.relationships,
            properties: &self.properties,
            operation: self.operation.as_ref(),
            record: self.record.as_deref(),
            record_before: self.record_before.as_deref(),
            types: &self.types,
            timestamp: self.timestamp.as_ref(),
            unavailable_value: self.unavailable_value.as_deref(),
        }
        .reader(&self.id, &self.limits)
    }
}

fn wall() -> Clock {
    Clock::Wall
}

fn default_body_bytes_max() -> usize {
    64 << 20
}

/// A source that the embedding program feeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InProcessSettings {
    /// The source's id.
    pub id: String,
    /// Lists in nodes whose items become nodes of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwind: Vec<Unwind>,
    /// Which clock its time follows while nothing comes.
    #[serde(default = "wall")]
    pub clock: Clock,
    /// Limits on what comes in.
    #[serde(default)]
    pub limits: Limits,
}

pub(crate) fn validate_common(id: &str, limits: &Limits) -> Result<(), SourceError> {
    if !is_component_id(id) {
        return Err(SourceError::settings(format!(
            "`id: {id:?}`: an id is a letter or digit, then at most 62 letters, digits, `-` or `_`"
        )));
    }
    let limits = [
        ("id_bytes_max", limits.id_bytes_max == 0),
        ("line_bytes_max", limits.line_bytes_max == 0),
        ("changes_max", limits.changes_max == 0),
        ("parked_max", limits.parked_max == 0),
        ("parked_bytes", limits.parked_bytes == 0),
    ];
    match limits.iter().find(|(_, is_zero)| *is_zero) {
        Some((name, _)) => {
            Err(SourceError::settings(format!("source `{id}`: `limits.{name}` must be at least 1")))
        }
        None => Ok(()),
    }
}

/// Whether `id` can be the id of a source, query or reaction.
pub(crate) fn is_component_id(id: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    id.len() <= 63
        && id.bytes().all(inner)
        && id.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
}
