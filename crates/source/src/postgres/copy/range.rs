//! Reads a range of a table by its key, in a short transaction of its own.

use super::CopyUnit;
use crate::postgres::bytes::utf8;
use crate::postgres::catalog::facts::{TableFacts, UnitFacts};
use crate::postgres::catalog::watch::Watch;
use crate::postgres::catalog::{LOCK_TIMEOUT, identifier, literal, number, publication, qualified};
use crate::postgres::connection::{ANSWER_MAX, Copied};
use crate::postgres::failure::{
    is_denied, is_lock_timeout, is_locked, is_unknown, not_understood, unreachable,
};
use crate::postgres::pgoutput::Cell;
use crate::postgres::position::Lsn;
use crate::postgres::rows::{BadRow, MappedColumn, Row, RowError, RowMap, Shape};
use crate::postgres::session::connect;
use crate::postgres::value::kind;
use crate::postgres::visible::Visible;
use crate::settings::PostgresSettings;
use crate::{ErrorKind, SourceError};
use bytes::Bytes;
use std::time::{Duration, Instant};

const WHAT: &str = "to copy its rows";
/// About how many bytes a range has.
const RANGE_BYTES: usize = 8 << 20;
/// How long the server may be silent while it reads a range.
const SORT_MAX: Duration = Duration::from_secs(600);
/// How long one wait for a row lasts.
const LOOK: Duration = Duration::from_millis(100);
const ROWS_FIRST: usize = 250;
const ROWS_MAX: usize = 50_000;
/// How many rows are read again at once.
const AGAIN_MAX: usize = 100;

/// Rows read in one snapshot.
#[derive(Debug)]
pub(in crate::postgres) struct Range {
    pub unit: u32,
    pub snapshot: Visible,
    /// The position at which the stream has passed the snapshot.
    pub passed: Lsn,
    /// The server's time, in nanoseconds since 1970.
    pub time: i64,
    pub rows: Vec<Result<Row, BadRow>>,
    pub what: What,
}

/// Which rows were requested.
#[derive(Debug)]
pub(in crate::postgres) enum What {
    /// The rows after a key, up to `last`; `is_last`: there are no more.
    After { last: Option<Vec<String>>, is_last: bool },
    /// The rows with these keys, if they exist.
    Again(Vec<String>),
}

/// The outcome of reading a range.
#[derive(Debug)]
pub(in crate::postgres) enum Outcome {
    Read(Box<Range>),
    /// The catalogs have changed: they have to be read first.
    Changed,
    /// This role may not read the rows; the catalogs tell why.
    Denied(SourceError),
    /// A transaction has to become visible first, or a lock to be released: it is retried.
    NotYet(Option<String>),
}

/// Which rows to read, and under which conditions they count.
pub(in crate::postgres) struct Request<'a> {
    pub oid: u32,
    pub facts: &'a UnitFacts,
    /// The keys of rows to read again; if empty, the next range is read.
    pub again: Vec<(String, Vec<String>)>,
    pub after: Option<&'a [String]>,
    /// No transaction before this one may be running.
    pub floor: u64,
    /// Every one of these transactions has to be visible.
    pub unseen: &'a [(u64, u64)],
}

impl<'a> Request<'a> {
    /// Creates a request for the next range of a unit, or for its rows to be read again.
    pub fn of(
        oid: u32,
        unit: &'a CopyUnit,
        again: impl Iterator<Item = (&'a String, &'a Vec<String>)>,
        floor: u64,
        unseen: &'a [(u64, u64)],
    ) -> Self {
        let again = again.take(AGAIN_MAX).map(|(key, cells)| (key.clone(), cells.clone())).collect();
        Self { oid, facts: &unit.facts, again, after: unit.after.as_deref(), floor, unseen }
    }
}

/// How many rows a range has: as many as come to about the bytes of a range.
#[derive(Debug)]
pub(in crate::postgres) struct Pace(usize);

impl Default for Pace {
    fn default() -> Self {
        Self(ROWS_FIRST)
    }
}

impl Pace {
    fn adapt(&mut self, rows: usize, bytes: usize) {
        let each = (bytes / rows.max(1)).max(1);
        // Grows step by step: the next rows may be larger.
        self.0 = (RANGE_BYTES / each).clamp(10, ROWS_MAX).min(self.0 * 4);
    }
}

/// Keeps connections alive that wait meanwhile; it is called often.
pub(in crate::postgres) type KeepAlive<'a> = &'a mut dyn FnMut() -> Result<(), SourceError>;

/// Reads a range.
///
/// # Errors
/// Returns an error if the database refuses or is out of reach.
pub(in crate::postgres) fn read(
    watch: &mut Watch,
    settings: &PostgresSettings,
    request: &Request<'_>,
    pace: &mut Pace,
    keep_alive: KeepAlive<'_>,
) -> Result<Outcome, SourceError> {
    let outcome = read_within(watch, settings, request, pace, keep_alive);
    if outcome.as_ref().is_err_and(|error| error.kind == ErrorKind::Unreachable && !is_locked(error)) {
        // The connection is gone, so nothing can be rolled back on it.
        return outcome;
    }
    let ended = watch.connection.query("ROLLBACK", WHAT);
    let outcome = match outcome {
        // A value of a composite type needs a lock on the type, too.
        Err(error) if is_lock_timeout(&error) || is_locked(&error) => {
            let table = request.facts.table.shown();
            Outcome::NotYet(Some(format!("`{table}` is locked by another session, or a type that it uses")))
        }
        // The table has another name now, or is gone.
        Err(error) if is_unknown(&error) => Outcome::Changed,
        Err(error) if is_denied(&error) => Outcome::Denied(error),
        Err(error) if error.kind == ErrorKind::Refused => {
            let message = format!("{}; this is about `{}`", error.message, request.facts.table.shown());
            return Err(SourceError { message, ..error });
        }
        outcome => outcome?,
    };
    ended?;
    Ok(outcome)
}

fn read_within(
    watch: &mut Watch,
    settings: &PostgresSettings,
    request: &Request<'_>,
    pace: &mut Pace,
    keep_alive: KeepAlive<'_>,
) -> Result<Outcome, SourceError> {
    let Request { facts, .. } = request;
    let table = &facts.table;
    let Some(shape) = watch.shape(request.oid).cloned() else { return Ok(Outcome::Changed) };
    watch.connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", WHAT)?;
    watch.connection.query(LOCK_TIMEOUT, WHAT)?;
    // A lock takes no snapshot, and once it is held no rewrite can come between the snapshot and the rows. If this
    // source acts as a synchronous standby, the lock may wait for its own acknowledgement: hence the time-out.
    let lock = format!("LOCK TABLE {} IN ACCESS SHARE MODE", listed(table));
    watch.connection.query(&lock, WHAT)?;
    if watch.differs_now()? {
        return Ok(Outcome::Changed);
    }
    let snapshot = watch.last.seen.clone();
    if snapshot.xmin < request.floor || request.unseen.iter().any(|(xid, _)| !snapshot.sees(*xid)) {
        return Ok(Outcome::NotYet(waits_for(&snapshot, request.floor)));
    }
    let filter = publication::filter(&mut watch.connection, &settings.publication(), request.oid)?;
    let columns = columns(facts);
    let map = RowMap::new(&shape, mapped(facts, &columns, &shape, settings))
        .map_err(|column| not_understood(&format!("`{}` has no column `{column}`", table.shown())))?;
    let limit = if request.again.is_empty() { Some(pace.0) } else { None };
    let statement = statement(request, &columns, &shape.key, filter.as_deref(), limit);
    watch.connection.start(&statement)?;
    let (mut rows, mut last, mut bytes) = (Vec::new(), None, 0);
    let mut failed = None;
    while let Some(line) = line(watch, settings, keep_alive)? {
        bytes += line.len();
        match row(&map, &line) {
            _ if failed.is_some() => {}
            Ok(row) => {
                last = Some(row.as_ref().map_or_else(|bad| bad.cells.clone(), |row| row.cells.clone()));
                rows.push(row);
            }
            Err(error) => failed = Some(error),
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    let what = match limit {
        None => What::Again(request.again.iter().map(|(key, _)| key.clone()).collect()),
        Some(limit) => {
            let is_last = rows.len() < limit;
            pace.adapt(rows.len(), bytes);
            What::After { last, is_last }
        }
    };
    let (passed, time) = (watch.last.end, now(watch)?);
    Ok(Outcome::Read(Box::new(Range { unit: request.oid, snapshot, passed, time, rows, what })))
}

/// Returns the next row of a copy; `None` at its end. A server that is silent may have to sort or to search first; if
/// the network were down, there would be no new connection either.
fn line(
    watch: &mut Watch,
    settings: &PostgresSettings,
    keep_alive: KeepAlive<'_>,
) -> Result<Option<Bytes>, SourceError> {
    let began = Instant::now();
    let mut reached = began;
    loop {
        keep_alive()?;
        match watch.connection.copied(LOOK, WHAT)? {
            Copied::Row(line) => return Ok(Some(line)),
            Copied::End => return Ok(None),
            Copied::Nothing if began.elapsed() > SORT_MAX => {
                return Err(unreachable("the database says nothing while it reads a range"));
            }
            Copied::Nothing if reached.elapsed() > ANSWER_MAX => {
                drop(connect(settings)?);
                reached = Instant::now();
            }
            Copied::Nothing => {}
        }
    }
}

fn waits_for(snapshot: &Visible, floor: u64) -> Option<String> {
    (snapshot.xmin < floor).then(|| {
        format!(
            "copying waits for transaction {} to end, which was running when the publication or the slot was made",
            snapshot.xmin
        )
    })
}

/// Returns the numbers of the columns that are sent, in their order.
fn columns(facts: &UnitFacts) -> Vec<i16> {
    let sends_stored = facts.publication.generated == "s";
    let is_sent = |generated: &str| generated.is_empty() || generated == "s" && sends_stored;
    let listed = facts.table.sent.iter().chain(&facts.sent).find_map(|sent| sent.columns.as_ref());
    let listed: Option<Vec<i16>> =
        listed.map(|text| text.split_whitespace().filter_map(|number| number.parse().ok()).collect());
    let all = facts.table.columns.iter();
    match listed {
        Some(listed) => all.map(|column| column.number).filter(|number| listed.contains(number)).collect(),
        None => all.filter(|column| is_sent(&column.generated)).map(|column| column.number).collect(),
    }
}

fn mapped(
    facts: &UnitFacts,
    numbers: &[i16],
    shape: &Shape,
    settings: &PostgresSettings,
) -> Vec<MappedColumn> {
    let infinity = crate::postgres::catalog::shapes::instead(settings);
    let columns = numbers.iter().filter_map(|number| facts.table.column(*number));
    let mapped = columns.map(|column| MappedColumn {
        name: column.name.as_str().into(),
        kind: shape.kind(&column.name, kind(&facts.types, column.kind, column.modifier, infinity)),
    });
    mapped.collect()
}

/// Returns the table's name for a statement: without tables that inherit from it, but with its partitions.
fn listed(table: &TableFacts) -> String {
    let only = if table.kind == "p" { "" } else { "ONLY " };
    format!("{only}{}", qualified((&table.schema, &table.name)))
}

fn statement(
    request: &Request<'_>,
    columns: &[i16],
    key: &[String],
    filter: Option<&str>,
    limit: Option<usize>,
) -> String {
    let table = &request.facts.table;
    let names: Vec<String> = table.names(columns).iter().map(|name| identifier(name)).collect();
    let key: Vec<String> = key.iter().map(|name| identifier(name)).collect();
    let tuple = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| literal(cell)).collect();
        format!("({})", cells.join(", "))
    };
    let mut conditions: Vec<String> = filter.map(|filter| format!("({filter})")).into_iter().collect();
    if !request.again.is_empty() {
        let one = |(_, cells): &(String, Vec<String>)| format!("({}) = {}", key.join(", "), tuple(cells));
        conditions.push(format!("({})", request.again.iter().map(one).collect::<Vec<_>>().join(" OR ")));
    } else if let Some(after) = request.after {
        conditions.push(format!("({}) > {}", key.join(", "), tuple(after)));
    }
    let conditions = match conditions.as_slice() {
        [] => String::new(),
        conditions => format!(" WHERE {}", conditions.join(" AND ")),
    };
    let limit = limit.map(|limit| format!(" ORDER BY {} LIMIT {limit}", key.join(", "))).unwrap_or_default();
    format!("COPY (SELECT {} FROM {}{conditions}{limit}) TO STDOUT", names.join(", "), listed(table))
}

fn now(watch: &mut Watch) -> Result<i64, SourceError> {
    let statement = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let rows = watch.connection.query(statement, "to tell the time")?;
    let micros: i64 = number(rows.first().ok_or_else(|| not_understood("it does not tell the time"))?, 0)?;
    micros.checked_mul(1_000).ok_or_else(|| not_understood("its time is beyond every calendar"))
}

/// Parses one line of a copy in the format `text` into the elements of its row.
fn row(map: &RowMap, line: &[u8]) -> Result<Result<Row, BadRow>, SourceError> {
    let line = utf8(line)?;
    let line = line.strip_suffix('\n').unwrap_or(line);
    let texts: Vec<Option<String>> = line.split('\t').map(unescaped).collect::<Result<_, _>>()?;
    let cells: Vec<Cell<'_>> =
        texts.iter().map(|text| text.as_deref().map_or(Cell::Null, Cell::Text)).collect();
    match map.row(&cells, None) {
        Ok(row) => Ok(Ok(row)),
        Err(RowError::Row(bad)) => Ok(Err(*bad)),
        Err(RowError::Table(error)) => Err(error),
    }
}

fn unescaped(field: &str) -> Result<Option<String>, SourceError> {
    if field == "\\N" {
        return Ok(None);
    }
    if !field.contains('\\') {
        return Ok(Some(field.to_owned()));
    }
    let mut text = String::with_capacity(field.len());
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        text.push(match characters.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('v') => '\u{b}',
            Some('\\') => '\\',
            _ => return Err(not_understood("a copied value is escaped in an unknown way")),
        });
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copied_values_are_read_as_they_were() {
        for (field, text) in [
            ("\\N", None),
            ("", Some("")),
            ("\\\\N", Some("\\N")),
            ("a\\tb\\nc\\\\d", Some("a\tb\nc\\d")),
            ("\\b\\f\\r\\v", Some("\u{8}\u{c}\r\u{b}")),
        ] {
            assert_eq!(unescaped(field).unwrap().as_deref(), text, "{field}");
        }
        assert!(unescaped("\\q").is_err());
        assert!(unescaped("a\\").is_err());
    }

    #[test]
    fn a_range_has_about_so_many_bytes_and_never_grows_at_once() {
        let mut pace = Pace::default();
        pace.adapt(1_000, 100_000);
        assert_eq!(pace.0, 1_000);
        pace.adapt(1_000, 100_000_000);
        assert_eq!(pace.0, 83);
        pace.adapt(0, 0);
        assert_eq!(pace.0, 332);
    }
}
