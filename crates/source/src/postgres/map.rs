//! From rows to elements: a row of table `t` with key `k` is the node `t:k`, its foreign keys relationships.

use super::failure::{inexact, not_understood};
use super::layout::Table;
use super::pgoutput::Cell;
use super::value::{Kind, Types, kind, value};
use crate::SourceError;
use crate::error::code;
use crate::settings::{PostgresSettings, table_name};
use livewell_model::{Change, Element, ElementId, Map, Node, Patch, Relationship, SmolStr};

/// What a transaction did to the elements, in its order.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A change of one element.
    Change(Change),
    /// A node under a new id: `insert` it with the properties `kept` as they are at `from`, which goes.
    Move {
        /// The node as far as it is known.
        insert: Node,
        /// The node that it was.
        from: ElementId,
        /// Properties that were not sent, because they stay as they are.
        kept: Vec<SmolStr>,
    },
    /// All elements go whose ids begin with this.
    Clear {
        /// The beginning of their ids.
        prefix: String,
    },
}

/// How the rows of one table become elements.
#[derive(Debug, Clone)]
pub(super) struct TableMap {
    pub table: Table,
    source: SmolStr,
    label: SmolStr,
    prefix: String,
    columns: Vec<MappedColumn>,
    /// The places of the key's columns.
    key: Vec<usize>,
    edges: Vec<Edge>,
    id_bytes_max: usize,
}

#[derive(Debug, Clone)]
struct MappedColumn {
    name: SmolStr,
    kind: Kind,
}

/// A relationship that rows have.
#[derive(Debug, Clone)]
struct Edge {
    kind: SmolStr,
    prefix: String,
    target: String,
    columns: Vec<usize>,
}

impl TableMap {
    /// Finds the columns that the settings name.
    pub fn new(table: Table, settings: &PostgresSettings, types: &Types) -> Result<Self, String> {
        let own = table.settings(settings);
        let place = |name: &String| {
            let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
            names.iter().position(|have| *have == name).ok_or_else(|| {
                let advice = crate::suggest::advice(name, &names);
                format!("`{}` has no column `{name}` that is sent; {advice}", table.shown())
            })
        };
        let places = |names: &[String]| names.iter().map(place).collect::<Result<Vec<_>, _>>();
        let taken = own.map(|own| own.types.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        let taken = places(&taken)?;
        let columns = table.columns.iter().enumerate().map(|(at, column)| MappedColumn {
            name: column.name.as_str().into(),
            kind: if taken.contains(&at) { Kind::Text } else { kind(types, column.kind, column.modifier) },
        });
        let columns = columns.collect();
        let prefix = escaped_name(&table.schema, &table.name);
        let mut edges = Vec::new();
        for edge in own.map(|own| own.relationships.as_slice()).unwrap_or_default() {
            let parts: Vec<String> =
                [&edge.kind].into_iter().chain(&edge.columns).map(|part| escaped(part)).collect();
            let (schema, name) = table_name(&edge.table);
            edges.push(Edge {
                kind: edge.kind.as_str().into(),
                prefix: format!("{prefix}.{}:", parts.join(".")),
                target: format!("{}:", escaped_name(schema, name)),
                columns: places(&edge.columns)?,
            });
        }
        Ok(Self {
            source: settings.id.as_str().into(),
            label: own.and_then(|own| own.label.clone()).unwrap_or_else(|| table.name.clone()).into(),
            prefix: format!("{prefix}:"),
            columns,
            key: places(&table.key)?,
            edges,
            id_bytes_max: settings.limits.id_bytes_max,
            table,
        })
    }

    /// The elements of a row that is whole.
    pub fn insert(&self, row: &[Cell<'_>], out: &mut Vec<Step>) -> Result<(), SourceError> {
        let key = self.key(row)?;
        let (properties, kept) = self.properties(row, &key)?;
        if !kept.is_empty() {
            return Err(not_understood("a new row has values that were not touched"));
        }
        out.push(Step::Change(Change::insert(self.node(&key, properties)?)));
        self.relate(row, &key, out)
    }

    /// The same into elements.
    pub fn elements(&self, row: &[Cell<'_>]) -> Result<Vec<Element>, SourceError> {
        let mut steps = Vec::with_capacity(1 + self.edges.len());
        self.insert(row, &mut steps)?;
        let inserted = steps.into_iter().filter_map(|step| match step {
            Step::Change(Change::Insert(element)) => Some(element),
            // A relationship that is not there.
            _ => None,
        });
        Ok(inserted.collect())
    }

    pub fn update(
        &self,
        old: Option<&[Cell<'_>]>,
        new: &[Cell<'_>],
        out: &mut Vec<Step>,
    ) -> Result<(), SourceError> {
        let filled = filled(old, new);
        let key = self.key(&filled)?;
        let before = old.map(|old| self.key(old)).transpose()?.filter(|before| *before != key);
        let (properties, kept) = self.properties(&filled, &key)?;
        match before {
            Some(before) => {
                let (insert, from) = (self.node(&key, properties)?, self.id(&self.prefix, &before)?);
                out.push(Step::Move { insert, from, kept });
                self.unrelate(&before, out)?;
            }
            None if kept.is_empty() => {
                out.push(Step::Change(Change::insert(self.node(&key, properties)?)));
            }
            None => {
                let mut patch = Patch::new(self.id(&self.prefix, &key)?);
                patch.is_relationship = Some(false);
                patch.labels = Some(vec![self.label.clone()]);
                patch.properties = properties;
                out.push(Step::Change(Change::Update(patch)));
            }
        }
        self.relate(&filled, &key, out)
    }

    pub fn delete(&self, old: &[Cell<'_>], out: &mut Vec<Step>) -> Result<(), SourceError> {
        let key = self.key(old)?;
        out.push(Step::Change(Change::Delete(self.id(&self.prefix, &key)?)));
        self.unrelate(&key, out)
    }

    pub fn truncate(&self, out: &mut Vec<Step>) {
        let prefixes = [&self.prefix].into_iter().chain(self.edges.iter().map(|edge| &edge.prefix));
        out.extend(prefixes.map(|prefix| Step::Clear { prefix: prefix.clone() }));
    }

    fn relate(&self, row: &[Cell<'_>], key: &str, out: &mut Vec<Step>) -> Result<(), SourceError> {
        for edge in &self.edges {
            let cells: Vec<Cell<'_>> = edge.columns.iter().map(|at| row[*at]).collect();
            if cells.contains(&Cell::Unchanged) {
                continue;
            }
            let id = self.id(&edge.prefix, key)?;
            out.push(Step::Change(match joined(&cells) {
                Some(target) => Change::insert(Relationship {
                    id,
                    kind: edge.kind.clone(),
                    from: self.id(&self.prefix, key)?,
                    to: self.id(&edge.target, &target)?,
                    properties: Map::new(),
                }),
                None => Change::Delete(id),
            }));
        }
        Ok(())
    }

    fn unrelate(&self, key: &str, out: &mut Vec<Step>) -> Result<(), SourceError> {
        for edge in &self.edges {
            out.push(Step::Change(Change::Delete(self.id(&edge.prefix, key)?)));
        }
        Ok(())
    }

    /// The row's key as text.
    fn key(&self, row: &[Cell<'_>]) -> Result<String, SourceError> {
        if row.len() != self.columns.len() {
            return Err(not_understood("a row has not as many values as its table columns"));
        }
        let cells: Vec<Cell<'_>> = self.key.iter().map(|at| row[*at]).collect();
        joined(&cells).ok_or_else(|| {
            let text = format!("a row of `{}` has no value in its key", self.table.shown());
            inexact(text)
        })
    }

    /// The properties that a row names, and those that stay as they are.
    fn properties(&self, row: &[Cell<'_>], key: &str) -> Result<(Map, Vec<SmolStr>), SourceError> {
        let (mut properties, mut kept) = (Map::new(), Vec::new());
        for (column, cell) in self.columns.iter().zip(row) {
            let text = match cell {
                Cell::Text(text) => text,
                Cell::Unchanged => {
                    kept.push(column.name.clone());
                    continue;
                }
                Cell::Null => {
                    properties.insert(column.name.clone(), livewell_model::Value::Null);
                    continue;
                }
            };
            let value = value(&column.kind, text).map_err(|reason| {
                let (table, name) = (self.table.shown(), &column.name);
                inexact(format!(
                    "column `{name}` of the row `{key}` of `{table}`: {reason}; take it as text \
                     (`types: {{ {name}: string }}`) and reset the source, or mend the row and do so"
                ))
            })?;
            properties.insert(column.name.clone(), value);
        }
        Ok((properties, kept))
    }

    fn node(&self, key: &str, properties: Map) -> Result<Node, SourceError> {
        let labels = vec![self.label.clone()];
        Ok(Node { id: self.id(&self.prefix, key)?, labels, properties })
    }

    fn id(&self, prefix: &str, key: &str) -> Result<ElementId, SourceError> {
        let length = prefix.len() + key.len();
        if length > self.id_bytes_max {
            let (table, max) = (self.table.shown(), self.id_bytes_max);
            let text = format!(
                "a row of `{table}` gives an id of {length} bytes, and {max} are allowed (`limits.id_bytes_max`)"
            );
            return Err(SourceError::new(crate::ErrorKind::Input, code::LIMIT, text));
        }
        Ok(ElementId::new(self.source.clone(), [prefix, key].concat()))
    }
}

/// The new row; what was not touched, and so not sent, from the old one as far as that was sent.
fn filled<'a>(old: Option<&[Cell<'a>]>, new: &[Cell<'a>]) -> Vec<Cell<'a>> {
    let before = |at: usize| old.and_then(|old| old.get(at)).filter(|cell| matches!(cell, Cell::Text(_)));
    let cell = |(at, cell): (usize, &Cell<'a>)| match cell {
        Cell::Unchanged => before(at).copied().unwrap_or(Cell::Unchanged),
        cell => *cell,
    };
    new.iter().enumerate().map(cell).collect()
}

/// One value as it is, several behind each other with commas; `None` where one is not there.
fn joined(cells: &[Cell<'_>]) -> Option<String> {
    let text = |cell: &Cell<'_>| match cell {
        Cell::Text(text) => Some((*text).to_owned()),
        Cell::Null | Cell::Unchanged => None,
    };
    if let [cell] = cells {
        return text(cell);
    }
    let parts = cells.iter().map(|cell| Some(text(cell)?.replace('\\', "\\\\").replace(',', "\\,")));
    Some(parts.collect::<Option<Vec<String>>>()?.join(","))
}

fn escaped_name(schema: &str, name: &str) -> String {
    format!("{}.{}", escaped(schema), escaped(name))
}

/// So that no name runs into what follows it.
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        if matches!(character, '\\' | '.' | ':') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}
