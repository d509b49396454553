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

use super::window::{Sort, order_key};
use super::{Batch, Weighted};
use crate::encoding::{Encode, encode_all};
use crate::meter::{Meter, size};
use crate::state::{Area, Order, State, StepError, Visit};
use livewell_model::codec::Writer;
use livewell_model::diff::Columns;
use livewell_model::{Diff, Row, Value, key, row};
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// The version of the layout of live rows and of what identifies them. To be raised with either.
pub const LAYOUT: u16 = 1;

const RANK_BITS: u32 = 16;

/// Turns the changed rows of a query into diffs, and keeps its live results.
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
#[derive(Debug, Clone)]
pub enum Key {
    /// These slots, for every row.
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
            Self::Slots(slots) => Some(slots),
            Self::ByBranch { number, slots } => match &row[*number] {
                Value::Int(branch) => usize::try_from(*branch).ok().and_then(|branch| slots.get(branch)),
                _ => None,
            },
        };
        let slots = slots.ok_or_else(|| StepError::Damaged("a row of a UNION has no branch".into()))?;
        Ok(key::of(slots.iter().map(|slot| &row[*slot])))
    }

    /// Whether two rows are known to have one key without making it: almost always those of one row before and after.
    fn is_shared(&self, left: &[Value], right: &[Value]) -> bool {
        match self {
            Self::Slots(slots) => slots.iter().all(|slot| key::is_shared(&left[*slot], &right[*slot])),
            Self::ByBranch { .. } => false,
        }
    }
}

/// One image of a row.
#[derive(Debug, Clone, PartialEq)]
struct Image {
    columns: Columns,
    /// The bytes a reader orders it by.
    order: Vec<u8>,
}

/// What becomes of one key.
#[derive(Debug)]
struct Change {
    /// The signature of the first row in the key's bucket.
    bucket: u64,
    key: Vec<u8>,
    before: Option<Image>,
    after: Option<Image>,
}

impl Change {
    /// Room for the stored bytes of either image, one after the other.
    fn buffer(&self) -> Writer {
        const VALUE: usize = 16;
        let image = self.after.as_ref().or(self.before.as_ref());
        let values = image.map_or(0, |image| VALUE * image.columns.len() + image.order.len());
        Writer { bytes: Vec::with_capacity(self.key.len() + values + VALUE) }
    }

    fn place(&self) -> (u64, &[u8]) {
        (self.bucket, &self.key)
    }

    /// Takes the images of another change of the key over; false where both have the same one.
    fn take(&mut self, other: &mut Self) -> bool {
        let pairs = [(&mut self.before, &mut other.before), (&mut self.after, &mut other.after)];
        pairs.into_iter().all(|(have, new)| match new.take() {
            Some(new) => have.replace(new).is_none(),
            None => true,
        })
    }
}

impl Output {
    /// Writes the live rows and gives the diffs, ordered.
    ///
    /// # Errors
    /// Returns an error if the stored rows are not those that the batch changes, or if a bucket is full, and the errors of
    /// [`Meter::hold`].
    pub fn step(&self, state: &mut dyn State, batch: Batch, meter: &Meter) -> Result<Vec<Diff>, StepError> {
        meter.hold(batch.len() * size_of::<Diff>())?;
        let mut diffs = Vec::with_capacity(batch.len());
        let mut changes = self.changes(batch, meter)?;
        for changes in changes.chunk_by_mut(|left, right| left.bucket == right.bucket) {
            meter.tick()?;
            step_bucket(state, changes, &mut diffs)?;
        }
        diffs.sort_unstable_by_key(Diff::order);
        Ok(diffs)
    }

    /// What becomes of each key, ordered by bucket and key.
    fn changes(&self, batch: Batch, meter: &Meter) -> Result<SmallVec<[Change; 2]>, StepError> {
        let mut changes: SmallVec<[Change; 2]> = SmallVec::with_capacity(batch.len());
        let mut batch = batch.into_iter();
        while let Some(Weighted { row, weight }) = batch.next() {
            let key = self.key.of(&row)?;
            meter.hold(size_of::<Change>() + size::entry(key.len()))?;
            let mut change = Change { bucket: self.bucket(&key), key, before: None, after: None };
            let comes = |next: &Weighted| next.weight == 1 && self.key.is_shared(&row, &next.row);
            match weight {
                -1 => {
                    if batch.as_slice().first().is_some_and(comes) {
                        change.after = batch.next().map(|next| self.image(next.row, meter)).transpose()?;
                    }
                    change.before = Some(self.image(row, meter)?);
                }
                1 => change.after = Some(self.image(row, meter)?),
                weight => return Err(StepError::Damaged(format!("a row comes with weight {weight}"))),
            }
            changes.push(change);
        }
        if changes.len() <= 1 {
            return Ok(changes);
        }
        changes.sort_unstable_by(|left, right| left.place().cmp(&right.place()));
        let mut twice = false;
        changes.dedup_by(|next, change| {
            let same = next.place() == change.place();
            if same {
                twice |= !change.take(next);
            }
            same
        });
        if twice {
            return Err(StepError::Damaged("two rows of one step have the same key".into()));
        }
        Ok(changes)
    }

    /// A row as it is kept. Its columns are a list of their own, and what they point to stays.
    fn image(&self, row: Vec<Value>, meter: &Meter) -> Result<Image, StepError> {
        let order = order_key(&self.order, &row);
        meter.hold(size::entry(order.len()))?;
        let mut columns = row;
        columns.truncate(self.columns);
        Ok(Image { columns: columns.into(), order })
    }

    /// The signature of the first row in the bucket of `key`.
    fn bucket(&self, key: &[u8]) -> u64 {
        let kept = !0u64 << (64 - self.hash_bits.min(u64::BITS - RANK_BITS));
        row::key_hash(key) & kept
    }
}

fn step_bucket(
    state: &mut dyn State,
    changes: &mut [Change],
    diffs: &mut Vec<Diff>,
) -> Result<(), StepError> {
    let bucket = changes[0].bucket;
    if let [alone] = changes {
        let mut bytes = alone.buffer();
        if stays_in_place(state, bucket, alone, &mut bytes)? {
            step_alone(state, alone, bytes, diffs);
            return Ok(());
        }
    }
    let old = read_bucket(state, bucket)?;
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

/// Whether the change shifts no rank of its bucket and what it takes back is what is stored. Almost always; and as
/// equal rows have equal bytes, nothing has to be decoded. `bytes` is where they are written.
fn stays_in_place(
    state: &dyn State,
    bucket: u64,
    change: &Change,
    bytes: &mut Writer,
) -> Result<bool, StepError> {
    if let Some(before) = &change.before {
        before.write(&change.key, bytes);
    }
    let first = || state.get(Area::Rows, &bucket.to_be_bytes());
    match (&change.before, &change.after) {
        // Ranks are dense: where there is no first row, there is none.
        (None, _) => Ok(first()?.is_none()),
        // The first row stays the first, whatever comes behind it.
        (Some(_), Some(_)) => Ok(first()?.is_some_and(|stored| *stored == *bytes.bytes)),
        (Some(_), None) => holds_just(state, bucket, &bytes.bytes),
    }
}

/// Whether the bucket has this row alone.
fn holds_just(state: &dyn State, bucket: u64, row: &[u8]) -> Result<bool, StepError> {
    let (mut found, mut other) = (false, false);
    scan_bucket(state, bucket, &mut |_, bytes| {
        other = found || bytes != row;
        found = true;
        Ok(!other)
    })?;
    Ok(found && !other)
}

/// As [`step_bucket`] where one row changes in place, comes first or goes as the last. `bytes` is what its new ones are
/// written to.
fn step_alone(state: &mut dyn State, change: &mut Change, mut bytes: Writer, diffs: &mut Vec<Diff>) {
    let (row_signature, before, after) = (change.bucket, change.before.take(), change.after.take());
    let is_shown = of(&before, |image| &image.columns) != of(&after, |image| &image.columns);
    if !is_shown && of(&before, |image| &image.order) == of(&after, |image| &image.order) {
        return;
    }
    // With room for what the store puts before it.
    let mut place = Vec::with_capacity(32);
    place.extend_from_slice(&row_signature.to_be_bytes());
    match &after {
        Some(after) => {
            bytes.bytes.clear();
            after.write(&change.key, &mut bytes);
            state.put(Area::Rows, place, bytes.bytes);
        }
        None => state.delete(Area::Rows, place),
    }
    if !is_shown {
        // A row that only moved in its order is written, but is not a diff.
        return;
    }
    diffs.extend(match (before, after) {
        (Some(before), Some(after)) => {
            Some(Diff::Update { row_signature, before: before.columns, after: after.columns })
        }
        (Some(before), None) => Some(Diff::Delete { row_signature, data: before.columns }),
        (None, Some(after)) => Some(Diff::Add { row_signature, data: after.columns }),
        (None, None) => None,
    });
}

/// A part of an image, if there is one.
fn of<'i, T>(image: &'i Option<Image>, part: impl FnOnce(&'i Image) -> &'i T) -> Option<&'i T> {
    image.as_ref().map(part)
}

impl Image {
    fn write(&self, key: &[u8], out: &mut Writer) {
        row::write(key, &self.columns, &self.order, out);
    }
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
    scan_bucket(state, bucket, &mut |_, bytes| {
        rows.push(Row::decode(bytes)?);
        Ok(true)
    })?;
    Ok(rows)
}

fn scan_bucket(state: &dyn State, bucket: u64, visit: Visit<'_>) -> Result<(), StepError> {
    let prefix = &bucket.to_be_bytes()[..((u64::BITS - RANK_BITS) / 8) as usize];
    state.scan(Area::Rows, prefix, Order::Ascending, visit)
}

/// The bucket's rows after the changes, by key.
fn merge(old: &[Row], changes: &[Change]) -> Result<Vec<Row>, StepError> {
    let image = |row: &Row| Image { columns: row.columns.clone(), order: row.order.clone() };
    let mut rows: BTreeMap<Vec<u8>, Image> = old.iter().map(|row| (row.key.clone(), image(row))).collect();
    for change in changes {
        check_stored(rows.remove(&change.key).as_ref(), change.before.as_ref())?;
        if let Some(after) = &change.after {
            rows.insert(change.key.clone(), after.clone());
        }
    }
    Ok(rows.into_iter().map(|(key, Image { columns, order })| Row { key, columns, order }).collect())
}

impl Encode for Output {
    fn encode(&self, out: &mut Writer) {
        let Self { columns, key, order, hash_bits: _ } = self;
        encode_all!(out, columns, key, order);
    }
}

impl Encode for Key {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Slots(slots) => encode_all!(out.u8(0), slots),
            Self::ByBranch { number, slots } => encode_all!(out.u8(1), number, slots),
        }
    }
}
