//! The expected table of a scenario.

use crate::value::{Read, array, shown, text, value};
use livewell_model::{Row, SmolStr, Value};
use serde_json::Value as Json;

/// Columns and rows, and how much of their order counts.
#[derive(Debug)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
    ordered: bool,
    lists_unordered: bool,
}

impl Table {
    /// Reads the `expect` of a scenario.
    ///
    /// # Errors
    /// Returns [`crate::value::Unread`] if it is malformed.
    pub fn read(expect: &Json) -> Read<Self> {
        let columns = array(&expect["columns"])?.iter().map(|column| Ok(text(column)?.to_owned()));
        let row = |row| array(row)?.iter().map(value).collect();
        Ok(Self {
            columns: columns.collect::<Read<_>>()?,
            rows: array(&expect["rows"])?.iter().map(row).collect::<Read<_>>()?,
            ordered: expect["order"] == "ordered",
            lists_unordered: expect["lists_unordered"] == true,
        })
    }

    /// Drops the order of the rows.
    #[must_use]
    pub fn as_bag(self) -> Self {
        Self { ordered: false, ..self }
    }

    /// Compares the result of a query, in the order in which its reader gets it.
    ///
    /// # Errors
    /// Returns the difference.
    pub fn compare(&self, columns: &[SmolStr], rows: &[Row]) -> Result<(), String> {
        let slots = self.slots(columns)?;
        let shown = |values: Vec<&Value>| -> String {
            let cells: Vec<_> = values.into_iter().map(|cell| shown(cell, self.lists_unordered)).collect();
            cells.join(" | ")
        };
        let mut got: Vec<_> =
            rows.iter().map(|row| shown(slots.iter().map(|slot| &row.columns[*slot]).collect())).collect();
        let mut wanted: Vec<_> = self.rows.iter().map(|row| shown(row.iter().collect())).collect();
        if !self.ordered {
            got.sort();
            wanted.sort();
        }
        if got == wanted { Ok(()) } else { Err(format!("expected {wanted:#?}\nbut there is {got:#?}")) }
    }

    /// Returns where each expected column is in the result; the tables do not fix their order.
    fn slots(&self, columns: &[SmolStr]) -> Result<Vec<usize>, String> {
        let place = |name: &String| columns.iter().position(|column| column == name.as_str());
        let slots: Option<Vec<_>> = self.columns.iter().map(place).collect();
        slots
            .filter(|_| columns.len() == self.columns.len())
            .ok_or_else(|| format!("expected the columns {:?}, but there are {columns:?}", self.columns))
    }
}
