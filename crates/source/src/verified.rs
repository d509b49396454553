//! The result of comparing what is stored of a source with what the other side has.

#[cfg(any(feature = "mysql", feature = "postgres"))]
use livewell_model::{Element, Map, Value};

/// How many characters of an element are shown.
#[cfg(any(feature = "mysql", feature = "postgres"))]
const SHOWN_MAX: usize = 500;

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// The tables in the order of their names.
    pub tables: Vec<TableVerified>,
    /// The first differences.
    pub differences: Vec<Difference>,
    /// The position in the log of the database up to which the source was stored at the end.
    pub position: String,
    /// The last snapshot of the database that was compared with, as `pg_current_snapshot()` prints it; of MariaDB the place
    /// in its log that the snapshot equals.
    pub snapshot: String,
}

/// The result of comparing one table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableVerified {
    /// Schema and name.
    pub name: String,
    /// How many rows the database has.
    pub rows: u64,
    /// How many of them were set aside, and so are not stored: they have values that cannot be represented exactly, or
    /// had such values when they were last sent.
    pub parked: u64,
    /// How many elements differ.
    pub differences: u64,
    /// How many rows changed each time they were read, so that they could not be compared.
    pub kept_changing: u64,
    /// How many rows differ and may still come: the source did not catch up with the database in time.
    pub behind: u64,
    /// Why the table was not compared.
    pub not_compared: Option<String>,
}

/// An element that differs from the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Schema and name of its table.
    pub table: String,
    /// Its id.
    pub id: String,
    /// What is stored, as JSON; `None` if nothing is. Of a node that is on both sides, the properties that differ.
    pub stored: Option<String>,
    /// What the database has, in the same way.
    pub database: Option<String>,
}

impl Verified {
    /// Returns how many elements differ in all tables.
    pub fn count(&self) -> u64 {
        self.tables.iter().map(|table| table.differences).sum()
    }

    /// Returns whether all tables were compared and nothing differs.
    pub fn is_equal(&self) -> bool {
        self.tables
            .iter()
            .all(|table| table.not_compared.is_none() && table.differences == 0 && table.behind == 0)
    }
}

/// Describes an element that differs in words: of a node that is on both sides, the properties that differ.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) fn difference(
    table: &str,
    id: &str,
    stored: Option<&Element>,
    database: Option<&Element>,
) -> Difference {
    let (stored, database) = match (stored, database) {
        (Some(Element::Node(stored)), Some(Element::Node(database))) if stored.labels == database.labels => {
            let (stored, database) = apart(&stored.properties, &database.properties);
            (Some(json(&stored)), Some(json(&database)))
        }
        (stored, database) => {
            (stored.map(|element| json(element.to_value())), database.map(|element| json(element.to_value())))
        }
    };
    Difference { table: table.to_owned(), id: id.to_owned(), stored, database }
}

/// Returns the properties of each side that differ from the other side.
#[cfg(any(feature = "mysql", feature = "postgres"))]
fn apart(one: &Map, other: &Map) -> (Value, Value) {
    let rest = |of: &Map, than: &Map| {
        let mut rest = Map::new();
        for (name, value) in of.iter().filter(|(name, value)| than.get(name) != Some(value)) {
            rest.insert(name.clone(), value.clone());
        }
        Value::Map(rest.into())
    };
    (rest(one, other), rest(other, one))
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
fn json(value: impl serde::Serialize) -> String {
    let text = serde_json::to_string(&value).unwrap_or_else(|error| error.to_string());
    match text.char_indices().nth(SHOWN_MAX) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
