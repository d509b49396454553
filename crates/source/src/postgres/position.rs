//! The position of a source: how far it has read, and in which history. Stored with every commit.

use super::failure::damaged;
use crate::SourceError;
use livewell_model::codec::{Reader, Writer};
use std::fmt;

/// The format of an earlier version, which kept no facts of the catalogs.
const FORMAT_WITHOUT_FACTS: u8 = 1;
const FORMAT: u8 = 2;

/// A place in a server's log.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lsn(pub u64);

impl Lsn {
    pub fn parse(text: &str) -> Option<Self> {
        let (high, low) = text.split_once('/')?;
        let part = |text| u32::from_str_radix(text, 16).ok();
        Some(Self(u64::from(part(high)?) << 32 | u64::from(part(low)?)))
    }

    /// Returns the end of the last record before this place. The server says that its log ends behind the header of a
    /// page that has nothing else yet, and sends nothing up to there until something is written.
    pub fn content(self) -> Self {
        const PAGE: u64 = 8192;
        // The header of a page, and that of a file's first page.
        match self.0 % PAGE {
            header @ (24 | 40) => Self(self.0 - header),
            _ => self,
        }
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
    /// Which of its histories: each recovery to a different end begins a new one.
    pub timeline: u32,
    pub database: String,
    pub lsn: Lsn,
    /// The transactions taken in that no snapshot of the server is known to see yet, in the order of their commits,
    /// each with the store's position before it.
    pub unseen: Vec<(u64, u64)>,
    /// Whether an earlier version wrote it, which kept no facts of the catalogs.
    pub without_facts: bool,
}

impl Position {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(FORMAT).string(&self.system).varint(self.timeline.into()).string(&self.database);
        out.varint(self.lsn.0).varint(self.unseen.len() as u64);
        for (transaction, position) in &self.unseen {
            out.varint(*transaction).varint(*position);
        }
        out.bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, SourceError> {
        read(bytes).ok_or_else(damaged)
    }
}

fn read(bytes: &[u8]) -> Option<Position> {
    let mut reader = Reader::new("position", bytes);
    let format = reader.u8().ok()?;
    let text = |reader: &mut Reader<'_>| reader.string().ok().map(|text| text.to_string());
    let mut position = Position {
        system: text(&mut reader)?,
        timeline: u32::try_from(reader.varint().ok()?).ok()?,
        database: text(&mut reader)?,
        lsn: Lsn(reader.varint().ok()?),
        ..Position::default()
    };
    match format {
        // What follows there cannot be used: it does not include the facts of the catalogs.
        FORMAT_WITHOUT_FACTS => position.without_facts = true,
        FORMAT => {
            for _ in 0..reader.count().ok()? {
                position.unseen.push((reader.varint().ok()?, reader.varint().ok()?));
            }
            reader.finish().ok()?;
        }
        _ => return None,
    }
    Some(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position() -> Position {
        Position {
            system: "7300000000000000000".into(),
            timeline: 1,
            database: "shop".into(),
            lsn: Lsn(0x1_0000_00A0),
            unseen: vec![(700, 3), (1 << 33, 4)],
            without_facts: false,
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
    fn a_position_of_an_earlier_version_says_that_it_has_no_facts() {
        let mut old = Writer::new();
        old.u8(1).string("73").varint(1).string("shop").varint(160).bytes(&[0; 8]).varint(0);
        let position = Position::decode(&old.bytes).unwrap();
        assert_eq!((position.lsn, position.without_facts), (Lsn(160), true));
    }

    #[test]
    fn a_place_in_the_log_prints_as_postgres_does() {
        assert_eq!(Lsn::parse("1/A0"), Some(position().lsn));
        assert_eq!(position().lsn.to_string(), "1/A0");
        assert_eq!(Lsn::parse("1A0"), None);
    }

    #[test]
    fn a_page_that_has_only_its_header_has_nothing_to_wait_for() {
        assert_eq!(Lsn(0x2018).content(), Lsn(0x2000));
        assert_eq!(Lsn(0x100_0028).content(), Lsn(0x100_0000));
        assert_eq!(Lsn(0x2038).content(), Lsn(0x2038));
    }
}
