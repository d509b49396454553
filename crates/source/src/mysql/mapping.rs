//! Turns rows into elements: a row of table `t` with key `k` becomes the node `database.t:k`, and its relationships lead
//! to the nodes of other rows.

use super::catalog::Table;
use super::failure::{inexact, refused};
use super::kind::Kind;
use super::value::{Cell, value};
use crate::error::code;
use crate::settings::{ForeignKey, MysqlSettings, PropertyType, TableSettings};
use crate::{ErrorKind, SourceError};
use livewell_model::{ElementId, Map, Node, Relationship, SmolStr, Value};

/// How the rows of a table become elements.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    source: SmolStr,
    /// The table's name as people write it.
    shown: String,
    label: SmolStr,
    /// The prefix of its elements' ids; those of nodes continue with `:`, those of relationships with `.`.
    prefix: String,
    columns: Vec<(SmolStr, Kind, Option<PropertyType>)>,
    /// The places of the key's columns.
    key: Vec<usize>,
    edges: Vec<Edge>,
    id_bytes_max: usize,
}

/// A relationship that rows have.
#[derive(Debug, Clone)]
struct Edge {
    kind: SmolStr,
    /// The prefix of these relationships' ids.
    prefix: String,
    /// The prefix of the ids of the nodes they lead to.
    target: String,
    columns: Vec<usize>,
}

/// A row and the elements that it becomes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub key: String,
    pub node: Node,
    /// Its relationships; `None` if the row has no such relationship.
    pub links: Vec<(ElementId, Option<Relationship>)>,
}

/// A row with a value that cannot be represented exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadRow {
    /// The table's name as people write it.
    pub table: String,
    pub key: String,
    /// The row as JSON, its values as texts.
    pub text: String,
    pub error: SourceError,
}

/// Returns the mapping of each table.
///
/// # Errors
/// Returns what does not fit together in the settings and the catalogs.
pub(super) fn mappings(
    settings: &MysqlSettings,
    database: &str,
    tables: &[Table],
) -> Result<Vec<Mapping>, SourceError> {
    let all = settings.tables.iter().zip(tables);
    all.map(|(of, table)| Mapping::new(settings, database, tables, of, table)).collect()
}

impl Mapping {
    fn new(
        settings: &MysqlSettings,
        database: &str,
        tables: &[Table],
        of: &TableSettings,
        table: &Table,
    ) -> Result<Self, SourceError> {
        let place = |name: &String| -> Result<usize, SourceError> {
            table.column(name)?;
            Ok(table.columns.iter().position(|column| column.name == *name).unwrap_or_default())
        };
        of.types.keys().try_for_each(|name| place(name).map(drop))?;
        let edge = |foreign: &ForeignKey| -> Result<Edge, SourceError> {
            let target = settings.tables.iter().position(|other| {
                MysqlSettings::names(&other.table, database) == MysqlSettings::names(&foreign.table, database)
            });
            let target = target.and_then(|at| tables.get(at));
            let target = target.ok_or_else(|| refused(format!("`{}` is not followed", foreign.table)))?;
            check_link(table, foreign, target)?;
            let parts: Vec<String> =
                [&foreign.kind].into_iter().chain(&foreign.columns).map(|part| escaped(part)).collect();
            Ok(Edge {
                kind: foreign.kind.as_str().into(),
                prefix: format!("{}.{}:", prefix(table), parts.join(".")),
                target: format!("{}:", prefix(target)),
                columns: foreign.columns.iter().map(place).collect::<Result<_, _>>()?,
            })
        };
        let column = |column: &super::kind::Column| {
            (SmolStr::from(column.name.as_str()), column.kind, of.types.get(&column.name).copied())
        };
        Ok(Self {
            source: settings.id.as_str().into(),
            shown: table.shown(),
            label: of.label().into(),
            prefix: prefix(table),
            columns: table.columns.iter().map(column).collect(),
            key: table.key.iter().map(place).collect::<Result<_, _>>()?,
            edges: of.relationships.iter().map(edge).collect::<Result<_, _>>()?,
            id_bytes_max: settings.limits.id_bytes_max,
        })
    }

    /// Returns the prefixes of the ids of the table's elements: of its nodes, then of its relationships.
    pub fn prefixes(&self) -> [String; 2] {
        [format!("{}.", self.prefix), format!("{}:", self.prefix)]
    }

    /// Returns the ids of all that the row with this key can become: its node, then its relationships.
    pub fn ids(&self, key: &str) -> Result<Vec<ElementId>, SourceError> {
        let edges = self.edges.iter().map(|edge| self.id(&edge.prefix, key));
        [self.node_id(key)].into_iter().chain(edges).collect()
    }

    /// Returns the key of a row.
    pub fn key(&self, cells: &[Cell]) -> Result<String, SourceError> {
        let key = joined(cells, &self.key);
        key.ok_or_else(|| inexact(format!("a row of `{}` has no value in its key", self.shown)))
    }

    /// Returns what a row becomes.
    pub fn row(&self, cells: &[Cell]) -> Result<Result<Row, BadRow>, SourceError> {
        let key = self.key(cells)?;
        let properties = match self.properties(cells, &key) {
            Ok(properties) => properties,
            Err(error) => {
                let text = self.as_json(cells);
                return Ok(Err(BadRow { table: self.shown.clone(), key, text, error }));
            }
        };
        let node = Node { id: self.node_id(&key)?, labels: vec![self.label.clone()], properties };
        let mut links = Vec::with_capacity(self.edges.len());
        for edge in &self.edges {
            let id = self.id(&edge.prefix, &key)?;
            let to = joined(cells, &edge.columns).map(|to| self.id(&edge.target, &to)).transpose()?;
            let (kind, from) = (&edge.kind, &node.id);
            let link = to.map(|to| Relationship {
                id: id.clone(),
                kind: kind.clone(),
                from: from.clone(),
                to,
                properties: Map::new(),
            });
            links.push((id, link));
        }
        Ok(Ok(Row { key, node, links }))
    }

    fn properties(&self, cells: &[Cell], key: &str) -> Result<Map, SourceError> {
        let mut properties = Map::new();
        for ((name, kind, wanted), cell) in self.columns.iter().zip(cells) {
            let value = value(*kind, *wanted, cell).map_err(|reason| {
                let (table, source) = (&self.shown, &self.source);
                inexact(format!(
                    "column `{name}` of the row `{key}` of `{table}`: {reason}; take it as text \
                     (`types: {{ {name}: text }}`), or set such rows aside (`on_error: park`), or mend the row and then \
                     `livewell reset {source}`"
                ))
            })?;
            if !matches!(value, Value::Null) {
                properties.insert(name.clone(), value);
            }
        }
        Ok(properties)
    }

    fn as_json(&self, cells: &[Cell]) -> String {
        let columns = self.columns.iter().zip(cells);
        let texts = columns.map(|((name, ..), cell)| (name.to_string(), cell.id().into()));
        let object: serde_json::Map<String, serde_json::Value> = texts.collect();
        serde_json::Value::Object(object).to_string()
    }

    fn node_id(&self, key: &str) -> Result<ElementId, SourceError> {
        self.id(&format!("{}:", self.prefix), key)
    }

    fn id(&self, prefix: &str, key: &str) -> Result<ElementId, SourceError> {
        let length = prefix.len() + key.len();
        if length > self.id_bytes_max {
            let (table, max) = (&self.shown, self.id_bytes_max);
            let text = format!(
                "a row of `{table}` gives an id of {length} bytes, and {max} are allowed (`limits.id_bytes_max`)"
            );
            return Err(SourceError::new(ErrorKind::Input, code::LIMIT, text));
        }
        Ok(ElementId::new(self.source.clone(), [prefix, key].concat()))
    }
}

/// Refuses columns that do not hold the key of another table in the same form.
fn check_link(table: &Table, foreign: &ForeignKey, target: &Table) -> Result<(), SourceError> {
    let ForeignKey { kind, columns, .. } = foreign;
    let (name, other) = (table.shown(), target.shown());
    if columns.len() != target.key.len() {
        return Err(refused(format!(
            "the relationship `{kind}` of `{name}` has the columns [{}], and the key of `{other}` is [{}]; name one column \
             for each of these, in this order",
            columns.join(", "),
            target.key.join(", ")
        )));
    }
    for (from, to) in columns.iter().zip(&target.key) {
        let (left, right) = (table.column(from)?.kind, target.column(to)?.kind);
        let is_int = |kind| matches!(kind, Kind::Int { .. });
        let is_alike = is_int(left) && is_int(right)
            || left.is_text() && right.is_text()
            || left.is_bytes() && right.is_bytes();
        let folds = table.folded.contains(from) || target.folded.contains(to);
        let why = match () {
            () if !is_alike => "their types differ",
            () if left.is_text() && folds => {
                "the server holds texts equal there that differ, such as `a` and `A`; give both a collation that ends with \
                 `_bin`"
            }
            () => continue,
        };
        return Err(refused(format!(
            "the column `{from}` of `{name}` cannot lead to the column `{to}` of `{other}` (`{kind}`): {why}"
        )));
    }
    Ok(())
}

/// Returns the values at these places: one as it is, several joined with commas; `None` if one is null.
fn joined(cells: &[Cell], places: &[usize]) -> Option<String> {
    if let [place] = places {
        return Some(cells.get(*place)?.id()?.into_owned());
    }
    let part = |place: &usize| Some(cells.get(*place)?.id()?.replace('\\', "\\\\").replace(',', "\\,"));
    Some(places.iter().map(part).collect::<Option<Vec<_>>>()?.join(","))
}

fn prefix(table: &Table) -> String {
    format!("{}.{}", escaped(&table.schema), escaped(&table.name))
}

/// Escapes a name so that it cannot run into what follows it.
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
