//! Output: from the changed bag of rows to diffs and live rows, each under its row signature.
//!
//! A row's identity is its key, which follows from the query's text. Its signature has 64 bits:
//!
//! ```text
//! 48 bits: the first of XXH3-64(key) | 16 bits: the key's rank among the live keys with the same 48 bits
//! ```
//!
//! So colliding keys are told apart exactly, and by the keys alone, whatever their order of arrival; a row
//! whose rank shifts is a DELETE and an ADD. Every row that goes or changes is compared with what is stored:
//! a live row that is not what the operators take back is damage, never silently overwritten.

use super::Batch;
use super::window::{Sort, order_key};
use crate::state::{Area, Order, State, StepError};
use livewell_model::diff::Columns;
use livewell_model::{Diff, Row, Value, key, row};
use std::collections::BTreeMap;

const RANK_BITS: u32 = 16;

/// See the module.
#[derive(Debug)]
pub struct Output {
    /// How many of the slots, from the first on, are columns.
    pub columns: usize,
    /// What makes up the key.
    pub key: Key,
    /// What a reader orders the rows by; ties are broken by the key.
    pub order: Vec<Sort>,
    /// How many bits of the hash are used, at most 48. Fewer only in tests, to force collisions.
    pub hash_bits: u32,
}

/// The slots that make up a row's key.
#[derive(Debug)]
pub enum Key {
    /// The same for every row.
    Slots(Vec<usize>),
    /// By the number of the UNION ALL's branch that gave the row.
    ByBranch {
        /// The slot that holds the number.
        number: usize,
        /// For each branch, its slots, the number's among them.
        slots: Vec<Vec<usize>>,
    },
}

impl Key {
    fn of(&self, row: &[Value]) -> Result<Vec<u8>, StepError> {
        let slots = match self {
            Self::Slots(slots) => slots,
            Self::ByBranch { number, slots } => match &row[*number] {
                Value::Int(branch) => &slots[usize::try_from(*branch).unwrap_or(usize::MAX)],
                other => return Err(StepError::Damaged(format!("a branch has the number {other:?}"))),
            },
        };
        Ok(key::of(slots.iter().map(|slot| &row[*slot])))
    }
}

/// One image of a row: its columns and the bytes it is ordered by.
type Image = (Columns, Vec<u8>);

/// What becomes of one key.
#[derive(Debug, Default)]
struct Change {
    before: Option<Image>,
    after: Option<Image>,
}

/// The keys touched in one bucket of signatures.
type Changes = BTreeMap<Vec<u8>, Change>;

impl Output {
    /// Writes the live rows and gives the diffs, ordered.
    ///
    /// # Errors
    /// Where the stored rows are not those the batch changes, or a bucket is full.
    pub fn step(&self, state: &mut dyn State, batch: Batch) -> Result<Vec<Diff>, StepError> {
        let mut diffs = Vec::with_capacity(batch.len());
        for (bucket, changes) in self.by_bucket(batch)? {
            step_bucket(state, bucket, changes, &mut diffs)?;
        }
        diffs.sort_unstable_by_key(Diff::order);
        Ok(diffs)
    }

    fn by_bucket(&self, batch: Batch) -> Result<BTreeMap<u64, Changes>, StepError> {
        let mut buckets: BTreeMap<u64, Changes> = BTreeMap::new();
        for entry in batch {
            let key = self.key.of(&entry.row)?;
            let order = order_key(&self.order, &entry.row);
            let mut columns = entry.row;
            columns.truncate(self.columns);
            let change = buckets.entry(self.bucket(&key)).or_default().entry(key).or_default();
            let image = match entry.weight {
                -1 => &mut change.before,
                1 => &mut change.after,
                weight => return Err(StepError::Damaged(format!("a row comes with weight {weight}"))),
            };
            if image.replace((columns.into(), order)).is_some() {
                return Err(StepError::Damaged("two rows of one step have the same key".into()));
            }
        }
        Ok(buckets)
    }

    /// The signature of the first row in the bucket of `key`.
    fn bucket(&self, key: &[u8]) -> u64 {
        let kept = !0u64 << (64 - self.hash_bits.min(u64::BITS - RANK_BITS));
        row::key_hash(key) & kept
    }
}

fn step_bucket(
    state: &mut dyn State,
    bucket: u64,
    mut changes: Changes,
    diffs: &mut Vec<Diff>,
) -> Result<(), StepError> {
    let mut old = read_bucket(state, bucket)?;
    let is_alone = |key: &Vec<u8>| old.len() <= 1 && old.iter().all(|row| row.key == *key);
    if changes.len() == 1 && changes.keys().all(is_alone) {
        let alone = changes.pop_first().expect("there is one change");
        return step_alone(state, bucket, old.pop(), alone, diffs);
    }
    let new = merge(&old, changes)?;
    if new.len() > 1 << RANK_BITS {
        return Err(StepError::Limit(format!("more than {} rows share one hash", 1 << RANK_BITS)));
    }
    let old_ranks: BTreeMap<&[u8], (usize, &Row)> =
        old.iter().enumerate().map(|(rank, row)| (row.key.as_slice(), (rank, row))).collect();
    for (rank, row) in new.iter().enumerate() {
        let row_signature = bucket + rank as u64;
        match old_ranks.get(row.key.as_slice()) {
            Some((old_rank, old)) if *old_rank == rank => {
                if *old == row {
                    continue;
                }
                // A row that only moved in the order is written, but is no diff.
                if old.columns != row.columns {
                    let (before, after) = (old.columns.clone(), row.columns.clone());
                    diffs.push(Diff::Update { row_signature, before, after });
                }
            }
            _ => diffs.push(Diff::Add { row_signature, data: row.columns.clone() }),
        }
        state.put(Area::Rows, row_signature.to_be_bytes().to_vec(), row.encode());
    }
    for (rank, row) in old.iter().enumerate() {
        let stays = new.get(rank).is_some_and(|new| new.key == row.key);
        if !stays {
            let row_signature = bucket + rank as u64;
            diffs.push(Diff::Delete { row_signature, data: row.columns.clone() });
            if rank >= new.len() {
                state.delete(Area::Rows, row_signature.to_be_bytes().to_vec());
            }
        }
    }
    Ok(())
}

/// As [`step_bucket`] where the bucket has one key alone, before and after: almost always, and no rank shifts.
fn step_alone(
    state: &mut dyn State,
    row_signature: u64,
    old: Option<Row>,
    (key, change): (Vec<u8>, Change),
    diffs: &mut Vec<Diff>,
) -> Result<(), StepError> {
    let before = old.map(|row| (row.columns, row.order));
    check_stored(before.as_ref(), change.before.as_ref())?;
    if before == change.after {
        return Ok(());
    }
    let place = row_signature.to_be_bytes().to_vec();
    match &change.after {
        Some((columns, order)) => {
            let row = Row { key, columns: columns.clone(), order: order.clone() };
            state.put(Area::Rows, place, row.encode());
        }
        None => state.delete(Area::Rows, place),
    }
    diffs.extend(match (before, change.after) {
        // A row that only moved in the order is no diff.
        (Some((before, _)), Some((after, _))) if before == after => None,
        (Some((before, _)), Some((after, _))) => Some(Diff::Update { row_signature, before, after }),
        (Some((data, _)), None) => Some(Diff::Delete { row_signature, data }),
        (None, Some((data, _))) => Some(Diff::Add { row_signature, data }),
        (None, None) => None,
    });
    Ok(())
}

/// What is live must be what the operators take back.
fn check_stored(stored: Option<&Image>, before: Option<&Image>) -> Result<(), StepError> {
    if stored == before {
        return Ok(());
    }
    Err(StepError::Damaged(format!("a live row holds {stored:?} where the operators take back {before:?}")))
}

fn read_bucket(state: &dyn State, bucket: u64) -> Result<Vec<Row>, StepError> {
    let mut rows = Vec::new();
    let prefix = &bucket.to_be_bytes()[..((u64::BITS - RANK_BITS) / 8) as usize];
    state.scan(Area::Rows, prefix, Order::Ascending, &mut |_, bytes| {
        rows.push(Row::decode(bytes)?);
        Ok(true)
    })?;
    Ok(rows)
}

/// The bucket's rows after the changes, by key.
fn merge(old: &[Row], changes: Changes) -> Result<Vec<Row>, StepError> {
    let mut rows: BTreeMap<Vec<u8>, Image> =
        old.iter().map(|row| (row.key.clone(), (row.columns.clone(), row.order.clone()))).collect();
    for (key, change) in changes {
        check_stored(rows.remove(&key).as_ref(), change.before.as_ref())?;
        if let Some(after) = change.after {
            rows.insert(key, after);
        }
    }
    Ok(rows.into_iter().map(|(key, (columns, order))| Row { key, columns, order }).collect())
}
