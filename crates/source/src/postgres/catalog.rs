//! What the server's catalogs say of publication, tables, columns and types.

use super::connection::{Connection, TextRow};
use super::failure::{not_understood, refused};
use super::layout::{Column, Table};
use super::value::{TypeEntry, Types};
use crate::SourceError;
use crate::settings::PostgresSettings;
use std::collections::BTreeMap;

const WHAT: &str = "to look into its catalogs";

/// A table with what a copy of it needs to know.
#[derive(Debug, Clone)]
pub(super) struct Published {
    pub table: Table,
    /// What the publication sends of it, where that is not all.
    pub filter: Option<String>,
    /// Whether its rows lie in its partitions.
    pub is_partitioned: bool,
}

/// A name in the text of a statement.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in the text of a statement.
pub(super) fn literal(text: &str) -> String {
    // With an `E` a backslash means the same under every setting.
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// Schema and name in the text of a statement.
pub(super) fn qualified((schema, name): (&str, &str)) -> String {
    format!("{}.{}", identifier(schema), identifier(name))
}

/// One column of a row that must be there.
pub(super) fn text(row: &TextRow, at: usize) -> Result<&str, SourceError> {
    row.get(at).and_then(Option::as_deref).ok_or_else(|| not_understood("a value is missing in its catalogs"))
}

pub(super) fn number<T: std::str::FromStr>(row: &TextRow, at: usize) -> Result<T, SourceError> {
    text(row, at)?.parse().map_err(|_| not_understood("a number in its catalogs is none"))
}

/// The server's version, as 150003.
pub(super) fn version(connection: &mut Connection) -> Result<u32, SourceError> {
    let rows = connection.query("SELECT current_setting('server_version_num')", WHAT)?;
    number(rows.first().ok_or_else(|| not_understood("it has no version"))?, 0)
}

/// All types that are read in another way than as text: domains and arrays, and delimiters.
pub(super) fn types(connection: &mut Connection) -> Result<Types, SourceError> {
    let statement = "SELECT oid, CASE WHEN typtype = 'd' THEN typbasetype END, typtypmod, \
         CASE WHEN typcategory = 'A' AND typlen = -1 AND typelem <> 0 THEN typelem END, typdelim \
         FROM pg_catalog.pg_type";
    let mut types = BTreeMap::new();
    for row in connection.query(statement, WHAT)? {
        let has = |at: usize| row.get(at).is_some_and(Option::is_some);
        let base = if has(1) { Some((number(&row, 1)?, number(&row, 2)?)) } else { None };
        let element = if has(3) { Some(number(&row, 3)?) } else { None };
        let delimiter = text(&row, 4)?.chars().next().unwrap_or(',');
        types.insert(number(&row, 0)?, TypeEntry { base, element, delimiter });
    }
    Ok(types)
}

/// Whether the publication is there; refuses one that keeps something back.
pub(super) fn has_publication(connection: &mut Connection, name: &str) -> Result<bool, SourceError> {
    let statement = format!(
        "SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate FROM pg_catalog.pg_publication \
         WHERE pubname = {}",
        literal(name)
    );
    match connection.query(&statement, WHAT)?.first() {
        None => Ok(false),
        Some(row) if text(row, 0)? == "t" => Ok(true),
        Some(_) => Err(refused(format!(
            "the publication `{name}` does not send all changes; run: ALTER PUBLICATION {} \
             SET (publish = 'insert, update, delete, truncate')",
            identifier(name)
        ))),
    }
}

/// What a publication sends of a table.
struct Part {
    name: (String, String),
    /// The columns, as texts in a statement; all where nothing is said.
    columns: Option<String>,
    filter: Option<String>,
}

fn published(connection: &mut Connection, publication: &str, version: u32) -> Result<Vec<Part>, SourceError> {
    // Newer servers know which columns and rows.
    let parts = if version >= 150_000 {
        "(SELECT string_agg(quote_literal(a), ',') FROM unnest(attnames) a), rowfilter"
    } else {
        "NULL, NULL"
    };
    let statement = format!(
        "SELECT schemaname, tablename, {parts} FROM pg_catalog.pg_publication_tables \
         WHERE pubname = {} ORDER BY 1, 2",
        literal(publication)
    );
    let rows = connection.query(&statement, WHAT)?;
    let part = |row: &TextRow| {
        let may = |at: usize| row.get(at).cloned().flatten();
        Ok(Part { name: (text(row, 0)?.into(), text(row, 1)?.into()), columns: may(2), filter: may(3) })
    };
    rows.iter().map(part).collect()
}

/// The tables that the source follows, as they are now. `publication`: whether it is there already; without it
/// the tables of the settings.
pub(super) fn tables(
    connection: &mut Connection,
    settings: &PostgresSettings,
    version: u32,
    has_publication: bool,
) -> Result<Vec<Published>, SourceError> {
    let name = settings.publication();
    let sent = if has_publication { published(connection, &name, version)? } else { Vec::new() };
    let wanted: Vec<(String, String)> = match settings.tables.as_slice() {
        [] => sent.iter().map(|part| part.name.clone()).collect(),
        tables => tables.iter().map(|t| (t.name().0.to_owned(), t.name().1.to_owned())).collect(),
    };
    let mut tables = Vec::with_capacity(wanted.len());
    for (schema, table) in wanted {
        let part = sent.iter().find(|part| part.name.0 == schema && part.name.1 == table);
        if has_publication && part.is_none() {
            let qualified = qualified((&schema, &table));
            return Err(refused(format!(
                "the publication `{name}` does not send the table `{schema}.{table}`; run: ALTER PUBLICATION {} \
                 ADD TABLE {qualified} (a partitioned one also needs: SET (publish_via_partition_root = true))",
                identifier(&name)
            )));
        }
        let (columns, filter) = part.map_or((None, None), |part| (part.columns.clone(), part.filter.clone()));
        tables.push(read_table(connection, settings, (&schema, &table), columns, filter)?);
    }
    Ok(tables)
}

fn read_table(
    connection: &mut Connection,
    settings: &PostgresSettings,
    (schema, name): (&str, &str),
    sent: Option<String>,
    filter: Option<String>,
) -> Result<Published, SourceError> {
    let statement = format!(
        "SELECT c.oid, c.relkind, c.relreplident FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname = {} AND c.relkind IN ('r', 'p')",
        literal(schema),
        literal(name)
    );
    let rows = connection.query(&statement, WHAT)?;
    let row = rows.first().ok_or_else(|| refused(format!("the database has no table `{schema}.{name}`")))?;
    let (oid, is_partitioned) = (number(row, 0)?, text(row, 1)? == "p");
    let all_identify = text(row, 2)? == "f";
    let mut table = Table { oid, schema: schema.into(), name: name.into(), ..Table::default() };
    let identity = columns(connection, &mut table, sent)?;
    let configured = table.settings(settings).map(|own| own.key.clone()).unwrap_or_default();
    table.key = key(&table, configured, identity, all_identify)?;
    Ok(Published { table, filter, is_partitioned })
}

/// Fills in the columns that are sent; gives those of the replica identity, or else of the primary key.
fn columns(
    connection: &mut Connection,
    table: &mut Table,
    sent: Option<String>,
) -> Result<Vec<String>, SourceError> {
    let only = sent.map(|names| format!(" AND a.attname IN ({names})")).unwrap_or_default();
    let oid = table.oid;
    // Generated columns are neither copied nor sent.
    let statement = format!(
        "SELECT a.attname, a.atttypid, a.atttypmod, coalesce(a.attnum = ANY (i.indkey), false) \
         FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
         LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND \
         CASE WHEN c.relreplident = 'i' THEN i.indisreplident ELSE i.indisprimary AND c.relreplident <> 'n' END \
         WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''{only} \
         ORDER BY a.attnum"
    );
    let mut identity = Vec::new();
    for row in connection.query(&statement, WHAT)? {
        let name = text(&row, 0)?.to_owned();
        if text(&row, 3)? == "t" {
            identity.push(name.clone());
        }
        table.columns.push(Column { name, kind: number(&row, 1)?, modifier: number(&row, 2)? });
    }
    Ok(identity)
}

fn key(
    table: &Table,
    configured: Vec<String>,
    identity: Vec<String>,
    all_identify: bool,
) -> Result<Vec<String>, SourceError> {
    let name = table.shown();
    let quoted = qualified((&table.schema, &table.name));
    let mut sorted = [configured.clone(), identity.clone()];
    sorted.iter_mut().for_each(|names| names.sort_unstable());
    match (configured.is_empty(), identity.is_empty()) {
        (true, false) => Ok(identity),
        (true, true) => Err(refused(format!(
            "the table `{name}` has no primary key, so its updates and deletes do not say which row; give it one, \
             or run: ALTER TABLE {quoted} REPLICA IDENTITY FULL and name its `key` here"
        ))),
        (false, _) if all_identify || sorted[0] == sorted[1] => Ok(configured),
        (false, _) => Err(refused(format!(
            "the key of `{name}` is [{}] here, and its replica identity is [{}]; take that as `key`, or run: \
             ALTER TABLE {quoted} REPLICA IDENTITY FULL (or USING INDEX of a unique index over the key)",
            configured.join(", "),
            identity.join(", ")
        ))),
    }
}

/// The names of tables by their numbers, as far as they are still there.
pub(super) fn names(
    connection: &mut Connection,
    oids: impl Iterator<Item = u32>,
) -> Result<BTreeMap<u32, String>, SourceError> {
    let oids: Vec<String> = oids.map(|oid| oid.to_string()).collect();
    let statement = format!(
        "SELECT c.oid, n.nspname || '.' || c.relname FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ('{{{}}}')",
        oids.join(",")
    );
    let rows = connection.query(&statement, WHAT)?;
    rows.iter().map(|row| Ok((number(row, 0)?, text(row, 1)?.to_owned()))).collect()
}

/// Which of a table's columns old rows have no value in: they were added without a default.
pub(super) fn empty_columns(connection: &mut Connection, oid: u32) -> Result<Vec<String>, SourceError> {
    let statement = format!(
        "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = {oid} AND attnum > 0 \
         AND NOT attisdropped AND NOT atthasdef AND NOT atthasmissing AND attidentity = ''"
    );
    let rows = connection.query(&statement, WHAT)?;
    rows.iter().map(|row| Ok(text(row, 0)?.to_owned())).collect()
}
