//! Reads a partition to its end, as far as it is committed.

use super::batch;
use super::cluster::Cluster;
use super::error::Error;
use super::fetch::{Fetch, From};
use super::leader::When;
use std::collections::HashMap;
use std::time::Duration;

/// How many bytes are asked for at a time.
const BYTES_MAX: usize = 4 << 20;
/// The most bytes that the records of a batch may have.
const UNPACKED_MAX: usize = 256 << 20;

/// A record that waits for the end of its transaction.
struct Waiting {
    offset: i64,
    time: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
}

/// Calls `each` with every committed record of a partition from an offset to the end that it has now. Those of a transaction
/// come at its end. What belongs to a transaction that is open at the end of the partition does not come.
///
/// # Errors
/// Returns an error if the broker cannot be reached, or leads the partition no longer.
pub fn scan(
    cluster: &mut Cluster,
    number: i32,
    from: i64,
    each: &mut dyn FnMut(batch::Record<'_>),
) -> Result<(), Error> {
    let partition = cluster.partition(number);
    let (topic, leader) = cluster.leader(number)?;
    let partition = partition.ok_or_else(|| Error::Away(format!("there is no partition {number}")))?;
    let first = leader.offset(topic, partition, When::Earliest)?;
    let end = leader.offset(topic, partition, When::Latest)?;
    let (mut at, mut waiting) = (from.max(first), HashMap::<i64, Vec<Waiting>>::new());
    while at < end {
        let from = [From { partition, offset: at, epoch: -1 }];
        let wait = Duration::from_secs(1);
        let fetch = Fetch { from: &from, wait, bytes_max: BYTES_MAX, is_committed: false };
        let before = at;
        for fetched in leader.fetch(topic, &fetch)? {
            if let Some(error) = fetched.error {
                return Err(error);
            }
            let mut bytes = &*fetched.records;
            while let Some(batch) = batch::next(&mut bytes, UNPACKED_MAX)? {
                take(&batch, at, &mut waiting, each)?;
                at = at.max(batch.last + 1);
            }
        }
        if at == before {
            return Err(Error::Away(format!(
                "partition {number} does not show what it has from offset {at} on"
            )));
        }
    }
    Ok(())
}

fn take(
    batch: &batch::Batch<'_>,
    from: i64,
    waiting: &mut HashMap<i64, Vec<Waiting>>,
    each: &mut dyn FnMut(batch::Record<'_>),
) -> Result<(), Error> {
    if batch.is_control {
        let ended = batch.transaction.and_then(|producer| waiting.remove(&producer)).unwrap_or_default();
        if batch.is_commit()? == Some(true) {
            for Waiting { offset, time, key, value } in &ended {
                each(batch::Record {
                    offset: *offset,
                    time: *time,
                    key: key.as_deref(),
                    value: value.as_deref(),
                    headers: &[],
                });
            }
        }
        return Ok(());
    }
    // The first batch may begin before the offset.
    for record in batch.records()?.into_iter().filter(|record| record.offset >= from) {
        match batch.transaction {
            None => each(record),
            Some(producer) => waiting.entry(producer).or_default().push(Waiting {
                offset: record.offset,
                time: record.time,
                key: record.key.map(<[u8]>::to_vec),
                value: record.value.map(<[u8]>::to_vec),
            }),
        }
    }
    Ok(())
}
