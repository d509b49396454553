//! Errors about a table that does not exist.

use super::{literal, text};
use crate::SourceError;
use crate::postgres::connection::Connection;
use crate::postgres::failure::refused;

/// Returns the error for a table that does not exist; it says what has that name instead, or a similar name.
pub(in crate::postgres) fn table(
    connection: &mut Connection,
    schema: &str,
    name: &str,
) -> Result<SourceError, SourceError> {
    let statement = format!(
        "SELECT n.nspname, c.relname, c.relkind::text FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
         AND (lower(c.relname) = lower({name}) OR n.nspname = {schema}) ORDER BY 1, 2 LIMIT 10000",
        name = literal(name),
        schema = literal(schema)
    );
    let rows = connection.query(&statement, "to look for a table")?;
    let mut names = Vec::new();
    for row in &rows {
        let (at, called, kind) = (text(row, 0)?, text(row, 1)?, text(row, 2)?);
        let what = match kind {
            "v" => "a view",
            "m" => "a materialized view",
            "f" => "a foreign table",
            _ => {
                names.push(format!("{at}.{called}"));
                continue;
            }
        };
        if (at, called) == (schema, name) {
            let message =
                format!("`{schema}.{name}` is {what}; its rows are not sent, name the tables below it");
            return Ok(refused(message));
        }
    }
    let wanted = format!("{schema}.{name}");
    let same = names.iter().find(|have| have.eq_ignore_ascii_case(&wanted));
    let advice = match same.or_else(|| {
        names.iter().find(|have| have.to_lowercase().ends_with(&format!(".{}", name.to_lowercase())))
    }) {
        Some(other) => format!("there is `{other}`"),
        None => crate::suggest::advice(&wanted, &names.iter().map(String::as_str).collect::<Vec<_>>()),
    };
    Ok(refused(format!("the database has no table `{wanted}`; {advice}")))
}

/// Returns the error for a followed table that no longer exists under its name. `oid` is its number.
pub(in crate::postgres) fn gone(
    connection: &mut Connection,
    name: &str,
    oid: u32,
) -> Result<String, SourceError> {
    let statement = format!(
        "SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = {oid}"
    );
    let rows = connection.query(&statement, "to look for a table")?;
    Ok(match rows.first() {
        Some(row) => format!("the table `{name}` is named `{}` now", text(row, 0)?),
        None => format!("the table `{name}` was dropped"),
    })
}
