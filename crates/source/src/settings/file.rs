//! The settings of a `file` source.

use super::{Clock, validate_common};
use crate::file::Format;
use crate::unwind::Unwind;
use crate::{Limits, SourceError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A source that reads files: one under `path`, or several under `files`, in that order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    /// The source's id.
    pub id: String,
    /// The file, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// For a table under `path`: what node a row becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeMapping>,
    /// For a table under `path`: what relationships a row has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relationships: Vec<RelationshipMapping>,
    /// For a table under `path`: the types of columns, where they are not to be inferred.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, ColumnType>,
    /// The files, if they are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileEntry>,
    /// The text of a cell that stands for null. An empty cell, where nothing is said.
    #[serde(default)]
    pub null_text: String,
    /// What happens to input that is not a change.
    #[serde(default)]
    pub on_error: OnError,
    /// Whether to wait for more at the end of the last file. True where nothing is said, except for
    /// compressed files, which cannot grow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<bool>,
    /// Changes a second; all at once where nothing is said. The pipeline keeps to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Which clock its time follows at the end of the files; that of the input, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    /// Sources that must have been read to their end before. The pipeline sees to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Lists in nodes whose items become nodes of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwind: Vec<Unwind>,
    /// Limits on what comes in.
    #[serde(default)]
    pub limits: Limits,
}

/// One of several files.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// The file.
    pub path: PathBuf,
    /// For a table: what node a row becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeMapping>,
    /// For a table: what relationships a row has, each starting at the row's node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relationships: Vec<RelationshipMapping>,
    /// For a table: the types of columns, where they are not to be inferred.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, ColumnType>,
}

/// The node that a row of a table becomes; its columns are the properties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeMapping {
    /// The node's label.
    pub label: String,
    /// The node's id, a template over the columns: `airport:{faa}`. Braces themselves are `{{` and `}}`.
    pub id: String,
}

/// A relationship from the node of a row; rows whose columns in `to` are null have none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationshipMapping {
    /// The relationship's type. Its id is `{node id}-{TYPE}->{to id}`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The node it leads to.
    pub to: End,
}

/// The end of a relationship: a template for an id, of this source or another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Integers of 64 bits.
    Integer,
    /// Floats.
    Float,
    /// `true` or `false`, in any case.
    Boolean,
    /// Text as it stands: for codes with leading zeros.
    String,
}

/// What happens to input that is not a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// The source stops there and says why.
    #[default]
    Stop,
    /// The line is set aside, visibly, and the source goes on.
    Park,
}

impl FileSettings {
    /// The settings of a source `id` over one file, everything else as it is where nothing is said.
    pub fn new(id: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self { id: id.into(), path: Some(path.into()), ..Self::default() }
    }

    /// The files in the order they are read, whichever way they were given.
    pub fn entries(&self) -> Vec<FileEntry> {
        match &self.path {
            None => self.files.clone(),
            Some(path) => vec![FileEntry {
                path: path.clone(),
                node: self.node.clone(),
                relationships: self.relationships.clone(),
                types: self.types.clone(),
            }],
        }
    }

    /// Makes relative paths start at `base`, the directory of the configuration.
    pub fn resolve(&mut self, base: &Path) {
        for path in self.path.iter_mut().chain(self.files.iter_mut().map(|file| &mut file.path)) {
            *path = base.join(&path);
        }
    }

    /// Checks what the types alone do not. The columns that templates name are checked when the file is opened.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`](crate::ErrorKind::Settings) with the field and what to write instead.
    pub fn validate(&self) -> Result<(), SourceError> {
        validate_common(&self.id, &self.limits)?;
        let wrong = |text: String| Err(SourceError::settings(format!("source `{}`: {text}", self.id)));
        if self.path.is_some() != self.files.is_empty() {
            return wrong("give either `path` (one file) or `files` (several), and one of them".into());
        }
        let top_level_mapping =
            self.node.is_some() || !self.relationships.is_empty() || !self.types.is_empty();
        if self.path.is_none() && top_level_mapping {
            return wrong("`node`, `relationships` and `types` belong to each entry of `files`".into());
        }
        if self.rate.is_some_and(|rate| !(rate.is_finite() && rate > 0.0)) {
            return wrong("`rate` is a number of changes a second, above 0".into());
        }
        if self.after.contains(&self.id) {
            return wrong("`after` names the source itself".into());
        }
        self.entries().iter().try_for_each(|entry| entry.validate().or_else(wrong))
    }
}

impl FileEntry {
    fn validate(&self) -> Result<(), String> {
        let path = self.path.display();
        let Some((format, _)) = Format::of(&self.path) else {
            return Err(format!("`{path}`: a file source reads .jsonl and .csv, each also with .gz or .zst"));
        };
        let mapped = !self.relationships.is_empty() || !self.types.is_empty();
        match (format, &self.node) {
            (Format::Csv, None) => Err(format!(
                "`{path}` is a table: say what its rows become, as in `node: {{ label: Airport, id: \"airport:{{faa}}\" }}`"
            )),
            (Format::Jsonl, Some(_)) => Err(format!("`{path}` holds changes, not a table: take `node` away")),
            (Format::Jsonl, None) if mapped => {
                Err(format!("`{path}` holds changes, not a table: take `relationships` and `types` away"))
            }
            (Format::Csv, Some(node)) if node.label.is_empty() => {
                Err(format!("`{path}`: `node.label` is empty"))
            }
            _ if self.relationships.iter().any(|r| r.kind.is_empty()) => {
                Err(format!("`{path}`: a relationship's `type` is empty"))
            }
            _ => Ok(()),
        }
    }
}
