//! The settings of a `kafka` source.

use super::contract::{Clock, Settings, validate_common, wall};
use super::file::OnError;
use super::mapping::{
    NodeMapping, OperationMapping, RecordSettings, RelationshipMapping, TimeUnit, TimestampMapping, made,
};
use super::postgres::DatabaseUrl;
use super::registry::RegistrySettings;
use super::types::PropertyType;
use crate::expire::Expire;
use crate::json::Reader;
use crate::unwind::Unwind;
use crate::{Limits, SourceError};
use livewell_model::Recovery;
use livewell_model::recovery::of_state;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What the value of a record is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A record in JSON, or changes.
    #[default]
    Json,
    /// An envelope of Debezium in JSON, with its schema or without.
    Debezium,
}

/// Where things are in an envelope of Debezium.
struct Envelope {
    operation: OperationMapping,
    timestamp: TimestampMapping,
}

impl Default for Envelope {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            // An update has the whole row as it is now.
            operation: OperationMapping {
                path: "op".into(),
                insert: names(&["c", "r", "u"]),
                update: Vec::new(),
                delete: names(&["d"]),
            },
            timestamp: TimestampMapping { path: "source.ts_ms".into(), unit: Some(TimeUnit::Milliseconds) },
        }
    }
}

/// A source that follows a topic of Kafka.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSettings {
    /// The source's id.
    pub id: String,
    /// The brokers: `kafka://user:password@host:9092,host:9092?sslmode=verify-full&sasl=scram-sha-512`. Shown without its
    /// secrets.
    pub url: DatabaseUrl,
    /// The topic whose records are taken.
    pub topic: String,
    /// What a record's value is.
    #[serde(default)]
    pub format: Format,
    /// Where the schemas of records in Avro are; without it, records are in JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<RegistrySettings>,
    /// What happens to a record that is not a change.
    #[serde(default)]
    pub on_error: OnError,
    /// What happens where the records after the last position cannot be had.
    #[serde(default, deserialize_with = "of_state")]
    pub recovery: Recovery,
    /// Which clock its time follows while nothing comes.
    #[serde(default = "wall")]
    pub clock: Clock,
    /// What node a record becomes; without it, changes are expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeMapping>,
    /// What relationships a record has, each starting at its node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relationships: Vec<RelationshipMapping>,
    /// The properties and where in the record they are; all of it if absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// The types of properties that are to differ from JSON's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, PropertyType>,
    /// Which operation a record is; an insert if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationMapping>,
    /// Where in a message the record is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// Where in a message the record is that is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_before: Option<String>,
    /// Where the time of a record is; if absent, its time is when it was taken in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<TimestampMapping>,
    /// The placeholder for a value that did not change; that of Debezium if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable_value: Option<String>,
    /// Lists in nodes whose items become nodes of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwind: Vec<Unwind>,
    /// How long elements that do not change are kept; for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire: Option<Expire>,
    /// Limits on what comes in; `line_bytes_max` is the longest record.
    #[serde(default)]
    pub limits: Limits,
}

impl KafkaSettings {
    /// Checks what the types do not guarantee.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Settings`](crate::ErrorKind::Settings) with the field and what to write instead.
    pub fn validate(&self) -> Result<(), SourceError> {
        validate_common(&self.id, &self.limits)?;
        let wrong = |text: &str| Err(SourceError::settings(format!("source `{}`: {text}", self.id)));
        #[cfg(feature = "kafka")]
        if let Err(text) = livewell_link::kafka::Address::parse(&self.url.0) {
            return wrong(&format!("`url`: {text}"));
        }
        if !is_topic(&self.topic) {
            return wrong("`topic` is 1 to 249 letters, digits, `.`, `_` or `-`");
        }
        if let Some(Err(text)) = self.registry.as_ref().map(RegistrySettings::check) {
            return wrong(&text);
        }
        if self.format == Format::Debezium {
            let given = [
                ("operation", self.operation.is_some()),
                ("record", self.record.is_some()),
                ("record_before", self.record_before.is_some()),
            ];
            if let Some((field, _)) = given.into_iter().find(|(_, given)| *given) {
                return wrong(&format!("`format: debezium` says what `{field}` would; take it away"));
            }
            if self.node.is_none() {
                return wrong("`format: debezium` goes with `node`: say what a row becomes");
            }
        }
        self.reader().map(|_| ())
    }

    /// Creates the reader of the records.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Settings`](crate::ErrorKind::Settings) if the mapping is not valid.
    pub fn reader(&self) -> Result<Reader, SourceError> {
        let envelope = (self.format == Format::Debezium).then(Envelope::default);
        let settings = RecordSettings {
            node: self.node.as_ref(),
            relationships: &self.relationships,
            properties: &self.properties,
            operation: envelope.as_ref().map(|envelope| &envelope.operation).or(self.operation.as_ref()),
            record: envelope.as_ref().map(|_| "after").or(self.record.as_deref()),
            record_before: envelope.as_ref().map(|_| "before").or(self.record_before.as_deref()),
            types: &self.types,
            timestamp: self.timestamp.as_ref().or(envelope.as_ref().map(|envelope| &envelope.timestamp)),
            unavailable_value: self.unavailable_value.as_deref(),
        };
        Reader::by(&settings, &self.id, &self.limits)
    }
}

impl Settings for KafkaSettings {
    fn id(&self) -> &str {
        &self.id
    }

    fn clock(&self) -> Clock {
        self.clock
    }

    fn check(&self) -> Result<(), SourceError> {
        self.validate()
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            self.registry.iter().filter_map(|registry| registry.ca.clone()).collect();
        #[cfg(feature = "kafka")]
        if let Ok(address) = livewell_link::kafka::Address::parse(&self.url.0) {
            files.extend(address.files());
        }
        files.shrink_to_fit();
        files
    }

    fn resolve(&mut self, base: &Path) {
        if let Some(registry) = &mut self.registry {
            registry.ca = registry.ca.take().map(|path| base.join(path));
        }
    }

    fn unwind(&self) -> &[Unwind] {
        &self.unwind
    }

    fn expire(&self) -> Option<&Expire> {
        self.expire.as_ref()
    }

    fn line_bytes_max(&self) -> usize {
        self.limits.line_bytes_max
    }

    fn made(&self) -> Option<BTreeSet<String>> {
        Some(made(self.node.as_ref()?, &self.relationships))
    }
}

fn is_topic(name: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=249).contains(&name.len()) && name.bytes().all(is_known) && name != "." && name != ".."
}
