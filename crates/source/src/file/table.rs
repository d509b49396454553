//! A table's rows as changes: a node, its columns the properties, and its relationships.

use super::cell;
use super::record::{Field, error_at, fields};
use super::template::Template;
use crate::error::code;
use crate::settings::{ColumnType, End, FileEntry, FileSettings};
use crate::{InputError, SourceError, suggest};
use livewell_model::{Change, ElementId, Map, Node, Relationship, SmolStr, Transaction, Value};
use std::collections::HashSet;

/// A mapping whose columns were found in the header.
#[derive(Debug)]
pub(super) struct Table {
    source: SmolStr,
    columns: Vec<SmolStr>,
    types: Vec<Option<ColumnType>>,
    label: SmolStr,
    id: Template,
    relationships: Vec<(SmolStr, Option<SmolStr>, Template)>,
    null_text: String,
    id_bytes_max: usize,
}

impl Table {
    /// Reads the header line and finds the mapping's columns in it.
    pub fn compile(header: &[u8], entry: &FileEntry, settings: &FileSettings) -> Result<Self, SourceError> {
        let wrong = |text: String| SourceError::settings(format!("`{}`: {text}", entry.path.display()));
        let columns = columns(header).map_err(&wrong)?;
        let node = entry.node.as_ref().expect("validated: a table has a mapping");
        let compile = |what: &str, text: &str| {
            Template::compile(text, &columns).map_err(|error| wrong(format!("`{what}`: {error}")))
        };
        let mut relationships = Vec::new();
        for mapping in &entry.relationships {
            let (source, text) = match &mapping.to {
                End::Here(text) => (None, text),
                End::There { source, id } => (Some(SmolStr::from(source)), id),
            };
            relationships.push((SmolStr::from(&mapping.kind), source, compile("relationships.to", text)?));
        }
        let names: Vec<&str> = columns.iter().map(SmolStr::as_str).collect();
        if let Some(name) = entry.types.keys().find(|name| !names.contains(&name.as_str())) {
            let advice = suggest::advice(name, &names);
            return Err(wrong(format!("`types`: the table has no column `{name}`; {advice}")));
        }
        Ok(Self {
            source: settings.id.as_str().into(),
            types: columns.iter().map(|column| entry.types.get(column.as_str()).copied()).collect(),
            label: node.label.as_str().into(),
            id: compile("node.id", &node.id)?,
            columns,
            relationships,
            null_text: settings.null_text.clone(),
            id_bytes_max: settings.limits.id_bytes_max,
        })
    }

    /// The transaction of one row, without its line break.
    pub fn transaction(&self, row: &[u8]) -> Result<Transaction, InputError> {
        let fields = fields(row)?;
        let text = std::str::from_utf8(row).expect("the fields were text");
        let error = |offset, message: String| error_at(text, offset, code::TABLE, message);
        if fields.len() != self.columns.len() {
            let (have, wanted) = (fields.len(), self.columns.len());
            // The first field too many, or where the next one is missing.
            let offset = fields.get(wanted).map_or(text.len(), |field| field.offset);
            return Err(error(offset, format!("{have} fields, and the header has {wanted}")));
        }
        let cell = |at: usize| Some(fields[at].text.as_ref()).filter(|text| *text != self.null_text);
        let id = self.id.render(cell).map_err(|column| {
            error(
                fields[column].offset,
                format!("`{}` is null, and the node's id needs it", self.columns[column]),
            )
        })?;
        let id = self.element_id(None, id).map_err(|message| error(0, message))?;
        let node = Node {
            id: id.clone(),
            labels: vec![self.label.clone()],
            properties: self.properties(text, &fields)?,
        };
        let mut changes = vec![Change::insert(node)];
        for (kind, source, to) in &self.relationships {
            let Ok(to) = to.render(cell) else { continue };
            let named = source.as_ref().map_or(to.clone(), |source| format!("{source}/{to}"));
            let to = self.element_id(source.as_ref(), to).map_err(|message| error(0, message))?;
            let own = self.element_id(None, format!("{}-{kind}->{named}", id.id));
            changes.push(Change::insert(Relationship {
                id: own.map_err(|message| error(0, message))?,
                kind: kind.clone(),
                from: id.clone(),
                to,
                properties: Map::new(),
            }));
        }
        Ok(Transaction { changes, timestamp: None })
    }

    fn properties(&self, row: &str, fields: &[Field<'_>]) -> Result<Map, InputError> {
        let mut properties = Map::new();
        for ((field, column), wanted) in fields.iter().zip(&self.columns).zip(&self.types) {
            if field.text == self.null_text {
                continue;
            }
            let value: Value = match wanted {
                None => cell::inferred(&field.text),
                Some(wanted) => cell::typed(&field.text, *wanted).map_err(|wanted| {
                    let message = format!("`{column}` must be {wanted}");
                    error_at(row, field.offset, code::TABLE, message)
                })?,
            };
            properties.insert(column.clone(), value);
        }
        Ok(properties)
    }

    fn element_id(&self, source: Option<&SmolStr>, id: String) -> Result<ElementId, String> {
        if id.is_empty() {
            return Err("an id comes out empty".into());
        }
        if id.len() > self.id_bytes_max {
            let (length, max) = (id.len(), self.id_bytes_max);
            return Err(format!("an id of {length} bytes, and {max} are allowed (`limits.id_bytes_max`)"));
        }
        Ok(ElementId { source: source.unwrap_or(&self.source).clone(), id: id.into() })
    }
}

fn columns(header: &[u8]) -> Result<Vec<SmolStr>, String> {
    let fields = fields(header).map_err(|error| format!("the header line: {error}"))?;
    let mut columns: Vec<SmolStr> = Vec::with_capacity(fields.len());
    let mut seen = HashSet::with_capacity(fields.len());
    for (at, field) in fields.iter().enumerate() {
        if field.text.is_empty() {
            return Err(format!("column {} has no name; give it one in the header line", at + 1));
        }
        if !seen.insert(field.text.as_ref()) {
            return Err(format!("two columns are named `{}`; rename one", field.text));
        }
        columns.push(field.text.as_ref().into());
    }
    Ok(columns)
}
