//! Reading records.

use super::codec::{Fields, Writer};
use super::connection::{Api, Connection};
use super::error::Error;
use super::metadata::{Partition, Topic};
use std::time::Duration;

/// By the topic's id since 3.1, which notices one that was created again; by its name before.
const FETCH: [Api; 2] = [Api::new(1, 13, true), Api::new(1, 11, false)];
/// The fewest bytes that a partition may answer, of many.
const SHARE_MIN: i32 = 1 << 20;

/// A place to read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct From {
    /// The partition.
    pub partition: Partition,
    /// The first offset to read.
    pub offset: i64,
    /// The epoch of the record before, -1 if unknown: the broker compares it with its log.
    pub epoch: i32,
}

/// A request for records.
#[derive(Debug, Clone, Copy)]
pub struct Fetch<'a> {
    /// Where to read.
    pub from: &'a [From],
    /// How long to wait for the first record.
    pub wait: Duration,
    /// How many bytes, more or less one batch.
    pub bytes_max: usize,
    /// Whether it ends before the first transaction that is open.
    pub is_committed: bool,
}

/// What was read of one partition.
#[derive(Debug)]
pub struct Fetched {
    /// The number of the partition.
    pub partition: i32,
    /// The end of what is replicated.
    pub high_watermark: i64,
    /// The end of what is decided: before the first record of a transaction that is not finished.
    pub last_stable: i64,
    /// Where the log differs from what was read before, if it does: the epoch and its end in the log.
    pub diverging: Option<(i32, i64)>,
    /// The batches of records, the last perhaps not whole.
    pub records: Vec<u8>,
    /// What is wrong with this partition, if something is.
    pub error: Option<Error>,
}

pub(super) fn ask(
    connection: &mut Connection,
    topic: &Topic,
    fetch: &Fetch<'_>,
) -> Result<Vec<Fetched>, Error> {
    let has_id = topic.id != [0; 16];
    let api = connection.choose(if has_id { &FETCH } else { &FETCH[1..] })?;
    let bytes_max = i32::try_from(fetch.bytes_max).unwrap_or(i32::MAX);
    // A partition with much to read leaves room for the others; its first batch comes whole in any case.
    let share = bytes_max / i32::try_from(fetch.from.len().max(1)).unwrap_or(i32::MAX);
    let share = share.max(SHARE_MIN).min(bytes_max);
    let wait = i32::try_from(fetch.wait.as_millis()).unwrap_or(i32::MAX);
    let mut body = Writer::new(api.flexible);
    // No replica, at least one byte, no session of the broker's.
    body.i32(-1).i32(wait).i32(1).i32(bytes_max).i8(i8::from(fetch.is_committed)).i32(0).i32(-1).items(1);
    if api.flexible {
        body.raw(&topic.id)
    } else {
        body.text(&topic.name)
    };
    body.items(fetch.from.len());
    for From { partition, offset, epoch } in fetch.from {
        body.i32(partition.number).i32(partition.epoch).i64(*offset);
        if api.flexible {
            body.i32(*epoch);
        }
        body.i64(-1).i32(share).end();
    }
    body.end().items(0).text("").end();
    let answer = connection.call(api, &body, fetch.wait)?;
    let mut fields = Fields::new(&answer, api.flexible);
    fields.i32()?;
    let (number, _) = (fields.i16()?, fields.i32()?);
    let what = format!("to read the topic `{}`", topic.name);
    if number != 0 {
        return Err(Error::of(number, &what));
    }
    let mut all = Vec::new();
    for _ in 0..fields.items()? {
        if api.flexible { fields.uuid().map(|_| ()) } else { fields.text().map(|_| ()) }?;
        for _ in 0..fields.items()? {
            all.push(partition(&mut fields, &what)?);
        }
        fields.end()?;
    }
    Ok(all)
}

fn partition(fields: &mut Fields<'_>, what: &str) -> Result<Fetched, Error> {
    /// The number of the field with the epoch and the end.
    const DIVERGING: u64 = 0;
    let (partition, number) = (fields.i32()?, fields.i16()?);
    let (high_watermark, last_stable, _) = (fields.i64()?, fields.i64()?, fields.i64()?);
    // Which transactions were aborted; the log itself says so, too.
    for _ in 0..fields.items()? {
        fields.i64()?;
        fields.i64()?;
        fields.end()?;
    }
    fields.i32()?;
    let records = fields.bytes()?.to_vec();
    let diverging = match fields.added(DIVERGING)? {
        None => None,
        Some(bytes) => {
            let mut fields = Fields::new(bytes, true);
            let diverging = (fields.i32()?, fields.i64()?);
            (diverging.0 >= 0).then_some(diverging)
        }
    };
    let error = (number != 0).then(|| Error::of(number, &format!("{what}, partition {partition}")));
    Ok(Fetched { partition, high_watermark, last_stable, diverging, records, error })
}
