//! The messages of the output plugin `pgoutput`, versions 1 and 2 of its protocol.
//!
//! Input is treated as hostile: whatever the bytes are, the result is a message or an error.

use super::bytes::{Fields, utf8};
use super::failure::not_understood;
use crate::SourceError;
use livewell_model::Timestamp;

/// Nanoseconds from 1970 to 2000, when PostgreSQL's time begins.
const EPOCH_NANOS: i64 = 946_684_800_000_000_000;

/// Messages that open, cut and end transactions; everything else is part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// A transaction that comes whole, after its commit.
    Begin {
        xid: u32,
    },
    Commit(Committed),
    /// Begins a part of the transaction `xid`, which still runs.
    StreamStart {
        xid: u32,
    },
    StreamStop,
    /// Commits a transaction of which parts came before.
    StreamCommit {
        xid: u32,
        committed: Committed,
    },
    /// Rolls back `xid`, or only what `subxid` did in it.
    StreamAbort {
        xid: u32,
        subxid: u32,
    },
    /// A part of a transaction; within a part of a streamed one, with its transaction or subtransaction.
    Inside {
        xid: Option<u32>,
    },
}

/// The end of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Committed {
    /// The end of its commit in the server's log: once it is durable here, the server may forget it.
    pub end: u64,
    pub timestamp: Timestamp,
}

/// What a transaction did.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action<'a> {
    /// The form of a table's rows from here on.
    Relation(Relation),
    Insert {
        table: u32,
        new: Row<'a>,
    },
    Update {
        table: u32,
        old: Option<Row<'a>>,
        new: Row<'a>,
    },
    Delete {
        table: u32,
        old: Row<'a>,
    },
    Truncate {
        tables: Vec<u32>,
    },
    /// A type's name, an origin, a message of a program: nothing that changes a row.
    Other,
}

/// A table as the stream describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relation {
    pub oid: u32,
    pub schema: String,
    pub name: String,
    pub columns: Vec<RelationColumn>,
}

/// A column as the stream describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RelationColumn {
    pub name: String,
    pub kind: u32,
    pub modifier: i32,
    /// Whether it is part of the replica identity.
    pub identifies: bool,
}

/// The cells of a row, in the order of the table's columns.
pub(super) type Row<'a> = Vec<Cell<'a>>;

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Null,
    /// A large value that did not change and is not sent.
    Unchanged,
    Text(&'a str),
}

impl<'a> Cell<'a> {
    /// Returns the text, if there is one.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Unchanged => None,
        }
    }
}

/// Returns which kind of message this is. `in_part`: between a part's start and its stop.
pub(super) fn frame(message: &[u8], in_part: bool) -> Result<Frame, SourceError> {
    let mut fields = Fields::new(message);
    let frame = match fields.u8()? {
        b'B' => {
            let (_end, _micros) = (fields.u64()?, fields.i64()?);
            Frame::Begin { xid: fields.u32()? }
        }
        b'C' => Frame::Commit(committed(&mut fields)?),
        b'S' => Frame::StreamStart { xid: fields.u32()? },
        b'E' => Frame::StreamStop,
        b'c' => Frame::StreamCommit { xid: fields.u32()?, committed: committed(&mut fields)? },
        b'A' => Frame::StreamAbort { xid: fields.u32()?, subxid: fields.u32()? },
        b'R' | b'Y' | b'O' | b'I' | b'U' | b'D' | b'T' | b'M' => {
            // Only the origin has the same form in a part.
            let named = in_part && message[0] != b'O';
            Frame::Inside { xid: named.then(|| fields.u32()).transpose()? }
        }
        _ => return Err(not_understood("it is of no known kind")),
    };
    Ok(frame)
}

fn committed(fields: &mut Fields<'_>) -> Result<Committed, SourceError> {
    let (_flags, _commit, end, micros) = (fields.u8()?, fields.u64()?, fields.u64()?, fields.i64()?);
    let nanos = micros.checked_mul(1_000).and_then(|nanos| nanos.checked_add(EPOCH_NANOS));
    let nanos = nanos.ok_or_else(|| not_understood("its time is beyond every calendar"))?;
    Ok(Committed { end, timestamp: Timestamp(nanos) })
}

/// Reads a message for which [`frame`] says [`Frame::Inside`].
pub(super) fn action(message: &[u8], in_part: bool) -> Result<Action<'_>, SourceError> {
    let mut fields = Fields::new(message);
    let tag = fields.u8()?;
    if in_part && tag != b'O' {
        fields.u32()?;
    }
    Ok(match tag {
        b'R' => Action::Relation(relation(&mut fields)?),
        b'I' => {
            let table = fields.u32()?;
            Action::Insert { table, new: marked_row(&mut fields, b'N')? }
        }
        b'U' => {
            let table = fields.u32()?;
            let mark = fields.u8()?;
            let old = matches!(mark, b'K' | b'O').then(|| row(&mut fields)).transpose()?;
            let new = match old {
                Some(_) => marked_row(&mut fields, b'N')?,
                None if mark == b'N' => row(&mut fields)?,
                None => return Err(not_understood("an update has no new row")),
            };
            Action::Update { table, old, new }
        }
        b'D' => {
            let table = fields.u32()?;
            if !matches!(fields.u8()?, b'K' | b'O') {
                return Err(not_understood("a delete has no old row"));
            }
            Action::Delete { table, old: row(&mut fields)? }
        }
        b'T' => {
            let count = fields.u32()?;
            let _flags = fields.u8()?;
            Action::Truncate { tables: (0..count).map(|_| fields.u32()).collect::<Result<_, _>>()? }
        }
        b'Y' | b'O' | b'M' => Action::Other,
        _ => return Err(not_understood("it is of no known kind")),
    })
}

fn relation(fields: &mut Fields<'_>) -> Result<Relation, SourceError> {
    let oid = fields.u32()?;
    let (schema, name) = (fields.text()?.to_owned(), fields.text()?.to_owned());
    let _identity = fields.u8()?;
    let mut columns = Vec::new();
    for _ in 0..fields.u16()? {
        let identifies = fields.u8()? & 1 == 1;
        let name = fields.text()?.to_owned();
        columns.push(RelationColumn { name, kind: fields.u32()?, modifier: fields.i32()?, identifies });
    }
    // The server writes `pg_catalog` as an empty name.
    let schema = if schema.is_empty() { "pg_catalog".into() } else { schema };
    Ok(Relation { oid, schema, name, columns })
}

fn marked_row<'a>(fields: &mut Fields<'a>, mark: u8) -> Result<Row<'a>, SourceError> {
    if fields.u8()? != mark {
        return Err(not_understood("a row is not where it belongs"));
    }
    row(fields)
}

fn row<'a>(fields: &mut Fields<'a>) -> Result<Row<'a>, SourceError> {
    let count = fields.u16()?;
    let mut cells = Vec::new();
    for _ in 0..count {
        cells.push(match fields.u8()? {
            b'n' => Cell::Null,
            b'u' => Cell::Unchanged,
            b't' => Cell::Text(utf8(fields.counted()?)?),
            _ => return Err(not_understood("a value is not in the form of text")),
        });
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn insert(xid: Option<u32>) -> Vec<u8> {
        let mut message = vec![b'I'];
        message.extend(xid.into_iter().flat_map(u32::to_be_bytes));
        message.extend([0, 0, 0, 7, b'N', 0, 3, b'n', b'u', b't', 0, 0, 0, 2]);
        message.extend(b"hi");
        message
    }

    #[test]
    fn an_insert_is_read_alike_in_a_part_and_whole() {
        let expected = Action::Insert { table: 7, new: vec![Cell::Null, Cell::Unchanged, Cell::Text("hi")] };
        assert_eq!(action(&insert(None), false).unwrap(), expected);
        assert_eq!(action(&insert(Some(42)), true).unwrap(), expected);
        assert_eq!(frame(&insert(Some(42)), true).unwrap(), Frame::Inside { xid: Some(42) });
        assert_eq!(frame(&insert(None), false).unwrap(), Frame::Inside { xid: None });
    }

    #[test]
    fn a_commit_has_its_end_and_its_time() {
        let mut message = vec![b'C', 0];
        message.extend(1u64.to_be_bytes());
        message.extend(2u64.to_be_bytes());
        message.extend(5i64.to_be_bytes());
        let Frame::Commit(committed) = frame(&message, false).unwrap() else { panic!("a commit") };
        assert_eq!(committed.end, 2);
        assert_eq!(committed.timestamp.to_rfc3339(), "2000-01-01T00:00:00.000005Z");
    }

    #[test]
    fn what_ends_early_or_is_no_text_is_an_error() {
        let whole = insert(None);
        for length in 0..whole.len() {
            assert!(action(&whole[..length], false).is_err(), "{length}");
        }
        let mut binary = whole.clone();
        binary[10] = b'b';
        assert!(action(&binary, false).is_err());
        let mut not_text = whole;
        *not_text.last_mut().unwrap() = 0xff;
        assert!(action(&not_text, false).is_err());
    }

    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let tag = prop::sample::select(b"BCOSEcARYIUDTMX".to_vec());
        // Small values make plausible counts and lengths.
        let byte = prop_oneof![4 => 0u8..8, 2 => prop::sample::select(b"NKOntub".to_vec()), 1 => any::<u8>()];
        (tag, prop::collection::vec(byte, 0..60)).prop_map(|(tag, mut bytes)| {
            bytes.insert(0, tag);
            bytes
        })
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(message in hostile(), in_part: bool) {
            let (frame, action) = (frame(&message, in_part), action(&message, in_part));
            if let Ok(Action::Insert { new, .. }) = &action {
                // A row costs no more than the bytes that claim it.
                prop_assert!(new.len() <= message.len());
                prop_assert!(frame.is_ok());
            }
        }
    }
}
