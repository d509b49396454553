//! What rows and records become: the settings of mappings.

use super::{PropertyType, is_component_id};
use crate::json::Reader;
use crate::{Limits, SourceError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// A relationship from the node of a row or record; none where something that `to` names is null.
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

/// Which operation a record is: what the field at `path` says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationMapping {
    /// Where in the message it is said.
    pub path: String,
    /// What is said where the record replaces its node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub insert: Vec<String>,
    /// What is said where the record changes what it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub update: Vec<String>,
    /// What is said where the node goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delete: Vec<String>,
}

/// All that settings say about the mapping of JSON records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordSettings<'a> {
    pub node: Option<&'a NodeMapping>,
    pub relationships: &'a [RelationshipMapping],
    pub properties: &'a BTreeMap<String, String>,
    pub operation: Option<&'a OperationMapping>,
    pub record: Option<&'a str>,
    pub record_before: Option<&'a str>,
    pub types: &'a BTreeMap<String, PropertyType>,
}

impl RecordSettings<'_> {
    /// What reads records by these settings; changes, where they have no `node`.
    pub fn reader(&self, source: &str, limits: &Limits) -> Result<Reader, SourceError> {
        let wrong = |text: String| SourceError::settings(format!("source `{source}`: {text}"));
        let Some(node) = self.node else {
            let lone = (!self.relationships.is_empty()).then_some("relationships");
            return match lone.or_else(|| self.only_for_records()) {
                None => Ok(Reader::of_changes(source, limits, self.types)),
                Some(field) => Err(wrong(format!(
                    "`{field}` goes with `node`: say what a record becomes, as in `node: {{ label: Order, id: \"order:{{id}}\" }}`"
                ))),
            };
        };
        validate(node, self.relationships).map_err(wrong)?;
        Reader::of_records(source, limits, node, self).map_err(wrong)
    }

    /// The first field that only makes sense for records.
    pub fn only_for_records(&self) -> Option<&'static str> {
        let given = [
            ("properties", !self.properties.is_empty()),
            ("operation", self.operation.is_some()),
            ("record", self.record.is_some()),
            ("record_before", self.record_before.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }
}

/// Checks what the types alone do not and what is the same for tables and records.
pub(super) fn validate(node: &NodeMapping, relationships: &[RelationshipMapping]) -> Result<(), String> {
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
