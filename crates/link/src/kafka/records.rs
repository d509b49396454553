//! Writing batches of records, in the form that [`super::batch`] reads.

use super::codec::Writer;
use super::compression::{Compression, pack};
use super::error::Error;

const MAGIC: i8 = 2;
/// The bit of the attributes that says that the batch is a part of a transaction.
const TRANSACTIONAL: i16 = 1 << 4;

/// A record to write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers: names and values.
    pub headers: Vec<(&'static str, Vec<u8>)>,
    /// When it happened, in milliseconds since 1970.
    pub time: i64,
}

impl NewRecord {
    /// Returns about how many bytes it takes in a batch.
    pub fn size(&self) -> usize {
        /// Lengths, the time and the offset, at their longest.
        const AROUND: usize = 32;
        let length = |part: &Option<Vec<u8>>| part.as_ref().map_or(0, Vec::len);
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len() + 8).sum::<usize>();
        AROUND + length(&self.key) + length(&self.value) + headers
    }
}

/// Who writes a batch, and which batch of a partition it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub id: i64,
    pub epoch: i16,
    /// The number of its first record, counted by this producer in the partition.
    pub sequence: i32,
    pub is_transactional: bool,
}

/// Returns the records as one batch.
pub(super) fn encode(
    records: &[&NewRecord],
    stamp: Stamp,
    compression: Compression,
) -> Result<Vec<u8>, Error> {
    let base_time = records.first().map_or(0, |record| record.time);
    let max_time = records.iter().map(|record| record.time).max().unwrap_or(base_time);
    let mut body = Writer::new(true);
    for (offset, record) in (0..).zip(records) {
        let mut one = Writer::new(true);
        one.i8(0).signed(record.time.wrapping_sub(base_time)).signed(offset);
        one.part(record.key.as_deref()).part(record.value.as_deref());
        one.signed(record.headers.len() as i64);
        for (name, value) in &record.headers {
            one.part(Some(name.as_bytes())).part(Some(value));
        }
        body.part(Some(&one.bytes));
    }
    let attributes = compression.bits() | if stamp.is_transactional { TRANSACTIONAL } else { 0 };
    let mut checked = Writer::new(false);
    checked.i16(attributes).i32(records.len() as i32 - 1).i64(base_time).i64(max_time);
    checked.i64(stamp.id).i16(stamp.epoch).i32(stamp.sequence).i32(records.len() as i32);
    checked.raw(&pack(compression, body.bytes)?);
    /// The epoch of the leader, the magic number and the checksum, before what is checked.
    const BEFORE: usize = 9;
    let mut batch = Writer::new(false);
    batch.i64(0).i32((BEFORE + checked.bytes.len()) as i32).i32(-1).i8(MAGIC);
    batch.i32(crc32c::crc32c(&checked.bytes).cast_signed()).raw(&checked.bytes);
    Ok(batch.bytes)
}

#[cfg(test)]
mod tests {
    use super::super::batch;
    use super::*;
    use proptest::prelude::*;

    fn record() -> impl Strategy<Value = NewRecord> {
        let part = || proptest::option::of(proptest::collection::vec(any::<u8>(), 0..300));
        let headers = proptest::collection::vec(Just(("livewell-id", b"s:r:q:1:2:0".to_vec())), 0..2);
        (part(), part(), headers, 0..1_i64 << 50).prop_map(|(key, value, headers, time)| NewRecord {
            key,
            value,
            headers,
            time,
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_the_reader_reads(
            records in proptest::collection::vec(record(), 1..40), sequence in 0..i32::MAX, is_transactional: bool,
        ) {
            for compression in [
                Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd,
            ] {
                let stamp = Stamp { id: 1 << 40, epoch: 7, sequence, is_transactional };
                let bytes = encode(&records.iter().collect::<Vec<_>>(), stamp, compression).unwrap();
                let rest = &mut &*bytes;
                let read = batch::next(rest, 1 << 20).unwrap().unwrap();
                prop_assert!(rest.is_empty());
                prop_assert_eq!(read.transaction, is_transactional.then_some(1 << 40));
                prop_assert!(!read.is_control);
                let found = read.records().unwrap();
                prop_assert_eq!(found.len(), records.len());
                for (at, (found, wrote)) in found.iter().zip(&records).enumerate() {
                    prop_assert_eq!(found.offset, at as i64);
                    prop_assert_eq!(found.time, wrote.time);
                    prop_assert_eq!(found.key, wrote.key.as_deref());
                    prop_assert_eq!(found.value, wrote.value.as_deref());
                }
            }
        }
    }
}
