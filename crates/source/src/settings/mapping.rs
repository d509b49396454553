//! The settings of mappings: what rows and records become.

use super::PropertyType;
use livewell_model::component::is_component_id;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The node that a row or record becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeMapping {
    /// The node's label.
    pub label: String,
    /// The node's id, a template over the columns of a table, `airport:{faa}`, or the fields of a record, with dots
    /// into nested maps, `customer:{customer.id}`. Braces themselves are `{{` and `}}`.
    pub id: String,
}

/// A relationship from the node of a row or record; none if something that `to` names is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationshipMapping {
    /// The relationship's type. Its id is `{node id}-{TYPE}->` and then `to` as it is written here.
    #[serde(rename = "type")]
    pub kind: String,
    /// The node it leads to.
    pub to: End,
}

/// The end of a relationship: a template for an id, of this source or another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a template such as \"airport:{base}\" or {source: ..., id: ...}")]
pub enum End {
    /// A node of the same source.
    Here(String),
    /// A node of another source.
    #[serde(rename_all = "lowercase")]
    There {
        /// The other source.
        source: String,
        /// The template for the id there.
        id: String,
    },
}

/// Which operation a record describes, by the field at `path`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationMapping {
    /// The path of that field in the message.
    pub path: String,
    /// The values that mean that the record replaces its node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub insert: Vec<String>,
    /// The values that mean that the record changes the properties that it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub update: Vec<String>,
    /// The values that mean that the node is deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delete: Vec<String>,
}

/// Where the time of a row or record is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimestampMapping {
    /// The column of a table; or the path in the message, or in its record.
    pub path: String,
    /// The unit of an integer there, counted since 1970; without it a text in the form of RFC 3339 is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<TimeUnit>,
}

/// The unit of a time that is an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeUnit {
    /// Seconds.
    #[serde(alias = "s")]
    Seconds,
    /// Thousandths of a second.
    #[serde(alias = "ms")]
    Milliseconds,
    /// Millionths of a second.
    #[serde(alias = "us", alias = "\u{b5}s", alias = "\u{3bc}s")]
    Microseconds,
    /// Billionths of a second.
    #[serde(alias = "ns")]
    Nanoseconds,
}

impl TimeUnit {
    /// Returns its length in nanoseconds.
    pub(crate) fn nanos(self) -> i64 {
        match self {
            Self::Seconds => 1_000_000_000,
            Self::Milliseconds => 1_000_000,
            Self::Microseconds => 1_000,
            Self::Nanoseconds => 1,
        }
    }

    /// Returns its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Nanoseconds => "nanoseconds",
        }
    }
}

/// All settings about the mapping of JSON records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordSettings<'a> {
    pub node: Option<&'a NodeMapping>,
    pub relationships: &'a [RelationshipMapping],
    pub properties: &'a BTreeMap<String, String>,
    pub operation: Option<&'a OperationMapping>,
    pub record: Option<&'a str>,
    pub record_before: Option<&'a str>,
    pub types: &'a BTreeMap<String, PropertyType>,
    pub timestamp: Option<&'a TimestampMapping>,
    pub unavailable_value: Option<&'a str>,
}

impl RecordSettings<'_> {
    /// Returns the first field that only makes sense for records.
    pub fn only_for_records(&self) -> Option<&'static str> {
        let given = [
            ("properties", !self.properties.is_empty()),
            ("operation", self.operation.is_some()),
            ("record", self.record.is_some()),
            ("record_before", self.record_before.is_some()),
            ("unavailable_value", self.unavailable_value.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }
}

/// Checks what the types do not guarantee and what tables and records have in common.
pub(crate) fn validate(node: &NodeMapping, relationships: &[RelationshipMapping]) -> Result<(), String> {
    if node.label.is_empty() {
        return Err("`node.label` is empty".into());
    }
    for (at, relationship) in relationships.iter().enumerate() {
        let kind = &relationship.kind;
        if kind.is_empty() {
            return Err("a relationship's `type` is empty".into());
        }
        if relationships[..at].contains(relationship) {
            return Err(format!("two relationships of type `{kind}` lead to the same node; take one away"));
        }
        if let End::There { source, .. } = &relationship.to
            && !is_component_id(source)
        {
            return Err(format!("`relationships.to`: `{source}` is not the id of a source"));
        }
    }
    Ok(())
}

/// Returns the labels and types of everything that such a mapping makes.
pub(super) fn made(node: &NodeMapping, relationships: &[RelationshipMapping]) -> BTreeSet<String> {
    let kinds = relationships.iter().map(|relationship| relationship.kind.clone());
    std::iter::once(node.label.clone()).chain(kinds).collect()
}
