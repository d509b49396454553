//! The initial copy: slot and rows at one point of the server's history, streamed.

use super::catalog::{Published, identifier, qualified, text};
use super::connection::Connection;
use super::failure::{lost, not_understood};
use super::layout::{Lsn, Position, mapping};
use super::map::TableMap;
use super::pgoutput::Cell;
use super::session::Session;
use crate::SourceError;
use crate::settings::PostgresSettings;
use livewell_model::{Element, Timestamp};

const WHAT: &str = "to copy its rows";

/// A copy under way.
pub struct Snapshot {
    connection: Connection,
    position: Position,
    timestamp: Timestamp,
    /// The tables that are still to be copied, last first.
    waiting: Vec<(TableMap, Published)>,
    copying: Option<TableMap>,
    rows: u64,
}

/// A database that is ready for a copy, with nothing of it begun.
pub struct Prepared {
    session: Session,
    settings: PostgresSettings,
}

impl Prepared {
    /// Makes the publication where it is missing. A slot of the source's name may be there only where `replace`.
    ///
    /// # Errors
    /// What the database refuses, and where it is out of reach.
    pub fn new(settings: &PostgresSettings, replace: bool) -> Result<Self, SourceError> {
        let mut session = Session::open(settings)?;
        session.publish(settings)?;
        let slot = settings.slot();
        if !replace && session.slot(&slot)?.is_some() {
            return Err(lost(format!(
                "the slot `{slot}` is there already, and nothing here says what was read from it; if nobody uses it, \
                 reset the source (or say `recovery: auto_reset`), which drops it and copies all rows anew"
            )));
        }
        Ok(Self { session, settings: settings.clone() })
    }

    /// Makes a slot, in place of an old one, whose changes come after exactly the rows that this copy gives.
    ///
    /// # Errors
    /// What the database refuses, and where it is out of reach.
    pub fn begin(self) -> Result<Snapshot, SourceError> {
        let Self { mut session, settings } = self;
        let (settings, slot) = (&settings, settings.slot());
        session.drop_slot(&slot)?;
        // The snapshot of this transaction is the one from which the slot begins.
        session.connection.query("BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ", WHAT)?;
        let statement =
            format!("CREATE_REPLICATION_SLOT {} LOGICAL pgoutput USE_SNAPSHOT", identifier(&slot));
        let rows = session.connection.query(&statement, "to make a slot")?;
        let point = rows.first().map(|row| text(row, 1)).transpose()?.and_then(Lsn::parse);
        let lsn = point.ok_or_else(|| not_understood("a new slot has no beginning"))?;
        let published = session.tables(settings)?;
        let timestamp = now(&mut session.connection)?;
        let mut waiting = Vec::with_capacity(published.len());
        for published in published.into_iter().rev() {
            let map = TableMap::new(published.table.clone(), settings, &session.types);
            waiting.push((map.map_err(super::failure::refused)?, published));
        }
        let position = Position {
            system: session.system,
            timeline: session.timeline,
            database: session.database,
            lsn,
            mapping: mapping(settings),
            tables: waiting.iter().rev().map(|(map, _)| map.table.clone()).collect(),
        };
        let connection = session.connection;
        Ok(Snapshot { connection, position, timestamp, waiting, copying: None, rows: 0 })
    }
}

impl Snapshot {
    /// The server's time at the copy.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// How many rows have been copied.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The next elements, about so many or of so many bytes; empty at the end.
    ///
    /// # Errors
    /// A value that cannot be taken exactly; where the database goes out of reach.
    pub fn read(&mut self, elements_max: usize, bytes_max: usize) -> Result<Vec<Element>, SourceError> {
        let mut elements = Vec::with_capacity(elements_max);
        let mut bytes = 0;
        while elements.len() < elements_max && bytes < bytes_max {
            let Some(map) = &self.copying else {
                let Some((map, published)) = self.waiting.pop() else { break };
                self.connection.copy_out(&copy(&published), WHAT)?;
                self.copying = Some(map);
                continue;
            };
            match self.connection.copied(WHAT)? {
                Some(line) => {
                    bytes += line.len();
                    elements.extend(row(map, &line)?);
                    self.rows += 1;
                }
                None => self.copying = None,
            }
        }
        Ok(elements)
    }

    /// The position to store with the copied elements: where the changes after them begin.
    ///
    /// # Errors
    /// Where the database goes out of reach.
    pub fn finish(mut self) -> Result<Vec<u8>, SourceError> {
        self.connection.query("COMMIT", WHAT)?;
        Ok(self.position.encode())
    }
}

fn now(connection: &mut Connection) -> Result<Timestamp, SourceError> {
    let statement = "SELECT (extract(epoch FROM now()) * 1000000)::bigint";
    let rows = connection.query(statement, "to tell the time")?;
    let micros: Option<i64> = rows.first().map(|row| super::catalog::number(row, 0)).transpose()?;
    let nanos = micros.and_then(|micros| micros.checked_mul(1_000));
    nanos.map(Timestamp).ok_or_else(|| not_understood("it does not tell the time"))
}

fn copy(published: &Published) -> String {
    let Published { table, filter, is_partitioned } = published;
    let columns: Vec<String> = table.columns.iter().map(|column| identifier(&column.name)).collect();
    let (columns, name) = (columns.join(", "), qualified((&table.schema, &table.name)));
    // The rows of tables that inherit are sent as those tables' own.
    let only = if *is_partitioned { "" } else { "ONLY " };
    let filter = filter.as_ref().map(|filter| format!(" WHERE {filter}")).unwrap_or_default();
    format!("COPY (SELECT {columns} FROM {only}{name}{filter}) TO STDOUT")
}

/// The elements of one line of a copy in the format `text`.
fn row(map: &TableMap, line: &[u8]) -> Result<Vec<Element>, SourceError> {
    let line = super::bytes::utf8(line)?;
    let line = line.strip_suffix('\n').unwrap_or(line);
    if map.table.columns.is_empty() {
        return Err(not_understood("a table without columns has a row"));
    }
    let texts: Vec<Option<String>> = line.split('\t').map(unescaped).collect::<Result<_, _>>()?;
    let cells: Vec<Cell<'_>> =
        texts.iter().map(|text| text.as_deref().map_or(Cell::Null, Cell::Text)).collect();
    map.elements(&cells)
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
}
