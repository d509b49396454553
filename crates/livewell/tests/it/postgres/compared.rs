//! The nodes and relationships of a source, compared with what SQL says its tables hold.

use super::database::Database;
use crate::fixture::rows;
use livewell::Livewell;
use livewell_model::json::value_from_json;
use livewell_model::{Decimal, Node, Relationship, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The query whose rows are all nodes of the source.
pub const NODES: &str = "MATCH (n) RETURN n";
/// The query whose rows are all relationships between nodes that are there.
pub const TIES: &str = "MATCH ()-[r]->() RETURN r";
/// How many differences are told.
const TOLD_MAX: usize = 12;

/// A table that a source follows, and what its rows should be.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// `schema.name`; of `public` without a dot.
    pub name: String,
    label: String,
    /// The columns that the ids of its rows are made of, in order.
    ids_by: Vec<String>,
    /// What else its settings say.
    extra: BTreeMap<String, Json>,
    ties: Vec<Tie>,
    /// The rows that should be there.
    condition: String,
    /// The columns that should be there; `None` is all.
    columns: Option<Vec<String>>,
    /// Whether stored generated columns should be there.
    has_generated: bool,
}

/// A relationship from each row to the row that its columns name.
#[derive(Debug, Clone)]
struct Tie {
    kind: String,
    table: String,
    columns: Vec<String>,
    /// The columns of the other table that they are equal to.
    equal: Vec<String>,
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Table {
    /// A table whose rows have their ids by these columns. The settings name no key.
    pub fn new(name: &str, ids_by: &[&str]) -> Self {
        let label = name.rsplit('.').next().unwrap_or(name).to_owned();
        Self { name: name.into(), label, ids_by: texts(ids_by), condition: "true".into(), ..Self::default() }
    }

    /// Names the key in the settings, too.
    pub fn keyed(self) -> Self {
        let key = json!(self.ids_by);
        self.setting("key", key)
    }

    pub fn label(mut self, label: &str) -> Self {
        self.label = label.into();
        self.setting("label", json!(label))
    }

    /// Adds to the settings of the table.
    pub fn setting(mut self, name: &str, value: Json) -> Self {
        self.extra.insert(name.into(), value);
        self
    }

    /// Adds relationships to the rows of `table` whose columns `equal` are equal to these `columns`.
    pub fn tied(mut self, kind: &str, table: &str, columns: &[&str], equal: &[&str]) -> Self {
        let (columns, equal) = (texts(columns), texts(equal));
        self.ties.push(Tie { kind: kind.into(), table: table.into(), columns, equal });
        self
    }

    /// Expects only the rows for which this SQL is true.
    pub fn rows_with(mut self, condition: &str) -> Self {
        self.condition = condition.into();
        self
    }

    /// Expects only these columns.
    pub fn columns(mut self, columns: &[&str]) -> Self {
        self.columns = Some(texts(columns));
        self
    }

    /// Expects generated columns, too.
    pub fn with_generated(mut self) -> Self {
        self.has_generated = true;
        self
    }

    /// What a configuration says of the table.
    pub fn settings(&self) -> Json {
        let tie = |tie: &Tie| json!({ "type": tie.kind, "table": tie.table, "columns": tie.columns });
        let mut settings = json!({ "table": self.name });
        if !self.ties.is_empty() {
            settings["relationships"] = self.ties.iter().map(tie).collect();
        }
        for (name, value) in &self.extra {
            settings[name] = value.clone();
        }
        settings
    }

    /// The name with its schema, as ids begin.
    fn full_name(&self) -> String {
        if self.name.contains('.') { self.name.clone() } else { format!("public.{}", self.name) }
    }

    /// SQL for the id of a row of the table under `alias`.
    fn id(&self, alias: &str) -> String {
        let text = |column: &String| format!("format('%s', {alias}.{column})");
        let key = match self.ids_by.as_slice() {
            [column] => text(column),
            columns => columns
                .iter()
                .map(|column| format!(r"replace(replace({}, '\', '\\'), ',', '\,')", text(column)))
                .collect::<Vec<_>>()
                .join(" || ',' || "),
        };
        format!("'{}:' || {key}", self.full_name())
    }
}

/// Nodes by their ids, each property as text; and relationships.
#[derive(Debug, Default, PartialEq)]
struct Truth {
    nodes: BTreeMap<String, (String, BTreeMap<String, String>)>,
    ties: Vec<String>,
}

/// What the source has and SQL has not, and the reverse; empty if they agree.
pub fn differences(livewell: &Livewell, database: &Database, tables: &[Table]) -> Vec<String> {
    unlike_sql(&answer(database, tables), nodes(livewell), &ties(livewell))
}

/// Compares these nodes, and relationships as [`tie_text`] has them, with what SQL answered ([`answer`]).
pub fn unlike_sql(answer: &str, mut nodes: BTreeMap<String, Node>, ties: &[String]) -> Vec<String> {
    let truth = Truth::read(answer);
    let mut found = Vec::new();
    for (id, (label, properties)) in &truth.nodes {
        match nodes.remove(id) {
            None => found.push(format!("`{id}` is missing")),
            Some(node) if node.labels != [label.as_str()] => {
                found.push(format!("`{id}` has the labels {:?}", node.labels));
            }
            Some(node) => found.extend(unlike(id, &node, properties)),
        }
    }
    found.extend(nodes.into_keys().map(|id| format!("`{id}` is not in SQL")));
    let absent = |of: &[String], from: &[String]| -> Vec<String> {
        of.iter().filter(|tie| !from.contains(tie)).cloned().collect()
    };
    found.extend(absent(&truth.ties, ties).into_iter().map(|tie| format!("{tie} is missing")));
    found.extend(absent(ties, &truth.ties).into_iter().map(|tie| format!("{tie} is not in SQL")));
    let more = found.len().saturating_sub(TOLD_MAX);
    found.truncate(TOLD_MAX);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    found
}

fn unlike(id: &str, node: &Node, properties: &BTreeMap<String, String>) -> Vec<String> {
    let short = |text: &str| text.chars().take(80).collect::<String>();
    let mut found = Vec::new();
    for (name, text) in properties {
        match node.properties.get(name) {
            Some(value) if agrees(value, text) => {}
            value => {
                let value = value.map_or("absent".into(), |value| short(&format!("{value:?}")));
                found.push(format!("`{id}`.{name} is {value}, in SQL {}", short(text)));
            }
        }
    }
    let extra = node.properties.iter().filter(|(name, _)| !properties.contains_key(name.as_str()));
    found.extend(extra.map(|(name, value)| {
        format!("`{id}`.{name} is {}, in SQL null or no column", short(&format!("{value:?}")))
    }));
    found
}

fn nodes(livewell: &Livewell) -> BTreeMap<String, Node> {
    let node = |row: livewell_model::diff::Columns| match &row[0] {
        Value::Node(node) => (node.id.id.to_string(), (**node).clone()),
        other => panic!("a node, not {other:?}"),
    };
    rows(livewell, "nodes").into_values().map(node).collect()
}

fn ties(livewell: &Livewell) -> Vec<String> {
    let tie = |row: livewell_model::diff::Columns| match &row[0] {
        Value::Relationship(tie) => tie_text(tie),
        other => panic!("a relationship, not {other:?}"),
    };
    let mut ties: Vec<String> = rows(livewell, "ties").into_values().map(tie).collect();
    ties.sort_unstable();
    ties
}

/// A relationship as text.
pub fn tie_text(tie: &Relationship) -> String {
    format!("({})-[{}]->({})", tie.from.id, tie.kind, tie.to.id)
}

/// What SQL says that the tables hold. A table that is not there has no rows.
pub fn answer(database: &Database, tables: &[Table]) -> String {
    let columns = columns(database, tables);
    let mut statements = String::from("set timezone = 'UTC';");
    for (at, table) in tables.iter().enumerate() {
        let Some(columns) = columns.get(&at) else { continue };
        let text = |name: &String| {
            format!(
                "'{name}', case when x.\"{name}\" is distinct from null then format('%s', x.\"{name}\") end"
            )
        };
        let properties: Vec<String> = columns.iter().map(text).collect();
        statements += &format!(
            "select json_build_object('id', {}, 'label', '{}', 'row', json_build_object({})) from {} x where \
                 {};",
            table.id("x"),
            table.label,
            properties.join(", "),
            from(database, table),
            table.condition
        );
        for tie in &table.ties {
            statements += &tie_statement(database, tables, table, tie);
        }
    }
    database.ask(&statements)
}

impl Truth {
    fn read(answer: &str) -> Self {
        let mut truth = Self::default();
        for line in answer.lines() {
            truth.take(&serde_json::from_str(line).expect("SQL made JSON"));
        }
        truth.ties.sort_unstable();
        truth
    }

    fn take(&mut self, line: &Json) {
        let text = |name: &str| line[name].as_str().expect("a text").to_owned();
        if !line["tie"].is_null() {
            self.ties.push(text("tie"));
            return;
        }
        let row = line["row"].as_object().expect("a row");
        let row = row.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        let before = self.nodes.insert(text("id"), (text("label"), row.collect()));
        assert!(before.is_none(), "two rows of SQL have the id {}", text("id"));
    }
}

/// Rows of children by inheritance are none of the table; those of partitions are.
fn from(database: &Database, table: &Table) -> String {
    let kind = database.ask(&format!("select relkind from pg_class where oid = '{}'::regclass", table.name));
    let only = if kind == "p" { "" } else { "only " };
    format!("{only}{}", table.name)
}

fn tie_statement(database: &Database, tables: &[Table], table: &Table, tie: &Tie) -> String {
    let other = tables.iter().find(|other| other.name == tie.table).expect("it leads to a followed table");
    let list = |alias: &str, columns: &[String]| {
        columns.iter().map(|column| format!("{alias}.{column}")).collect::<Vec<_>>().join(", ")
    };
    format!(
        "select json_build_object('tie', '(' || {} || ')-[{}]->(' || {} || ')') from {} x join {} y \
         on ({}) = ({}) where {};",
        table.id("x"),
        tie.kind,
        other.id("y"),
        from(database, table),
        from(database, other),
        list("x", &tie.columns),
        list("y", &tie.equal),
        table.condition
    )
}

/// The columns that are expected of each table that is there.
fn columns(database: &Database, tables: &[Table]) -> BTreeMap<usize, Vec<String>> {
    let names: Vec<String> = tables.iter().map(|table| format!("'{}'", table.name)).collect();
    let output = database.ask(&format!(
        "select n - 1, attname, attgenerated <> '' from unnest(array[{}]) with ordinality t(name, n) \
         join pg_attribute on attrelid = to_regclass(name) and attnum > 0 and not attisdropped order by n, \
         attnum",
        names.join(", ")
    ));
    let mut columns: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for line in output.lines() {
        let [at, name, is_generated] = line.split('|').collect::<Vec<_>>().try_into().expect("three columns");
        let at: usize = at.parse().expect("a number");
        let is_expected = |columns: &Vec<String>| columns.iter().any(|column| column == name);
        let is_sent = tables[at].has_generated || is_generated == "f";
        if is_sent && tables[at].columns.as_ref().is_none_or(is_expected) {
            columns.entry(at).or_default().push(name.to_owned());
        }
    }
    columns
}

/// Whether a property is what PostgreSQL prints as this text.
fn agrees(value: &Value, text: &str) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => text == if *value { "t" } else { "f" },
        Value::Int(value) => text == value.to_string(),
        Value::Float(value) => text.parse::<f64>().is_ok_and(|number| number == *value),
        Value::Decimal(value) => Decimal::parse(text).as_ref() == Ok(value),
        Value::String(value) => value == text,
        Value::Bytes(bytes) => {
            let hex = bytes.iter().fold(String::from("\\x"), |text, byte| text + &format!("{byte:02x}"));
            hex == text
        }
        Value::List(items) if text.starts_with('{') => {
            let parts: Vec<&str> =
                text[1..text.len() - 1].split(',').filter(|part| !part.is_empty()).collect();
            let is = |(item, part): (&Value, &&str)| {
                if item.is_null() { *part == "NULL" } else { agrees(item, part) }
            };
            parts.len() == items.len() && items.iter().zip(&parts).all(is)
        }
        Value::Date(value) => moment(&value.to_string()) == moment(text),
        Value::LocalTime(value) => moment(&value.to_string()) == moment(text),
        Value::LocalDateTime(value) => moment(&value.to_string()) == moment(text),
        Value::DateTime(value) => moment(&value.to_string()) == moment(text),
        value => serde_json::from_str(text).is_ok_and(|json| value_from_json(&json).as_ref() == Ok(value)),
    }
}

/// One text for a moment, whether PostgreSQL or Livewell prints it.
fn moment(text: &str) -> String {
    let text = text.replace(' ', "T").replace("+00", "").replace('Z', "");
    let fraction = text.contains('.');
    let text = if fraction { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let seconds = text.matches(':').count() == 2;
    // Livewell prints no seconds if there are none.
    if seconds { text.strip_suffix(":00").unwrap_or(text).to_owned() } else { text.to_owned() }
}
