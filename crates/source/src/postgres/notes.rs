//! The notes that a source keeps beside its position: their keys, and the format of their values.
//!
//! | key | holds |
//! |---|---|
//! | nothing | the position |
//! | `h` | the home: names on the server |
//! | `f`, unit | the facts of a unit whose live rows are as the catalogs said then |
//! | `l`, unit, key | a live row of a partition |
//! | `g`, unit | where the stream has to be before the rows of a unit that is gone go too |
//! | `o` | that all tables are still to be copied, since the stream goes on from a new place |
//! | `c` | the head of a copy under way |
//! | `k`, copy, `u`, unit | a unit of the copy |
//! | `k`, copy, `s`, number | a stamp |
//! | `k`, copy, `r`, unit, key | a staged row: the number of its stamp |
//! | `k`, copy, `a`, unit, key | a row to be read again |
//!
//! Units, copies and stamps are numbers of four bytes, so that byte order is number order.

use super::failure::damaged;
use crate::SourceError;
use crate::source::Stored;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many notes are read at once.
const PAGE: usize = 1_000;
const FORMAT: u8 = 1;

pub(super) const POSITION: &[u8] = b"";
pub(super) const HOME: &[u8] = b"h";
pub(super) const OWED: &[u8] = b"o";
pub(super) const COPY: &[u8] = b"c";
pub(super) const FACTS: &[u8] = b"f";
pub(super) const GONE: &[u8] = b"g";

/// Returns the key of the facts of a unit.
pub(super) fn facts(unit: u32) -> Vec<u8> {
    [FACTS, &unit.to_be_bytes()].concat()
}

/// Returns the key of a unit that is gone.
pub(super) fn gone(unit: u32) -> Vec<u8> {
    [GONE, &unit.to_be_bytes()].concat()
}

/// Returns the prefix of the live rows of a partition.
pub(super) fn leaf_prefix(unit: u32) -> Vec<u8> {
    [b"l", unit.to_be_bytes().as_slice()].concat()
}

/// Returns the key of a live row of a partition.
pub(super) fn leaf(unit: u32, key: &str) -> Vec<u8> {
    [&leaf_prefix(unit), key.as_bytes()].concat()
}

/// Returns the prefix of everything of a copy but its head.
pub(super) fn copy_prefix(copy: u32) -> Vec<u8> {
    [b"k", copy.to_be_bytes().as_slice()].concat()
}

pub(super) fn unit_prefix(copy: u32) -> Vec<u8> {
    [&copy_prefix(copy), b"u".as_slice()].concat()
}

pub(super) fn unit(copy: u32, unit: u32) -> Vec<u8> {
    [&unit_prefix(copy), unit.to_be_bytes().as_slice()].concat()
}

pub(super) fn stamp_prefix(copy: u32) -> Vec<u8> {
    [&copy_prefix(copy), b"s".as_slice()].concat()
}

pub(super) fn stamp(copy: u32, number: u32) -> Vec<u8> {
    [&stamp_prefix(copy), number.to_be_bytes().as_slice()].concat()
}

pub(super) fn staged_prefix(copy: u32, unit: u32) -> Vec<u8> {
    [&copy_prefix(copy), b"r".as_slice(), &unit.to_be_bytes()].concat()
}

pub(super) fn staged(copy: u32, unit: u32, key: &str) -> Vec<u8> {
    [&staged_prefix(copy, unit), key.as_bytes()].concat()
}

pub(super) fn again_prefix(copy: u32) -> Vec<u8> {
    [&copy_prefix(copy), b"a".as_slice()].concat()
}

pub(super) fn again(copy: u32, unit: u32, key: &str) -> Vec<u8> {
    [&again_prefix(copy), unit.to_be_bytes().as_slice(), key.as_bytes()].concat()
}

/// Reads the number that follows a prefix.
pub(super) fn number_in(rest: &[u8]) -> Result<u32, SourceError> {
    rest.try_into().map(u32::from_be_bytes).map_err(|_| damaged())
}

/// Reads the unit and the key that follow a prefix.
pub(super) fn row_in(rest: &[u8]) -> Result<(u32, String), SourceError> {
    let (unit, key) = rest.split_at_checked(4).ok_or_else(damaged)?;
    Ok((number_in(unit)?, text_in(key)?))
}

/// Reads the key that follows a prefix.
pub(super) fn text_in(rest: &[u8]) -> Result<String, SourceError> {
    String::from_utf8(rest.to_vec()).map_err(|_| damaged())
}

/// Returns the stored form: a byte for the format, then JSON.
pub(super) fn encode(what: &impl Serialize) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, what).expect("what is noted is JSON");
    bytes
}

/// Reads what [`encode`] wrote.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, SourceError> {
    match bytes.split_first() {
        Some((&FORMAT, json)) => serde_json::from_slice(json).map_err(|_| damaged()),
        _ => Err(damaged()),
    }
}

/// Returns the stored form of a staged row: a byte for the format, then the number of its stamp.
pub(super) fn encode_staged(stamp: u32) -> Vec<u8> {
    [[FORMAT].as_slice(), &stamp.to_be_bytes()].concat()
}

/// Reads what [`encode_staged`] wrote.
pub(super) fn decode_staged(bytes: &[u8]) -> Result<u32, SourceError> {
    match bytes.split_first() {
        Some((&FORMAT, stamp)) => number_in(stamp),
        _ => Err(damaged()),
    }
}

/// Calls `each` with what follows the prefix in the key, and the value, of every note that begins with it.
pub(super) fn each(
    stored: &dyn Stored,
    prefix: &[u8],
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = stored.notes(prefix, after.as_deref(), PAGE)?;
        for (key, value) in &page {
            each(&key[prefix.len()..], value)?;
        }
        match page.into_iter().last() {
            Some((key, _)) => after = Some(key),
            None => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::visible::Visible;

    #[test]
    fn stamps_and_staged_rows_are_read_as_they_were_written_and_begin_with_their_version() {
        assert_eq!(encode_staged(258), [1, 0, 0, 1, 2]);
        assert_eq!(decode_staged(&[1, 0, 0, 1, 2]).unwrap(), 258);
        let stamp = Visible::parse("10:20:10,14").unwrap();
        assert_eq!(encode(&stamp), b"\x01\"10:20:10,14\"");
        assert_eq!(decode::<Visible>(&encode(&stamp)).unwrap(), stamp);
        for unknown in [&[0, 0, 1, 2][..], &[2, 0, 0, 1, 2], &[1, 0, 1, 2], &[]] {
            assert!(decode_staged(unknown).is_err(), "{unknown:?}");
        }
        for unknown in [&b"10:20:10,14"[..], b"\x02\"10:20:10,14\""] {
            assert!(decode::<Visible>(unknown).is_err(), "{unknown:?}");
        }
    }
}
