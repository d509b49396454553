//! Turns rows into elements: a row of table `t` with key `k` becomes the node `t:k`, and its foreign keys
//! relationships.
//!
//! A [`Shape`] is the mapping of one table's rows by the settings, and a [`RowMap`] applies it to rows of one form: the
//! columns that the stream announced, or those of a copy.

use super::catalog::links::Print;
use super::failure::{inexact, not_understood};
use super::pgoutput::Cell;
use super::value::{Kind, taken, value};
use crate::SourceError;
use crate::error::code;
use crate::settings::PropertyType;
use livewell_model::{ElementId, Map, Node, Relationship, SmolStr, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The mapping of one table's rows by the settings, whatever form they have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub source: SmolStr,
    /// The table's name as people write it.
    pub name: String,
    pub label: SmolStr,
    /// The prefix of its elements' ids; those of nodes continue with `:`, those of relationships with `.`.
    pub prefix: String,
    /// The columns of its key.
    pub key: Vec<String>,
    pub edges: Vec<EdgeShape>,
    /// Columns that are read in another type.
    pub types: BTreeMap<String, PropertyType>,
    /// Whether it has columns that are decimals now but floats in stores of earlier versions.
    pub has_decimals: bool,
    pub id_bytes_max: usize,
}

/// A relationship that rows have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct EdgeShape {
    pub kind: SmolStr,
    /// The prefix of these relationships' ids.
    pub prefix: String,
    /// The prefix of the ids of the nodes they lead to.
    pub target: String,
    pub columns: Vec<String>,
    /// How each column is printed as the key's column.
    pub prints: Vec<Print>,
}

/// A column of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MappedColumn {
    pub name: SmolStr,
    pub kind: Kind,
}

/// How the rows of one form become elements.
#[derive(Debug, Clone)]
pub(super) struct RowMap {
    shape: Arc<Shape>,
    columns: Vec<MappedColumn>,
    /// The places of the key's columns.
    key: Vec<usize>,
    /// The places of each relationship's columns.
    edges: Vec<Vec<usize>>,
}

/// A row and the elements that it becomes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub key: String,
    /// The texts of the key's columns.
    pub cells: Vec<String>,
    pub node: Node,
    /// Properties that were not sent, because they stay as they are.
    pub kept: Vec<SmolStr>,
    pub links: Vec<Link>,
}

/// What a row says about one of its relationships.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Link {
    To(Relationship),
    /// The row has no such relationship.
    Without(ElementId),
    /// The relationship was not sent, because it does not change.
    Kept(ElementId),
}

impl Link {
    pub fn id(&self) -> &ElementId {
        match self {
            Self::To(relationship) => &relationship.id,
            Self::Without(id) | Self::Kept(id) => id,
        }
    }
}

/// A row that cannot become an element, whatever its table looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadRow {
    pub key: String,
    pub cells: Vec<String>,
    /// The row as JSON, its values as texts.
    pub text: String,
    pub error: SourceError,
}

/// Why a row cannot become elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RowError {
    /// Its table cannot be followed, or a limit is reached.
    Table(SourceError),
    /// The row has a value that cannot be represented exactly.
    Row(Box<BadRow>),
}

impl From<SourceError> for RowError {
    fn from(error: SourceError) -> Self {
        Self::Table(error)
    }
}

impl Shape {
    /// Returns the id of the node with this key.
    pub fn node_id(&self, key: &str) -> Result<ElementId, SourceError> {
        self.id(&format!("{}:", self.prefix), key)
    }

    /// Returns the ids of all that the row with this key can become: its node, then its relationships.
    pub fn ids(&self, key: &str) -> Result<Vec<ElementId>, SourceError> {
        let edges = self.edges.iter().map(|edge| self.id(&edge.prefix, key));
        [self.node_id(key)].into_iter().chain(edges).collect()
    }

    /// Returns how the values of a column are read if its type alone would mean this kind.
    pub fn kind(&self, column: &str, kind: Kind) -> Kind {
        match self.types.get(column) {
            Some(wanted) => taken(kind, *wanted),
            None => kind,
        }
    }

    fn id(&self, prefix: &str, key: &str) -> Result<ElementId, SourceError> {
        let length = prefix.len() + key.len();
        if length > self.id_bytes_max {
            let (table, max) = (&self.name, self.id_bytes_max);
            let text = format!(
                "a row of `{table}` gives an id of {length} bytes, and {max} are allowed (`limits.id_bytes_max`)"
            );
            return Err(SourceError::new(crate::ErrorKind::Input, code::LIMIT, text));
        }
        Ok(ElementId::new(self.source.clone(), [prefix, key].concat()))
    }
}

impl RowMap {
    /// Finds the columns that the settings name; the error says which one is missing.
    pub fn new(shape: &Arc<Shape>, columns: Vec<MappedColumn>) -> Result<Self, String> {
        let place = |name: &String| {
            columns.iter().position(|column| column.name == name.as_str()).ok_or_else(|| name.clone())
        };
        let places = |names: &[String]| names.iter().map(place).collect::<Result<Vec<_>, _>>();
        let key = places(&shape.key)?;
        let edges = shape.edges.iter().map(|edge| places(&edge.columns)).collect::<Result<_, _>>()?;
        Ok(Self { shape: shape.clone(), columns, key, edges })
    }

    /// Returns the row with these values; `old` has the old values, as far as they were sent.
    pub fn row(&self, new: &[Cell<'_>], old: Option<&[Cell<'_>]>) -> Result<Row, RowError> {
        self.check_length(new)?;
        let cells = filled(old, new);
        let (key, key_cells) = self.key(&cells)?;
        let (properties, kept) = match self.properties(&cells, &key) {
            Ok(properties) => properties,
            Err(error) => {
                let text = self.as_json(&cells);
                return Err(RowError::Row(Box::new(BadRow { key, cells: key_cells, text, error })));
            }
        };
        let labels = vec![self.shape.label.clone()];
        let node = Node { id: self.shape.node_id(&key)?, labels, properties };
        let links = self.links(&cells, &key)?;
        Ok(Row { key, cells: key_cells, node, kept, links })
    }

    /// Returns the key of a row of which at least the key was sent.
    pub fn key_of(&self, row: &[Cell<'_>]) -> Result<String, SourceError> {
        self.check_length(row)?;
        Ok(self.key(row)?.0)
    }

    fn check_length(&self, row: &[Cell<'_>]) -> Result<(), SourceError> {
        if row.len() != self.columns.len() {
            return Err(not_understood("a row has not as many values as its table columns"));
        }
        Ok(())
    }

    fn key(&self, row: &[Cell<'_>]) -> Result<(String, Vec<String>), SourceError> {
        let cells: Vec<Cell<'_>> = self.key.iter().map(|at| row[*at]).collect();
        let texts: Option<Vec<String>> = cells.iter().map(|cell| Some(cell.text()?.to_owned())).collect();
        let texts = texts
            .ok_or_else(|| inexact(format!("a row of `{}` has no value in its key", self.shape.name)))?;
        Ok((joined(&texts), texts))
    }

    fn links(&self, row: &[Cell<'_>], key: &str) -> Result<Vec<Link>, SourceError> {
        let edges = self.shape.edges.iter().zip(&self.edges);
        let mut links = Vec::with_capacity(self.edges.len());
        for (edge, places) in edges {
            let id = self.shape.id(&edge.prefix, key)?;
            let cells: Vec<Cell<'_>> = places.iter().map(|at| row[*at]).collect();
            if cells.contains(&Cell::Unchanged) {
                links.push(Link::Kept(id));
                continue;
            }
            let text = |(cell, print): (&Cell<'_>, &Print)| Some(print.apply(cell.text()?)?.into_owned());
            let texts: Option<Vec<String>> = cells.iter().zip(&edge.prints).map(text).collect();
            links.push(match texts {
                Some(texts) => Link::To(Relationship {
                    id,
                    kind: edge.kind.clone(),
                    from: self.shape.node_id(key)?,
                    to: self.shape.id(&edge.target, &joined(&texts))?,
                    properties: Map::new(),
                }),
                None => Link::Without(id),
            });
        }
        Ok(links)
    }

    /// Returns the properties that a row has, and the names of those that do not change.
    fn properties(&self, row: &[Cell<'_>], key: &str) -> Result<(Map, Vec<SmolStr>), SourceError> {
        let (mut properties, mut kept) = (Map::new(), Vec::new());
        for (column, cell) in self.columns.iter().zip(row) {
            let text = match cell {
                Cell::Null => continue,
                Cell::Unchanged => {
                    kept.push(column.name.clone());
                    continue;
                }
                Cell::Text(text) => text,
            };
            let value = value(&column.kind, text).map_err(|reason| {
                let (table, name) = (&self.shape.name, &column.name);
                let source = &self.shape.source;
                inexact(format!(
                    "column `{name}` of the row `{key}` of `{table}`: {reason}; take it as text \
                     (`types: {{ {name}: text }}`), or set such rows aside (`on_error: park`), or mend the row and \
                     then `livewell reset {source}`"
                ))
            })?;
            if !matches!(value, Value::Null) {
                properties.insert(column.name.clone(), value);
            }
        }
        Ok((properties, kept))
    }

    fn as_json(&self, row: &[Cell<'_>]) -> String {
        let mut object = serde_json::Map::new();
        for (column, cell) in self.columns.iter().zip(row) {
            let value = match cell {
                Cell::Null => serde_json::Value::Null,
                Cell::Text(text) => (*text).into(),
                Cell::Unchanged => continue,
            };
            object.insert(column.name.to_string(), value);
        }
        serde_json::Value::Object(object).to_string()
    }
}

/// Returns the new row, with values that were not sent taken from the old one, as far as that was sent.
fn filled<'a>(old: Option<&[Cell<'a>]>, new: &[Cell<'a>]) -> Vec<Cell<'a>> {
    let before = |at: usize| old.and_then(|old| old.get(at)).filter(|cell| matches!(cell, Cell::Text(_)));
    let cell = |(at, cell): (usize, &Cell<'a>)| match cell {
        Cell::Unchanged => before(at).copied().unwrap_or(Cell::Unchanged),
        cell => *cell,
    };
    new.iter().enumerate().map(cell).collect()
}

/// Returns one value as it is, or several joined with commas.
fn joined(texts: &[String]) -> String {
    match texts {
        [text] => text.clone(),
        texts => {
            let escaped = |text: &String| text.replace('\\', "\\\\").replace(',', "\\,");
            texts.iter().map(escaped).collect::<Vec<_>>().join(",")
        }
    }
}

/// Returns the prefix of the ids of a table's elements.
pub(super) fn prefix(schema: &str, name: &str) -> String {
    format!("{}.{}", escaped(schema), escaped(name))
}

/// Escapes a name so that it cannot run into what follows it.
pub(super) fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        if matches!(character, '\\' | '.' | ':') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}
