//! Turns a table's rows into changes: a node with the columns as properties, and its relationships.

use super::cell;
use super::record::{Field as Cell, error_at, fields};
use crate::error::code;
use crate::mapping::{Act, Field, Mapping, Moment, Row};
use crate::settings::{FileEntry, FileSettings, PropertyType};
use crate::{InputError, SourceError, suggest};
use livewell_model::{Map, SmolStr, Timestamp, Transaction, Value};
use std::borrow::Cow;
use std::collections::HashSet;

/// A mapping whose columns were found in the header.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<SmolStr>,
    types: Vec<Option<PropertyType>>,
    mapping: Mapping<usize>,
    timestamp: Option<Moment<usize>>,
    null_text: String,
}

impl Table {
    /// Reads the header line and finds the mapping's columns in it.
    pub fn compile(header: &[u8], entry: &FileEntry, settings: &FileSettings) -> Result<Self, SourceError> {
        let wrong = |text: String| SourceError::settings(format!("`{}`: {text}", entry.path.display()));
        let columns = columns(header).map_err(&wrong)?;
        let names: Vec<&str> = columns.iter().map(SmolStr::as_str).collect();
        let find = |name: &str| {
            names
                .iter()
                .position(|column| *column == name)
                .ok_or_else(|| format!("the table has no column `{name}`; {}", suggest::advice(name, &names)))
        };
        let node = entry.node.as_ref().expect("validated: a table has a mapping");
        let id_bytes_max = settings.limits.id_bytes_max;
        let mapping = Mapping::compile(&settings.id, node, &entry.relationships, id_bytes_max, find);
        let mapping = mapping.map_err(&wrong)?;
        let timestamp = entry.timestamp.as_ref().map(|timestamp| Moment::compile(timestamp, find));
        let timestamp = timestamp.transpose().map_err(&wrong)?;
        entry
            .types
            .keys()
            .try_for_each(|name| find(name).map(|_| ()))
            .map_err(|error| wrong(format!("`types`: {error}")))?;
        Ok(Self {
            types: columns.iter().map(|column| entry.types.get(column.as_str()).copied()).collect(),
            mapping,
            timestamp,
            columns,
            null_text: settings.null_text.clone(),
        })
    }

    /// Returns the transaction of one row, without its line break.
    pub fn transaction(&self, row: &[u8]) -> Result<Transaction, InputError> {
        let fields = fields(row)?;
        let text = std::str::from_utf8(row).expect("the fields were text");
        if fields.len() != self.columns.len() {
            let (have, wanted) = (fields.len(), self.columns.len());
            // The first field too many, or where the next one is missing.
            let offset = fields.get(wanted).map_or(text.len(), |field| field.offset);
            let message = format!("{have} fields, and the header has {wanted}");
            return Err(error_at(text, offset, code::TABLE, message));
        }
        let properties = self.properties(text, &fields)?;
        let row = TableRow { text, fields, null_text: &self.null_text };
        let timestamp = self.timestamp.as_ref().map(|moment| self.time(moment, &row)).transpose()?;
        Ok(Transaction { changes: self.mapping.changes(&row, Act::Replace(properties))?, timestamp })
    }

    fn time(&self, moment: &Moment<usize>, row: &TableRow<'_>) -> Result<Timestamp, InputError> {
        let column = &self.columns[moment.place];
        let wrong = |text: String| row.error(Some(&moment.place), code::TABLE, format!("`{column}` {text}"));
        match row.field(&moment.place)? {
            Field::Text(text) => moment.of(&text).map_err(wrong),
            Field::Null | Field::Missing => Err(wrong("is null, and it is the time of the row".into())),
        }
    }

    fn properties(&self, row: &str, fields: &[Cell<'_>]) -> Result<Map, InputError> {
        let mut properties = Map::new();
        for ((field, column), wanted) in fields.iter().zip(&self.columns).zip(&self.types) {
            if field.text == self.null_text {
                continue;
            }
            let value: Value = match wanted {
                None => cell::inferred(&field.text),
                Some(wanted) => wanted.read(&field.text).map_err(|wanted| {
                    let message = format!("`{column}` must be {wanted}");
                    error_at(row, field.offset, code::TABLE, message)
                })?,
            };
            properties.insert(column.clone(), value);
        }
        Ok(properties)
    }
}

/// The fields of one row.
struct TableRow<'a> {
    text: &'a str,
    fields: Vec<Cell<'a>>,
    null_text: &'a str,
}

impl Row for TableRow<'_> {
    type Place = usize;
    const CODE: &'static str = code::TABLE;

    fn field(&self, column: &usize) -> Result<Field<'_>, InputError> {
        let text = self.fields[*column].text.as_ref();
        Ok(if text == self.null_text { Field::Null } else { Field::Text(Cow::Borrowed(text)) })
    }

    fn error(&self, column: Option<&usize>, code: &'static str, message: String) -> InputError {
        error_at(self.text, column.map_or(0, |column| self.fields[*column].offset), code, message)
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
