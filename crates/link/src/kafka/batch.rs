//! Batches of records, as they are in the log since Kafka 0.11.

use super::codec::Fields;
use super::compression::{self, unpack};
use super::error::Error;
use std::borrow::Cow;

/// The bytes before those that the checksum is over.
const UNCHECKED: usize = 21;
/// The bytes before the records.
const HEAD: usize = 61;
const MAGIC: i8 = 2;

/// A batch of records, which were written together.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The offset that the records count from.
    pub base: i64,
    /// The offset of the last record when it was written, even if that was removed since.
    pub last: i64,
    /// The epoch of the leader that took it.
    pub epoch: i32,
    /// The producer, if the batch is a part of its transaction, or the end of one.
    pub transaction: Option<i64>,
    /// Whether its record is not of a user's but ends a transaction.
    pub is_control: bool,
    base_time: i64,
    /// When the broker took all of it, if the topic wants that to be the time of the records.
    append_time: Option<i64>,
    count: usize,
    records: Cow<'a, [u8]>,
}

/// A record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its offset.
    pub offset: i64,
    /// When it was written, in milliseconds since 1970.
    pub time: i64,
    /// Its key; `None` if it has none.
    pub key: Option<&'a [u8]>,
    /// Its value; `None` if it is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its headers, as they are in the log.
    pub headers: &'a [u8],
}

impl<'a> Record<'a> {
    /// Returns the value of the last header of a name; `None` if there is none, or if it has no value.
    ///
    /// # Errors
    /// Returns an error if the headers are damaged.
    pub fn header(&self, name: &str) -> Result<Option<&'a [u8]>, Error> {
        let (mut fields, mut found) = (Fields::new(self.headers, true), None);
        if self.headers.is_empty() {
            return Ok(None);
        }
        for _ in 0..fields.signed()? {
            let (key, value) = (fields.part()?, fields.part()?);
            if key == Some(name.as_bytes()) {
                found = value;
            }
        }
        Ok(found)
    }
}

/// Takes the next batch off `bytes`; `None` if no whole one is left. `unpacked_max`: the most bytes that its records may
/// have.
///
/// # Errors
/// Returns an error if the batch is damaged or in a form of before Kafka 0.11, or its records are compressed in an unknown
/// way or too long.
pub fn next<'a>(bytes: &mut &'a [u8], unpacked_max: usize) -> Result<Option<Batch<'a>>, Error> {
    let Some(length) = bytes.get(8..12).and_then(|bytes| bytes.try_into().ok()) else { return Ok(None) };
    let length =
        usize::try_from(i32::from_be_bytes(length)).map_err(|_| damaged("its length is below zero"))?;
    let Some((batch, rest)) = bytes.split_at_checked(12 + length) else { return Ok(None) };
    *bytes = rest;
    read(batch, unpacked_max).map(Some)
}

fn read(batch: &[u8], unpacked_max: usize) -> Result<Batch<'_>, Error> {
    let mut fields = Fields::new(batch, false);
    let (base, _, epoch, magic) = (fields.i64()?, fields.i32()?, fields.i32()?, fields.i8()?);
    if magic != MAGIC {
        return Err(Error::Refused(format!(
            "the records at offset {base} are in a form of before Kafka 0.11, which is not read"
        )));
    }
    if batch.len() < HEAD || fields.u32()? != crc32c::crc32c(&batch[UNCHECKED..]) {
        return Err(damaged(&format!("the checksum of the records at offset {base} is wrong")));
    }
    let (attributes, last) = (fields.i16()?, fields.i32()?);
    let (base_time, max_time, producer) = (fields.i64()?, fields.i64()?, fields.i64()?);
    let (_, _, count) = (fields.i16()?, fields.i32()?, fields.i32()?);
    let count = usize::try_from(count).map_err(|_| damaged("the number of records is below zero"))?;
    // The offset after the last one is a number, too.
    let end = base.checked_add(i64::from(last)).and_then(|last| last.checked_add(1));
    let Some(end) = end.filter(|_| base >= 0 && last >= 0) else {
        return Err(damaged(&format!("it reaches from offset {base} to {last} after it")));
    };
    let is = |bit: i16| attributes & 1 << bit != 0;
    Ok(Batch {
        base,
        last: end - 1,
        epoch,
        transaction: is(4).then_some(producer),
        is_control: is(5),
        base_time,
        append_time: is(3).then_some(max_time),
        count,
        records: unpack(compression::of(attributes)?, &batch[HEAD..], unpacked_max)?,
    })
}

impl Batch<'_> {
    /// Returns its records.
    ///
    /// # Errors
    /// Returns an error if one is damaged.
    pub fn records(&self) -> Result<Vec<Record<'_>>, Error> {
        let mut fields = Fields::new(&self.records, true);
        let mut records = Vec::new();
        for _ in 0..self.count {
            let length =
                usize::try_from(fields.signed()?).map_err(|_| damaged("a record's length is below zero"))?;
            records.push(self.record(fields.take(length)?)?);
        }
        Ok(records)
    }

    fn record<'r>(&self, bytes: &'r [u8]) -> Result<Record<'r>, Error> {
        let mut fields = Fields::new(bytes, true);
        fields.i8()?;
        let (time, offset) = (fields.signed()?, fields.signed()?);
        let (key, value) = (fields.part()?, fields.part()?);
        let (time, offset) = (self.base_time.checked_add(time), self.base.checked_add(offset));
        let (Some(time), Some(offset)) = (time, offset) else {
            return Err(damaged("a record's place is too large"));
        };
        if !(self.base..=self.last).contains(&offset) {
            return Err(damaged("a record is at an offset outside of its batch"));
        }
        let headers = fields.take(fields.left())?;
        Ok(Record { offset, time: self.append_time.unwrap_or(time), key, value, headers })
    }

    /// Returns whether the transaction that a control batch ends was committed; `None` if it ends none.
    ///
    /// # Errors
    /// Returns an error if it is damaged.
    pub fn is_commit(&self) -> Result<Option<bool>, Error> {
        let records = self.records()?;
        let Some(key) = records.first().and_then(|record| record.key) else { return Ok(None) };
        let mut fields = Fields::new(key, false);
        let (_, kind) = (fields.i16()?, fields.i16()?);
        Ok(match kind {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        })
    }
}

fn damaged(text: &str) -> Error {
    Error::Malformed(format!("a batch of records is damaged: {text}"))
}
