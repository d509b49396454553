//! The fingerprint: one statement that reads everything that the catalogs say about the followed tables.
//!
//! It needs no privilege beyond connecting, and writes nothing. `file` changes with every rewrite, a column's `xmin`
//! with every `ALTER` of it, a publication's with every change of it: so a change that was undone shows. Defaults,
//! owners, grants, statistics and indexes that are not unique are not in it: no stored row depends on them.

use super::facts::{Facts, PublicationFacts, TableFacts, TypeFacts};
use super::{LOCK_TIMEOUT, identifier, literal, number, text};
use crate::SourceError;
use crate::postgres::connection::{Connection, TextRow};
use crate::postgres::failure::{is_lock_timeout, locked, not_understood};
use crate::postgres::position::Lsn;
use crate::postgres::visible::Visible;
use serde::de::DeserializeOwned;

const WHAT: &str = "to look into its catalogs";

/// One look at the catalogs.
#[derive(Debug, Clone, Default)]
pub(in crate::postgres) struct Look {
    /// A digest of the facts.
    pub digest: String,
    /// What was visible then.
    pub seen: Visible,
    /// The end of the server's log then.
    pub end: Lsn,
    /// Up to where it was flushed then, and so could be sent.
    pub flushed: Lsn,
}

/// Returns the statement, for tables given as quoted names.
fn statement(names: &[String], publication: &str, version: u32) -> String {
    let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
    let generated = match version {
        180_000.. => "b.pubgencols::text",
        _ => "'n'",
    };
    STATEMENT
        .replace("{names}", &names.join(", "))
        .replace("{publication}", &literal(publication))
        .replace("{generated}", generated)
}

/// Where the server's log ends, on a primary and on a standby.
pub(in crate::postgres) const END: &str = "CASE WHEN pg_catalog.pg_is_in_recovery() \
     THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_insert_lsn() END";

/// Up to where the server's log is flushed, on a primary and on a standby.
pub(in crate::postgres) const FLUSHED: &str = "CASE WHEN pg_catalog.pg_is_in_recovery() \
     THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_flush_lsn() END";

/// Runs the statement. To print a missing value of a composite type the server reads the type's table, which may be
/// locked.
fn ask(connection: &mut Connection, statement: &str) -> Result<Vec<TextRow>, SourceError> {
    match connection.query(&format!("{LOCK_TIMEOUT}; {statement}"), WHAT) {
        Err(error) if is_lock_timeout(&error) => Err(locked("looking into the catalogs")),
        rows => rows,
    }
}

/// Looks at the catalogs without fetching what they say.
pub(in crate::postgres) fn look(
    connection: &mut Connection,
    names: &[String],
    publication: &str,
    version: u32,
) -> Result<Look, SourceError> {
    let facts = statement(names, publication, version);
    let statement = format!(
        "WITH facts AS ({facts}) SELECT coalesce(md5(string_agg(what || oid || facts, '' ORDER BY what, oid)), ''), \
         pg_catalog.pg_current_snapshot()::text, {END}, {FLUSHED} FROM facts"
    );
    let rows = ask(connection, &statement)?;
    seen(&rows)
}

/// Reads which transactions are visible, but nothing about the tables.
pub(in crate::postgres) fn moment(connection: &mut Connection) -> Result<Look, SourceError> {
    let statement = format!("SELECT '', pg_catalog.pg_current_snapshot()::text, {END}, {FLUSHED}");
    seen(&connection.query(&statement, WHAT)?)
}

fn seen(rows: &[TextRow]) -> Result<Look, SourceError> {
    let row = rows.first().ok_or_else(|| not_understood("its catalogs have no digest"))?;
    let lsn = |at| Lsn::parse(text(row, at)?).ok_or_else(|| not_understood("its log has no end"));
    let (end, flushed) = (lsn(2)?.content(), lsn(3)?.content());
    Ok(Look { digest: text(row, 0)?.to_owned(), seen: Visible::parse(text(row, 1)?)?, end, flushed })
}

/// Reads the facts.
pub(in crate::postgres) fn facts(
    connection: &mut Connection,
    names: &[String],
    publication: &str,
    version: u32,
) -> Result<Facts, SourceError> {
    let mut facts = Facts::default();
    for row in ask(connection, &statement(names, publication, version))? {
        let (oid, json): (u32, &str) = (number(&row, 1)?, text(&row, 2)?);
        match text(&row, 0)? {
            "publication" => facts.publication = Some(parsed::<PublicationFacts>(json)?),
            "type" => drop(facts.types.insert(oid, parsed::<TypeFacts>(json)?)),
            _ => drop(facts.tables.insert(oid, parsed::<TableFacts>(json)?)),
        }
    }
    Ok(facts)
}

fn parsed<T: DeserializeOwned>(json: &str) -> Result<T, SourceError> {
    serde_json::from_str(json).map_err(|error| not_understood(&format!("a fact of its catalogs: {error}")))
}

/// Returns a table's name as the statement takes it.
pub(in crate::postgres) fn quoted((schema, name): (&str, &str)) -> String {
    format!("{}.{}", identifier(schema), identifier(name))
}

/// `{names}`: texts, separated by commas; `{publication}`: a text; `{generated}`: an expression.
const STATEMENT: &str = r#"
WITH RECURSIVE rel(root, oid, attached) AS (
  SELECT to_regclass(n)::oid, to_regclass(n)::oid, '' FROM unnest(ARRAY[{names}]::text[]) n
  UNION ALL
  SELECT rel.root, i.inhrelid, rel.attached || ' ' || i.xmin::text FROM rel
  JOIN pg_catalog.pg_class p ON p.oid = rel.oid AND p.relkind = 'p'
  JOIN pg_catalog.pg_inherits i ON i.inhparent = p.oid),
typ(oid) AS (
  SELECT a.atttypid FROM rel JOIN pg_catalog.pg_attribute a
  ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
  UNION
  SELECT u.oid FROM typ JOIN pg_catalog.pg_type y ON y.oid = typ.oid, LATERAL (
    SELECT y.typelem UNION ALL SELECT y.typbasetype
    UNION ALL SELECT rngsubtype FROM pg_catalog.pg_range WHERE rngtypid = y.oid
    UNION ALL SELECT atttypid FROM pg_catalog.pg_attribute
    WHERE attrelid = y.typrelid AND y.typrelid <> 0 AND attnum > 0 AND NOT attisdropped) u(oid) WHERE u.oid <> 0)
SELECT 'table' AS what, c.oid::bigint AS oid, jsonb_build_object(
  'root', rel.root::bigint, 'schema', n.nspname, 'schema_oid', n.oid::bigint, 'name', c.relname, 'kind', c.relkind::text,
  'is_logged', c.relpersistence = 'p', 'identity', c.relreplident::text, 'file', c.relfilenode::bigint,
  'numbers', c.relnatts, 'attached', rel.attached, 'has_policy', coalesce(pg_catalog.row_security_active(c.oid), false),
  'may_read', coalesce(pg_catalog.has_table_privilege(c.oid, 'SELECT'), false),
  'columns', (SELECT coalesce(jsonb_agg(jsonb_build_object(
      'number', a.attnum, 'name', a.attname, 'version', a.xmin::text, 'kind', a.atttypid::bigint,
      'modifier', a.atttypmod, 'collation', a.attcollation::bigint,
      'is_deterministic', coalesce((SELECT collisdeterministic FROM pg_catalog.pg_collation o WHERE o.oid = a.attcollation), true),
      'not_null', a.attnotnull, 'missing', CASE WHEN a.atthasmissing THEN a.attmissingval::text END,
      'generated', a.attgenerated::text, 'expression', CASE WHEN a.attgenerated <> '' THEN
        (SELECT md5(adbin::text) FROM pg_catalog.pg_attrdef WHERE adrelid = a.attrelid AND adnum = a.attnum) END)
      ORDER BY a.attnum), '[]')
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'keys', (SELECT coalesce(jsonb_agg(jsonb_build_object(
      'index', x.indexrelid::bigint, 'columns', (SELECT jsonb_agg(k.number ORDER BY k.at)
        FROM unnest(x.indkey::smallint[]) WITH ORDINALITY k(number, at) WHERE k.at <= x.indnkeyatts),
      'is_primary', x.indisprimary, 'is_identity', x.indisreplident, 'is_immediate', x.indimmediate,
      'is_valid', x.indisvalid) ORDER BY x.indexrelid), '[]')
    FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid AND x.indisunique AND x.indpred IS NULL AND x.indexprs IS NULL),
  'sent', (SELECT coalesce(jsonb_agg(jsonb_build_object(
      'oid', r.oid::bigint, 'version', r.xmin::text, 'columns', r.prattrs::text, 'filter', md5(r.prqual::text))
      ORDER BY r.oid), '[]')
    FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication b
    ON b.oid = r.prpubid AND b.pubname = {publication} WHERE r.prrelid = c.oid))::text AS facts
FROM rel JOIN pg_catalog.pg_class c ON c.oid = rel.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT 'publication', b.oid::bigint, jsonb_build_object(
  'oid', b.oid::bigint, 'version', b.xmin::text, 'all_tables', b.puballtables,
  'sends_all', b.pubinsert AND b.pubupdate AND b.pubdelete AND b.pubtruncate, 'via_root', b.pubviaroot,
  'generated', {generated}, 'schemas', (SELECT coalesce(jsonb_agg(s.pnnspid::bigint ORDER BY s.pnnspid), '[]')
    FROM pg_catalog.pg_publication_namespace s WHERE s.pnpubid = b.oid),
  'comment', pg_catalog.obj_description(b.oid, 'pg_publication'))::text
FROM pg_catalog.pg_publication b WHERE b.pubname = {publication}
UNION ALL
SELECT 'type', y.oid::bigint, jsonb_build_object(
  'name', y.typname, 'kind', y.typtype::text, 'base', y.typbasetype::bigint, 'modifier', y.typtypmod,
  'element', y.typelem::bigint, 'is_array', y.typcategory = 'A' AND y.typlen = -1 AND y.typelem <> 0,
  'delimiter', y.typdelim::text,
  'subtype', coalesce((SELECT rngsubtype::bigint FROM pg_catalog.pg_range WHERE rngtypid = y.oid), 0),
  'labels', (SELECT coalesce(jsonb_agg(jsonb_build_array(e.oid::bigint, e.enumlabel) ORDER BY e.oid), '[]')
    FROM pg_catalog.pg_enum e WHERE e.enumtypid = y.oid),
  'fields', (SELECT coalesce(jsonb_agg(jsonb_build_array(attnum, attname, atttypid::bigint, atttypmod) ORDER BY attnum), '[]')
    FROM pg_catalog.pg_attribute WHERE attrelid = y.typrelid AND y.typrelid <> 0 AND attnum > 0 AND NOT attisdropped))::text
FROM typ JOIN pg_catalog.pg_type y ON y.oid = typ.oid"#;
