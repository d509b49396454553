//! The settings of sources that others send to: `http`, for callers of the server, and in-process, for a program.

use super::contract::{Clock, Settings, validate_common, wall};
use super::mapping::{
    NodeMapping, OperationMapping, RecordSettings, RelationshipMapping, TimestampMapping, made,
};
use super::types::PropertyType;
use crate::expire::Expire;
use crate::json::Reader;
use crate::unwind::Unwind;
use crate::{Limits, SourceError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

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
    /// The properties and where in the record they are; all of it if absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// The types of properties that are to differ from JSON's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, PropertyType>,
    /// Which operation a record is; an insert if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationMapping>,
    /// Where in a line the record is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// Where in a line the record is that is deleted.
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

    /// Creates the reader for the lines of a call's body.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Settings`](crate::ErrorKind::Settings) if the mapping is not valid.
    pub fn reader(&self) -> Result<Reader, SourceError> {
        let settings = RecordSettings {
            node: self.node.as_ref(),
            relationships: &self.relationships,
            properties: &self.properties,
            operation: self.operation.as_ref(),
            record: self.record.as_deref(),
            record_before: self.record_before.as_deref(),
            types: &self.types,
            timestamp: self.timestamp.as_ref(),
            unavailable_value: self.unavailable_value.as_deref(),
        };
        Reader::by(&settings, &self.id, &self.limits)
    }
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
    /// How long elements that do not change are kept; for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire: Option<Expire>,
    /// Which clock its time follows while nothing comes.
    #[serde(default = "wall")]
    pub clock: Clock,
    /// Limits on what comes in.
    #[serde(default)]
    pub limits: Limits,
}

impl Settings for HttpSettings {
    fn id(&self) -> &str {
        &self.id
    }

    fn clock(&self) -> Clock {
        self.clock
    }

    fn unwind(&self) -> &[Unwind] {
        &self.unwind
    }

    fn expire(&self) -> Option<&Expire> {
        self.expire.as_ref()
    }

    fn check(&self) -> Result<(), SourceError> {
        self.validate()
    }

    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    fn made(&self) -> Option<BTreeSet<String>> {
        Some(made(self.node.as_ref()?, &self.relationships))
    }
}

impl Settings for InProcessSettings {
    fn id(&self) -> &str {
        &self.id
    }

    fn clock(&self) -> Clock {
        self.clock
    }

    fn unwind(&self) -> &[Unwind] {
        &self.unwind
    }

    fn expire(&self) -> Option<&Expire> {
        self.expire.as_ref()
    }

    fn check(&self) -> Result<(), SourceError> {
        validate_common(&self.id, &self.limits)
    }

    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}
