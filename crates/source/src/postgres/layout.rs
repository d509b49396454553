//! What a source knows of its tables: which rows become which nodes, and by what form they were last read.
//!
//! It is stored with the position, so that a table that was altered in between is noticed.

use crate::SourceError;
use crate::error::code;
use crate::settings::{PostgresSettings, TableSettings, table_name};
use livewell_model::codec::{Reader, Writer};
use std::fmt;
use xxhash_rust::xxh3::Xxh3;

const FORMAT: u8 = 1;

/// A place in a server's log.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lsn(pub u64);

impl Lsn {
    pub fn parse(text: &str) -> Option<Self> {
        let (high, low) = text.split_once('/')?;
        let part = |text| u32::from_str_radix(text, 16).ok();
        Some(Self(u64::from(part(high)?) << 32 | u64::from(part(low)?)))
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 as u32)
    }
}

impl fmt::Debug for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// How far a source has read, in which history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// Which database cluster.
    pub system: String,
    /// Which of its histories: each recovery to another end begins a new one.
    pub timeline: u32,
    pub database: String,
    pub lsn: Lsn,
    /// Of what the settings make of rows.
    pub mapping: u64,
    pub tables: Vec<Table>,
}

/// A table as it was last read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub oid: u32,
    pub schema: String,
    pub name: String,
    /// The columns that tell rows apart.
    pub key: Vec<String>,
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Column {
    pub name: String,
    pub kind: u32,
    pub modifier: i32,
}

impl Table {
    pub fn shown(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// The settings of this table, where it has some of its own.
    pub fn settings<'a>(&self, settings: &'a PostgresSettings) -> Option<&'a TableSettings> {
        settings.tables.iter().find(|table| table.name() == (self.schema.as_str(), self.name.as_str()))
    }
}

impl Position {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(FORMAT).string(&self.system).varint(self.timeline.into()).string(&self.database);
        out.varint(self.lsn.0).bytes(&self.mapping.to_be_bytes()).varint(self.tables.len() as u64);
        for table in &self.tables {
            out.varint(table.oid.into()).string(&table.schema).string(&table.name);
            out.varint(table.key.len() as u64);
            for column in &table.key {
                out.string(column);
            }
            out.varint(table.columns.len() as u64);
            for column in &table.columns {
                out.string(&column.name).varint(column.kind.into()).signed(column.modifier.into());
            }
        }
        out.bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, SourceError> {
        read(bytes).ok_or_else(|| {
            let message =
                "the stored position of this source cannot be read; restore the store or reset the source";
            SourceError::new(crate::ErrorKind::Position, code::POSITION, message)
        })
    }
}

fn read(bytes: &[u8]) -> Option<Position> {
    let mut reader = Reader::new("position", bytes);
    if reader.u8().ok()? != FORMAT {
        return None;
    }
    let text = |reader: &mut Reader<'_>| reader.string().ok().map(|text| text.to_string());
    let short = |number: u64| u32::try_from(number).ok();
    let mut position = Position {
        system: text(&mut reader)?,
        timeline: short(reader.varint().ok()?)?,
        database: text(&mut reader)?,
        lsn: Lsn(reader.varint().ok()?),
        mapping: u64::from_be_bytes(reader.bytes().ok()?.try_into().ok()?),
        tables: Vec::new(),
    };
    for _ in 0..reader.count().ok()? {
        let mut table = Table {
            oid: short(reader.varint().ok()?)?,
            schema: text(&mut reader)?,
            name: text(&mut reader)?,
            ..Table::default()
        };
        for _ in 0..reader.count().ok()? {
            table.key.push(text(&mut reader)?);
        }
        for _ in 0..reader.count().ok()? {
            let (name, kind) = (text(&mut reader)?, short(reader.varint().ok()?)?);
            table.columns.push(Column { name, kind, modifier: i32::try_from(reader.signed().ok()?).ok()? });
        }
        position.tables.push(table);
    }
    reader.finish().ok()?;
    Some(position)
}

/// Of all settings that decide which elements rows become.
pub(super) fn mapping(settings: &PostgresSettings) -> u64 {
    let mut hash = Xxh3::new();
    let mut put = |text: &str| {
        hash.update(&(text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    put(&settings.id);
    for table in &settings.tables {
        let name = |(schema, name)| format!("{schema}.{name}");
        put(&name(table.name()));
        put(&format!("{:?} {:?} {:?}", table.label, table.key, table.types));
        for relationship in &table.relationships {
            put(&relationship.kind);
            put(&name(table_name(&relationship.table)));
            put(&format!("{:?}", relationship.columns));
        }
    }
    hash.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position() -> Position {
        let column = Column { name: "id".into(), kind: 23, modifier: -1 };
        let (schema, name) = ("public".into(), "t".into());
        let table = Table { oid: 16_385, schema, name, key: vec!["id".into()], columns: vec![column] };
        Position {
            system: "7300000000000000000".into(),
            timeline: 1,
            database: "shop".into(),
            lsn: Lsn(0x1_0000_00A0),
            mapping: u64::MAX,
            tables: vec![table],
        }
    }

    #[test]
    fn a_position_is_read_as_it_was_written() {
        let bytes = position().encode();
        assert_eq!(Position::decode(&bytes).unwrap(), position());
        for length in 0..bytes.len() {
            assert!(Position::decode(&bytes[..length]).is_err());
        }
    }

    #[test]
    fn a_place_in_the_log_prints_as_postgres_does() {
        assert_eq!(Lsn::parse("1/A0"), Some(position().lsn));
        assert_eq!(position().lsn.to_string(), "1/A0");
        assert_eq!(Lsn::parse("1A0"), None);
    }
}
