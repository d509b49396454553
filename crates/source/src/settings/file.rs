//! The settings of a `file` source.

use super::PropertyType;
use super::contract::{Clock, Settings, validate_common};
use super::mapping::{
    self, NodeMapping, OperationMapping, RecordSettings, RelationshipMapping, TimestampMapping,
};
use crate::expire::Expire;
use crate::file::{Compression, Format};
use crate::json::Reader;
use crate::unwind::Unwind;
use crate::{Limits, SourceError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A source that reads files: one under `path`, or several under `files`, in that order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    /// The source's id.
    pub id: String,
    /// The file, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// For a table or records under `path`: what node a row or record becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeMapping>,
    /// For a table or records under `path`: what relationships a row or record has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relationships: Vec<RelationshipMapping>,
    /// For a file under `path`: the types of columns or properties, if they are not to be inferred or other ones are
    /// wanted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, PropertyType>,
    /// For records under `path`: the properties and where in the record they are; all of it if absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// For records under `path`: which operation one is; an insert if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationMapping>,
    /// For records under `path`: where in a line the record is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// For records under `path`: where in a line the record is that is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_before: Option<String>,
    /// Where the time of a row or record under `path` is; if absent, its time is when it was taken in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<TimestampMapping>,
    /// For records under `path`: the placeholder for a value that did not change; that of Debezium if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable_value: Option<String>,
    /// The files, if there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileEntry>,
    /// The text of a cell that means null; an empty cell if absent.
    #[serde(default)]
    pub null_text: String,
    /// What happens to input that is not a change.
    #[serde(default)]
    pub on_error: OnError,
    /// Whether to wait for more at the end of the last file. True if absent, except for compressed files, which cannot
    /// grow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<bool>,
    /// How a followed log is rotated. If absent, it is not, and a replaced file is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// Changes a second; as fast as possible if absent. The pipeline keeps to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Which clock its time follows at the end of the files; that of the input if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    /// Sources that must have been read to their end before. The pipeline ensures that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Lists in nodes whose items become nodes of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwind: Vec<Unwind>,
    /// How long elements that do not change are kept; for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire: Option<Expire>,
    /// Limits on what comes in.
    #[serde(default)]
    pub limits: Limits,
}

impl Settings for FileSettings {
    fn id(&self) -> &str {
        &self.id
    }

    fn clock(&self) -> Clock {
        self.clock.unwrap_or(Clock::Input)
    }

    fn check(&self) -> Result<(), SourceError> {
        self.validate()
    }

    fn files(&self) -> Vec<PathBuf> {
        self.path.iter().chain(self.files.iter().map(|file| &file.path)).cloned().collect()
    }

    fn resolve(&mut self, base: &Path) {
        FileSettings::resolve(self, base);
    }

    fn unwind(&self) -> &[Unwind] {
        &self.unwind
    }

    fn expire(&self) -> Option<&Expire> {
        self.expire.as_ref()
    }

    fn after(&self) -> &[String] {
        &self.after
    }

    fn line_bytes_max(&self) -> usize {
        self.limits.line_bytes_max
    }

    fn end_with_input(&mut self) {
        (self.follow, self.clock) = (Some(false), Some(Clock::Input));
    }

    fn made(&self) -> Option<BTreeSet<String>> {
        let made = |entry: FileEntry| Some(mapping::made(entry.node.as_ref()?, &entry.relationships));
        let all: Option<Vec<BTreeSet<String>>> = self.entries().into_iter().map(made).collect();
        Some(all?.into_iter().flatten().collect())
    }
}

/// One of several files.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// The file.
    pub path: PathBuf,
    /// For a table or records: what node a row or record becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeMapping>,
    /// For a table or records: what relationships a row or record has, each starting at its node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relationships: Vec<RelationshipMapping>,
    /// The types of columns or properties, if they are not to be inferred or other ones are wanted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, PropertyType>,
    /// For records: the properties and where in the record they are; all of it if absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// For records: which operation one is; an insert if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationMapping>,
    /// For records: where in a line the record is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// For records: where in a line the record is that is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_before: Option<String>,
    /// Where the time of a row or record is; if absent, its time is when it was taken in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<TimestampMapping>,
    /// For records: the placeholder for a value that did not change; that of Debezium if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable_value: Option<String>,
}

/// What happens to input that is not a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// The source stops there and reports why.
    #[default]
    Stop,
    /// The line is parked, where it can be seen, and the source continues.
    Park,
}

/// How a log is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rotation {
    /// `PATH` becomes `PATH.1`, that `PATH.2` and so on, and a new `PATH` is written to.
    Rename,
}

impl FileSettings {
    /// Creates the settings of a source `id` over one file, everything else at its default.
    pub fn new(id: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self { id: id.into(), path: Some(path.into()), ..Self::default() }
    }

    /// Returns the files in the order they are read, whichever way they were given.
    pub fn entries(&self) -> Vec<FileEntry> {
        match &self.path {
            None => self.files.clone(),
            Some(path) => vec![FileEntry {
                path: path.clone(),
                node: self.node.clone(),
                relationships: self.relationships.clone(),
                types: self.types.clone(),
                properties: self.properties.clone(),
                operation: self.operation.clone(),
                record: self.record.clone(),
                record_before: self.record_before.clone(),
                timestamp: self.timestamp.clone(),
                unavailable_value: self.unavailable_value.clone(),
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
    /// Returns [`ErrorKind::Settings`](crate::ErrorKind::Settings) with the field and what to write instead.
    pub fn validate(&self) -> Result<(), SourceError> {
        validate_common(&self.id, &self.limits)?;
        let wrong = |text: String| Err(SourceError::settings(format!("source `{}`: {text}", self.id)));
        if self.path.is_some() != self.files.is_empty() {
            return wrong("give either `path` (one file) or `files` (several), and one of them".into());
        }
        if self.path.is_none() && self.has_mapping() {
            return wrong("`node` and what goes with it belong to each entry of `files`".into());
        }
        if self.rotation.is_some() {
            self.check_rotation().or_else(wrong)?;
        }
        if self.rate.is_some_and(|rate| !(rate.is_finite() && rate > 0.0)) {
            return wrong("`rate` is a number of changes a second, above 0".into());
        }
        if self.after.contains(&self.id) {
            return wrong("`after` names the source itself".into());
        }
        for entry in &self.entries() {
            entry.validate().or_else(wrong)?;
            if Format::of(&entry.path).is_some_and(|(format, _)| format == Format::Jsonl) {
                entry.reader(self)?;
            }
        }
        Ok(())
    }

    fn check_rotation(&self) -> Result<(), String> {
        let Some(path) = &self.path else {
            return Err("`rotation` goes with `path`: one file and what it was before".into());
        };
        match Format::of(path) {
            Some((_, Compression::None)) | None => Ok(()),
            Some(_) => {
                let path = path.display();
                Err(format!(
                    "`rotation`: `{path}` is compressed, and what is written to is not; name that file"
                ))
            }
        }
    }

    fn has_mapping(&self) -> bool {
        let records = [
            self.operation.is_some(),
            self.record.is_some(),
            self.record_before.is_some(),
            self.timestamp.is_some(),
            self.unavailable_value.is_some(),
        ];
        let maps = [self.types.is_empty(), self.properties.is_empty(), self.relationships.is_empty()];
        self.node.is_some() || records.contains(&true) || maps.contains(&false)
    }
}

impl FileEntry {
    fn validate(&self) -> Result<(), String> {
        let path = self.path.display();
        let Some((format, _)) = Format::of(&self.path) else {
            return Err(format!("`{path}`: a file source reads .jsonl and .csv, each also with .gz or .zst"));
        };
        let records = self.records();
        match (format, &self.node) {
            (Format::Csv, None) => Err(format!(
                "`{path}` is a table: say what its rows become, as in `node: {{ label: Airport, id: \"airport:{{faa}}\" }}`"
            )),
            (Format::Csv, Some(_)) if let Some(field) = records.only_for_records() => {
                Err(format!("`{path}` is a table: `{field}` is for records of JSON, take it away"))
            }
            (Format::Csv, Some(node)) => {
                mapping::validate(node, &self.relationships).map_err(|error| format!("`{path}`: {error}"))
            }
            (Format::Jsonl, _) => Ok(()),
        }
    }

    fn records(&self) -> RecordSettings<'_> {
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
    }

    /// Returns what reads the lines, if they are JSON.
    pub(crate) fn reader(&self, settings: &FileSettings) -> Result<Reader, SourceError> {
        Reader::by(&self.records(), &settings.id, &settings.limits)
    }
}
