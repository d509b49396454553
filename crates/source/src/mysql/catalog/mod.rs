//! What the catalogs say of the tables, and whether they can be followed.

mod columns;
mod declared;
mod refuse;

use super::connection::{Connection, cell, cell_or_null, literal, quoted};
use super::failure::refused;
use super::kind::Column;
use crate::SourceError;
use serde::{Deserialize, Serialize};

/// A table as its rows were last read. It is stored: what the log says later is about this table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table {
    pub schema: String,
    pub name: String,
    pub columns: Vec<Column>,
    /// The columns that identify its rows.
    pub key: Vec<String>,
    /// About how many rows it has.
    #[serde(skip)]
    pub rows: Option<u64>,
    /// The columns whose texts are equal to others that differ, such as in upper case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folded: Vec<String>,
}

impl Table {
    /// Returns its name as people write it.
    pub fn shown(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// Returns a column of this name.
    pub fn column(&self, name: &str) -> Result<&Column, SourceError> {
        let found = self.columns.iter().find(|column| column.name == name);
        found.ok_or_else(|| refused(format!("`{}` has no column `{name}`", self.shown())))
    }

    /// Reads a table from the catalogs. `key`: the columns that identify its rows; those of its primary key if empty.
    ///
    /// # Errors
    /// Returns why it cannot be followed.
    pub fn read(
        connection: &mut Connection,
        schema: &str,
        name: &str,
        key: &[String],
    ) -> Result<Self, SourceError> {
        let Found { schema, name, rows } = find(connection, schema, name)?;
        let (columns, folded) = columns::read(connection, &schema, &name)?;
        let mut table = Self { schema, name, columns, key: key.to_vec(), rows, folded };
        refuse::cascades(connection, &table.schema, &table.name)?;
        let unique = unique(connection, &table)?;
        if table.key.is_empty() {
            table.key = unique
                .into_iter()
                .find(|(index, _)| index == "PRIMARY")
                .map(|(_, columns)| columns)
                .ok_or_else(|| {
                    refused(format!(
                        "`{}` has no primary key; name the columns of one as `key`",
                        table.shown()
                    ))
                })?;
        } else {
            let covers = |columns: &[String]| {
                columns.len() == table.key.len() && columns.iter().all(|column| table.key.contains(column))
            };
            if !unique.iter().any(|(_, columns)| covers(columns)) {
                return Err(refused(format!(
                    "`{}` has no unique index over [{}] whose columns are NOT NULL and whole; create one, or name others \
                     as `key`",
                    table.shown(),
                    table.key.join(", ")
                )));
            }
        }
        for name in &table.key {
            refuse::key(&table.shown(), table.column(name)?)?;
        }
        Ok(table)
    }
}

/// A table's names as the server writes them in its log, and about how many rows it has.
struct Found {
    schema: String,
    name: String,
    rows: Option<u64>,
}

/// Finds a table.
fn find(connection: &mut Connection, schema: &str, name: &str) -> Result<Found, SourceError> {
    let statement = format!(
        "SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, @@lower_case_table_names, TABLE_SCHEMA \
         FROM information_schema.TABLES \
         WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
        literal(schema),
        literal(name)
    );
    let rows = connection.query(&statement, "to show its tables")?;
    let mut found = None;
    for row in &rows {
        let (has, of) = (cell(row, 0)?, cell(row, 5)?);
        if has == name && of == schema || cell(row, 4)? != "0" {
            found = Some((of, has, row));
        }
    }
    let shown = format!("{schema}.{name}");
    let (schema, name, row) = found.ok_or_else(|| {
        refused(format!(
            "there is no table `{shown}`, or this user may not read it (GRANT SELECT ON {}.{} TO ...)",
            quoted(schema),
            quoted(name)
        ))
    })?;
    let engine = cell_or_null(row, 2)?.unwrap_or_default();
    refuse::kind(&shown, &cell(row, 1)?, &engine)?;
    refuse::name(&schema)?;
    refuse::name(&name)?;
    let rows = cell_or_null(row, 3)?.and_then(|rows| rows.parse().ok());
    Ok(Found { schema, name, rows })
}

/// Returns the unique indexes over whole columns that are not null, each with its columns.
fn unique(connection: &mut Connection, table: &Table) -> Result<Vec<(String, Vec<String>)>, SourceError> {
    let statement = format!(
        "SELECT INDEX_NAME, COLUMN_NAME, SUB_PART IS NULL AND NULLABLE <> 'YES' FROM information_schema.STATISTICS \
         WHERE TABLE_SCHEMA = {} AND BINARY TABLE_NAME = {} AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX",
        literal(&table.schema),
        literal(&table.name)
    );
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut unfit = Vec::new();
    for row in connection.query(&statement, "to show its indexes")? {
        let (index, column) = (cell(&row, 0)?, cell(&row, 1)?);
        if cell(&row, 2)? != "1" {
            unfit.push(index.clone());
        }
        match found.last_mut().filter(|(last, _)| *last == index) {
            Some((_, columns)) => columns.push(column),
            None => found.push((index, vec![column])),
        }
    }
    found.retain(|(index, _)| !unfit.contains(index));
    Ok(found)
}
