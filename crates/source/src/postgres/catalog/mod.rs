//! Reads what the server's catalogs say about publication, tables, columns and types.
//!
//! `fingerprint` reads it as `facts`, `altering` knows who may be changing it, `verdict` says what a difference means;
//! `keys` and `links` check what the settings make of the tables, `publication` makes or completes what they are sent
//! by, and `watch` keeps all of it up to date while the stream continues.

pub(super) mod altering;
pub(super) mod facts;
pub(super) mod fingerprint;
pub(super) mod keys;
pub(super) mod links;
pub(super) mod missing;
pub(super) mod publication;
pub(super) mod shapes;
pub(super) mod verdict;
pub(super) mod watch;

use super::connection::{Connection, TextRow};
use super::failure::not_understood;
use crate::SourceError;

const WHAT: &str = "to look into its catalogs";

/// Limits how long our sessions wait for the locks of others, when run in a transaction. If this source acts as a
/// synchronous standby, a lock may be held until it has acknowledged its holder's commit, which it does in between.
pub(super) const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '1s'";

/// Quotes a name for a statement.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a text for a statement.
pub(super) fn literal(text: &str) -> String {
    // With an `E` a backslash means the same under every setting.
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// Quotes schema and name for a statement.
pub(super) fn qualified((schema, name): (&str, &str)) -> String {
    format!("{}.{}", identifier(schema), identifier(name))
}

/// Returns one column of a row; its absence is an error.
pub(super) fn text(row: &TextRow, at: usize) -> Result<&str, SourceError> {
    row.get(at).and_then(Option::as_deref).ok_or_else(|| not_understood("a value is missing in its catalogs"))
}

pub(super) fn number<T: std::str::FromStr>(row: &TextRow, at: usize) -> Result<T, SourceError> {
    text(row, at)?.parse().map_err(|_| not_understood("a number in its catalogs is none"))
}

/// Returns the server's version, as 150003.
pub(super) fn version(connection: &mut Connection) -> Result<u32, SourceError> {
    let rows = connection.query("SELECT current_setting('server_version_num')", WHAT)?;
    number(rows.first().ok_or_else(|| not_understood("it has no version"))?, 0)
}

/// Returns about how many rows a table has, if anybody has counted. (`pg_partition_tree` would lock the partitions.)
pub(super) fn estimate(connection: &mut Connection, oid: u32) -> Result<Option<u64>, SourceError> {
    let statement = format!(
        "WITH RECURSIVE tree(oid) AS (SELECT {oid}::oid UNION ALL SELECT i.inhrelid FROM tree \
         JOIN pg_catalog.pg_class p ON p.oid = tree.oid AND p.relkind = 'p' \
         JOIN pg_catalog.pg_inherits i ON i.inhparent = p.oid) \
         SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint, bool_or(reltuples < 0) FROM pg_catalog.pg_class \
         WHERE oid IN (SELECT oid FROM tree) AND relkind = 'r'"
    );
    let rows = connection.query(&statement, "to estimate its rows")?;
    let Some(row) = rows.first() else { return Ok(None) };
    // Nothing is known about a table that was dropped meanwhile.
    let is_counted = row.get(1).and_then(Option::as_deref) == Some("f");
    is_counted.then(|| number(row, 0)).transpose()
}
