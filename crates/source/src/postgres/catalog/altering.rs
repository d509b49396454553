//! Which transactions may be altering what is followed, by the locks that they hold.
//!
//! A commit is in the log before anybody sees it, and the stream says nothing of a transaction that changes only the
//! catalogs. But it keeps its locks until others see it. So whatever is in the log, and not among what is read here, is
//! visible to every later look.

use super::facts::Facts;
use super::{WHAT, literal, number};
use crate::SourceError;
use crate::postgres::connection::Connection;

/// Reads the short numbers of the transactions that may be altering these tables, their types or the publication.
pub(in crate::postgres) fn altering(
    connection: &mut Connection,
    facts: &Facts,
    publication: &str,
) -> Result<Vec<u32>, SourceError> {
    let list = |oids: &mut dyn Iterator<Item = &u32>| {
        let oids: Vec<String> = oids.map(ToString::to_string).collect();
        oids.join(", ")
    };
    let statement = STATEMENT
        .replace("{tables}", &list(&mut facts.tables.keys()))
        .replace("{types}", &list(&mut facts.types.keys()))
        .replace("{publication}", &literal(publication));
    connection.query(&statement, WHAT)?.iter().map(|row| number(row, 0)).collect()
}

/// Whoever alters a table, type or publication holds one of these locks, also where readers and writers go on. Types and
/// publications are locked for nothing else. Tables are, as by `LOCK TABLE`; whoever alters one has left its number in a
/// row of the catalogs, that of an attached or detached table at least. `ALTER PUBLICATION p SET (...)` takes no such lock.
/// A number in a row may be one of a savepoint, which nobody knows any more, so it only says that somebody may still run.
///
/// `{tables}`, `{types}`: numbers, separated by commas; `{publication}`: a text.
const STATEMENT: &str = "\
WITH locks AS MATERIALIZED (SELECT * FROM pg_catalog.pg_locks WHERE granted),
oldest(age) AS MATERIALIZED (SELECT age(pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::xid)),
relations(oid) AS (
  SELECT unnest(ARRAY[{tables}]::oid[])
  UNION ALL SELECT typrelid FROM pg_catalog.pg_type WHERE oid = ANY(ARRAY[{types}]::oid[]) AND typrelid <> 0),
publication AS (SELECT oid, xmax FROM pg_catalog.pg_publication WHERE pubname = {publication}),
strong AS MATERIALIZED (
  SELECT * FROM locks
  WHERE database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND mode IN ('ShareUpdateExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')),
altering AS MATERIALIZED (
  SELECT DISTINCT virtualtransaction FROM strong
  WHERE locktype = 'relation' AND (
    EXISTS (SELECT FROM pg_catalog.pg_class c, oldest o
      WHERE c.oid = relation AND c.xmax <> '0'::xid AND age(c.xmax) <= o.age)
    OR EXISTS (SELECT FROM pg_catalog.pg_attribute a, oldest o
      WHERE a.attrelid = relation AND a.xmax <> '0'::xid AND age(a.xmax) <= o.age)
    OR EXISTS (SELECT FROM pg_catalog.pg_inherits i, oldest o
      WHERE i.inhrelid = relation AND i.xmax <> '0'::xid AND age(i.xmax) <= o.age))),
suspects AS MATERIALIZED (
  SELECT virtualtransaction FROM strong
  WHERE locktype = 'relation' AND relation IN (SELECT oid FROM relations)
  AND virtualtransaction IN (SELECT virtualtransaction FROM altering)
  UNION
  SELECT virtualtransaction FROM strong
  WHERE locktype = 'object' AND (
    classid = 'pg_catalog.pg_type'::regclass AND objid = ANY(ARRAY[{types}]::oid[])
    OR classid = 'pg_catalog.pg_publication'::regclass AND objid IN (SELECT oid FROM publication))
  UNION
  SELECT virtualtransaction FROM locks, publication p, oldest o
  WHERE p.xmax <> '0'::xid AND age(p.xmax) <= o.age)
SELECT transactionid FROM locks
WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock'
AND virtualtransaction IN (SELECT virtualtransaction FROM suspects)";
