//! The settings of a `nats` source.

use super::contract::{Clock, Settings, validate_common, wall};
use super::file::OnError;
use super::mapping::{
    NodeMapping, OperationMapping, RecordSettings, RelationshipMapping, TimestampMapping, made,
};
use super::postgres::DatabaseUrl;
use super::types::PropertyType;
use crate::expire::Expire;
use crate::json::Reader;
use crate::unwind::Unwind;
use crate::{Limits, SourceError};
use livewell_model::Recovery;
use livewell_model::Secret;
use livewell_model::recovery::of_state;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A source that follows a stream of a NATS server with JetStream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsSettings {
    /// The source's id.
    pub id: String,
    /// The server: `nats://host:4222`, or `tls://host:4222`; several with commas between. Shown without its secrets.
    pub url: DatabaseUrl,
    /// The stream; the one that holds `subject` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// The subject whose messages are taken, `*` and `>` allowed; all of the stream if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The user to log in as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The user's password; never shown.
    #[serde(default, skip_serializing)]
    pub password: Option<Secret>,
    /// A token to get in with; never shown.
    #[serde(default, skip_serializing)]
    pub token: Option<Secret>,
    /// A file of certificates in PEM to trust beside those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// What happens to a message that is not a change.
    #[serde(default)]
    pub on_error: OnError,
    /// What happens where the messages after the last position cannot be had.
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
    /// Limits on what comes in; `line_bytes_max` is the longest message.
    #[serde(default)]
    pub limits: Limits,
}

impl NatsSettings {
    /// Creates the settings of a source `id` over `stream`, everything else at its default.
    pub fn new(id: impl Into<String>, url: impl Into<String>, stream: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            url: DatabaseUrl(url.into()),
            stream: Some(stream.into()),
            subject: None,
            user: None,
            password: None,
            token: None,
            ca: None,
            on_error: OnError::Stop,
            recovery: Recovery::Strict,
            clock: Clock::Wall,
            node: None,
            relationships: Vec::new(),
            properties: BTreeMap::new(),
            types: BTreeMap::new(),
            operation: None,
            record: None,
            record_before: None,
            timestamp: None,
            unavailable_value: None,
            unwind: Vec::new(),
            expire: None,
            limits: Limits::default(),
        }
    }

    /// Makes relative paths start at `base`, the directory of the configuration.
    pub fn resolve(&mut self, base: &Path) {
        self.ca = self.ca.take().map(|path| base.join(path));
    }

    /// Checks what the types do not guarantee.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Settings`](crate::ErrorKind::Settings) with the field and what to write instead.
    pub fn validate(&self) -> Result<(), SourceError> {
        validate_common(&self.id, &self.limits)?;
        let wrong = |text: &str| Err(SourceError::settings(format!("source `{}`: {text}", self.id)));
        let is_url = |url: &str| url.starts_with("nats://") || url.starts_with("tls://");
        if !self.url.0.split(',').all(|url| is_url(url.trim())) {
            return wrong("`url` is `nats://host:4222`, or `tls://host:4222` for TLS");
        }
        if self.stream.is_none() && self.subject.is_none() {
            return wrong("name the `stream` to follow, or a `subject` that one holds");
        }
        if self.subject.as_deref().is_some_and(|subject| !is_subject(subject)) {
            return wrong(
                "`subject` is words with dots between, `*` for any one word, `>` at the end for any more",
            );
        }
        if self.user.is_some() != self.password.is_some() {
            return wrong("`user` and `password` go together");
        }
        if self.token.is_some() && self.user.is_some() {
            return wrong("give either a `token` or `user` and `password`");
        }
        self.reader().map(|_| ())
    }

    /// Creates the reader of the messages.
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

impl Settings for NatsSettings {
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
        self.ca.iter().cloned().collect()
    }

    fn resolve(&mut self, base: &Path) {
        NatsSettings::resolve(self, base);
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

fn is_subject(subject: &str) -> bool {
    let words: Vec<&str> = subject.split('.').collect();
    let is_word = |word: &&str| !word.is_empty() && !word.contains(char::is_whitespace);
    words.iter().all(is_word) && words[..words.len() - 1].iter().all(|word| *word != ">")
}
