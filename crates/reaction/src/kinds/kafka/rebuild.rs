//! Making the topic equal to the live results: by difference to what it holds.

use super::checkpoint::Checkpoint;
use super::failure::{refused, sorted};
use super::message::row_value;
use super::running::Running;
use super::session::Session;
use crate::{Outgoing, Reached, ReactionError, SnapshotOf};
use livewell_link::kafka::{NewRecord, scan};
use livewell_model::diff::Columns;
use livewell_model::json::{Data, RowShape};
use livewell_model::{Diff, QueryResult, Timestamp};
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_128;

/// How many records one transaction writes.
const RECORDS_MAX: usize = 10_000;

/// What the topic holds: a hash of the value of each key that has one, by partition.
type There = BTreeMap<(i32, Vec<u8>), u128>;

/// Compares the topic with the snapshot and writes what differs. More records than one transaction takes become visible
/// in parts, and there is no checkpoint until the end.
pub(super) fn replace(
    running: &mut Running,
    session: &mut Session,
    snapshot: SnapshotOf<'_>,
) -> Result<(), ReactionError> {
    let (query_id, epoch, sequence) = (snapshot.query_id, snapshot.epoch, snapshot.sequence);
    let to = Reached { query_id: query_id.into(), epoch, sequence, position: snapshot.position };
    let mut wanted = wanted(running, &mut { snapshot })?;
    let (time, mut records) = (running.time(), Vec::new());
    let mut number = 0_u64;
    let mut record = |key: Vec<u8>, value: Option<Vec<u8>>| {
        let id = format!("{}:{}:{epoch}:{sequence}:rebuild:{number}", running.owner, to.query_id);
        number += 1;
        running.maker.record(&id, key, value, time)
    };
    for ((partition, key), hash) in there(session)? {
        // A key that is in another partition since there are more of them is gone there.
        let is_its = session.partition(&key) == partition;
        match if is_its { wanted.remove(&key) } else { None } {
            Some(value) if xxh3_128(&value) == hash => {}
            value => records.push((partition, record(key, value))),
        }
    }
    for (key, value) in wanted {
        records.push((session.partition(&key), record(key, Some(value))));
    }
    write(running, session, records, &to)
}

/// Writes records, and the checkpoint with the last of them.
fn write(
    running: &mut Running,
    session: &mut Session,
    mut records: Vec<(i32, NewRecord)>,
    to: &Reached,
) -> Result<(), ReactionError> {
    let is_exact = running.is_exact();
    loop {
        let rest = records.split_off(records.len().min(RECORDS_MAX));
        let written = session.write(&records)?;
        if let Some(at) = written.offsets.iter().position(Option::is_none) {
            session.producer.abort().map_err(sorted)?;
            let key = String::from_utf8_lossy(records[at].1.key.as_deref().unwrap_or_default()).into_owned();
            return Err(refused(format!(
                "the row of the key `{key}` is larger than {} takes; raise its `max.message.bytes`",
                running.maker.target()
            )));
        }
        let reached = if rest.is_empty() { vec![to.clone()] } else { Vec::new() };
        if is_exact {
            running.commit(session, Checkpoint { reached, resent: Vec::new() })?;
        }
        if rest.is_empty() {
            return Ok(());
        }
        records = rest;
    }
}

/// Returns the values that the topic is to have, by key.
fn wanted(
    running: &Running,
    snapshot: &mut SnapshotOf<'_>,
) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, ReactionError> {
    let mut wanted: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut rows: BTreeMap<Vec<u8>, (u64, Columns)> = BTreeMap::new();
    let names = snapshot.columns;
    for row in &mut *snapshot.rows {
        let (row_signature, data) =
            row.map_err(|cause| ReactionError::Snapshot { query_id: snapshot.query_id.to_owned(), cause })?;
        let diffs = vec![Diff::Add { row_signature, data: data.clone() }];
        let (sequence, position) = (snapshot.sequence, snapshot.position);
        let result = QueryResult { sequence, position, timestamp: Timestamp(0), diffs };
        let (query_id, epoch) = (snapshot.query_id, snapshot.epoch);
        let key = running.maker.key_of(&Outgoing { query_id, epoch, columns: names, result: &result })?;
        let key_bytes = key.clone().into_bytes();
        wanted.insert(key_bytes.clone(), row_value(names, &data));
        let in_words = |row_signature: u64, columns: &Columns| {
            let shape = RowShape { row_signature, data: Data { names, columns } };
            serde_json::to_string(&shape).expect("a row always has a JSON form")
        };
        if let Some((signature, first)) = rows.get(&key_bytes) {
            let (first, second) = (in_words(*signature, first), in_words(row_signature, &data));
            return Err(ReactionError::SameKey { target: running.maker.target(), key, first, second });
        }
        rows.insert(key_bytes, (row_signature, data));
    }
    Ok(wanted)
}

/// Reads what the topic holds.
fn there(session: &mut Session) -> Result<There, ReactionError> {
    let (topic, partitions) = (session.topic, session.producer.partitions(session.topic));
    let mut there = There::new();
    for partition in 0..partitions {
        let mut last: BTreeMap<Vec<u8>, (i64, Option<u128>)> = BTreeMap::new();
        scan(session.producer.cluster(topic), partition, 0, &mut |record| {
            let Some(key) = record.key else { return };
            let entry = last.entry(key.to_vec()).or_insert((record.offset, None));
            if entry.0 <= record.offset {
                *entry = (record.offset, record.value.map(xxh3_128));
            }
        })
        .map_err(sorted)?;
        let live = last.into_iter().filter_map(|(key, (_, hash))| Some(((partition, key), hash?)));
        there.extend(live);
    }
    Ok(there)
}
