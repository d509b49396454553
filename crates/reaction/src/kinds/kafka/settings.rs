//! The settings of `kind: kafka`.

use crate::messenger::template::{Purpose, Template};
use crate::{Secret, SettingsError};
use livewell_link::kafka::{Address, Compression};
use livewell_model::period;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest name of a topic.
const TOPIC_CHARACTERS_MAX: usize = 249;

/// The settings of `kind: kafka`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSettings {
    /// `kafka://user:password@host:9092,host:9092?sslmode=verify-full&sasl=scram-sha-512`; never shown.
    pub url: Secret,
    /// The topic that is written to.
    pub topic: String,
    /// A minijinja template of the key of a record.
    #[serde(default = "signature")]
    pub key: String,
    /// What the value of a record is.
    #[serde(default)]
    pub value: RecordValue,
    /// `value: diff`: a minijinja template of the value; without one it is the diff in JSON.
    #[serde(default)]
    pub template: Option<String>,
    /// Whether a tombstone follows for each key that a result leaves without a row.
    #[serde(default = "yes")]
    pub tombstones: bool,
    /// How often each record is there for readers of committed records.
    #[serde(default)]
    pub delivery: Delivery,
    /// `delivery: exactly_once`: the compacted topic with the checkpoints.
    #[serde(default = "checkpoints")]
    pub checkpoints: String,
    /// How batches of records are compressed.
    #[serde(default)]
    pub compression: Packing,
    /// How long connecting, and each answer, may take.
    #[serde(default = "timeout", with = "period")]
    pub timeout: Duration,
}

/// What the value of a record is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordValue {
    /// A diff: what was added, changed or deleted.
    #[default]
    Diff,
    /// The row as it is now: the topic is a copy of the live results.
    Row,
}

/// How often each record is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Exactly once: the checkpoint is written in the transaction of the records.
    #[default]
    ExactlyOnce,
    /// At least once, with stable ids.
    AtLeastOnce,
}

/// How batches of records are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Packing {
    /// Not at all.
    #[default]
    None,
    /// By gzip.
    Gzip,
    /// By Snappy.
    Snappy,
    /// By LZ4.
    Lz4,
    /// By Zstandard.
    Zstd,
}

impl From<Packing> for Compression {
    fn from(packing: Packing) -> Self {
        match packing {
            Packing::None => Self::None,
            Packing::Gzip => Self::Gzip,
            Packing::Snappy => Self::Snappy,
            Packing::Lz4 => Self::Lz4,
            Packing::Zstd => Self::Zstd,
        }
    }
}

fn signature() -> String {
    "{{ row_signature }}".to_owned()
}

fn yes() -> bool {
    true
}

fn checkpoints() -> String {
    "livewell-checkpoints".to_owned()
}

fn timeout() -> Duration {
    Duration::from_secs(10)
}

impl KafkaSettings {
    /// Returns the settings of a reaction that writes to `topic`, with every other setting at its default.
    pub fn to(url: &str, topic: &str) -> Self {
        Self {
            url: url.into(),
            topic: topic.to_owned(),
            key: signature(),
            value: RecordValue::default(),
            template: None,
            tombstones: true,
            delivery: Delivery::default(),
            checkpoints: checkpoints(),
            compression: Packing::default(),
            timeout: timeout(),
        }
    }

    /// Returns the address of the cluster.
    ///
    /// # Errors
    /// Returns what is wrong with the URL, without a password.
    pub(super) fn address(&self) -> Result<Address, String> {
        let mut address = Address::parse(self.url.reveal())?;
        address.limit(self.timeout);
        Ok(address)
    }

    /// Checks the settings by themselves.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let wrong = |field, message: String| Err(SettingsError::Field { field, message });
        if let Err(cause) = self.address() {
            return wrong("url", format!("`url` is not valid: {cause}"));
        }
        for (field, topic) in [("topic", &self.topic), ("checkpoints", &self.checkpoints)] {
            let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            let is_name =
                !topic.is_empty() && topic.len() <= TOPIC_CHARACTERS_MAX && topic.chars().all(is_known);
            if !is_name || topic == "." || topic == ".." {
                return wrong(
                    field,
                    format!(
                        "a topic is named by 1 to {TOPIC_CHARACTERS_MAX} letters, digits, `.`, `_` and `-`"
                    ),
                );
            }
        }
        if self.topic == self.checkpoints {
            return wrong(
                "checkpoints",
                "the checkpoints are in a topic of their own, not in `topic`".into(),
            );
        }
        if let Err(cause) = Template::compile(&self.key, Purpose::Address) {
            return wrong("key", format!("this is not a valid template: {cause}"));
        }
        if let Some(Err(cause)) = self.template.as_deref().map(|text| Template::compile(text, Purpose::Body))
        {
            return wrong("template", format!("this is not a valid template: {cause}"));
        }
        if self.value == RecordValue::Row && self.template.is_some() {
            return wrong("template", "with `value: row` the value is the row; take `template` away".into());
        }
        if self.value == RecordValue::Row && !self.tombstones {
            return wrong(
                "tombstones",
                "with `value: row` a tombstone says that a row is gone; take `tombstones` away".into(),
            );
        }
        if self.timeout.is_zero() || self.timeout > Duration::from_secs(25) {
            return wrong("timeout", "a time-out is longer than 0s and at most 25s".into());
        }
        Ok(())
    }
}
