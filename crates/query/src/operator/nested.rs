//! Nested rows: what an operator remembers that evaluates something for each row of its input, its outer row.
//!
//! State: one record for each outer row.
//! ```text
//! operator u16 | 0 | key of the outer row -> how many inner rows it has, its result, the outer row
//! ```

use super::sorting::sort_by_key;
use super::{Batch, Weighted};
use crate::encoding::{Encode, encode_all};
use crate::meter::{Meter, size};
use crate::state::{Area, Order, State, StepError, Write};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{Value, key};

/// How outer rows and the inner rows that belong to them are found together.
#[derive(Debug)]
pub struct Nesting {
    /// The operator's number: the first bytes of its state's keys.
    pub number: u16,
    /// The slots that identify an outer row.
    pub outer: Vec<usize>,
    /// The slots of an inner row that say to which outer row it belongs, in the same order.
    pub inner: Vec<usize>,
}

/// What a step does to one outer row.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub before: Option<Vec<Value>>,
    pub after: Option<Vec<Value>>,
    /// How many inner rows come; negative: go.
    pub inner: i64,
}

/// What is remembered of one outer row.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Record {
    /// The outer row; `None` while it is not there.
    pub row: Option<Vec<Value>>,
    /// How many inner rows it has.
    pub count: i64,
    /// What was computed from them.
    pub result: Value,
}

impl Change {
    /// Takes over another change of the row; false where both have the same image.
    fn take(&mut self, other: &mut Self) -> bool {
        self.inner += other.inner;
        let images = [(&mut self.before, &mut other.before), (&mut self.after, &mut other.after)];
        images.into_iter().all(|(have, new)| new.take().is_none_or(|new| have.replace(new).is_none()))
    }
}

fn twice() -> StepError {
    StepError::Damaged("two outer rows of one step have the same key".into())
}

impl Nesting {
    /// The changes of both inputs, ordered by the key of the outer row.
    pub(super) fn changes(
        &self,
        outer: Batch,
        inner: &Batch,
        meter: &Meter,
    ) -> Result<Vec<(Vec<u8>, Change)>, StepError> {
        let mut changes = Vec::with_capacity(outer.len() + inner.len());
        for Weighted { row, weight } in outer {
            let key = key::of(self.outer.iter().map(|slot| &row[*slot]));
            meter.hold(size::entry(key.len() + size_of::<Change>()))?;
            let (before, after) = if weight < 0 { (Some(row), None) } else { (None, Some(row)) };
            if weight.abs() != 1 {
                return Err(twice());
            }
            changes.push((key, Change { before, after, inner: 0 }));
        }
        for Weighted { row, weight } in inner {
            let key = self.outer_key(row);
            meter.hold(size::entry(key.len() + size_of::<Change>()))?;
            changes.push((key, Change { inner: *weight, ..Change::default() }));
        }
        sort_by_key(&mut changes, |(key, _): &(Vec<u8>, Change)| key, meter)?;
        let mut is_twice = false;
        changes.dedup_by(|next, change| {
            let same = next.0 == change.0;
            if same {
                is_twice |= !change.1.take(&mut next.1);
            }
            same
        });
        if is_twice { Err(twice()) } else { Ok(changes) }
    }

    /// The key of the outer row that an inner row belongs to.
    pub(super) fn outer_key(&self, inner: &[Value]) -> Vec<u8> {
        key::of(self.inner.iter().map(|slot| &inner[*slot]))
    }

    /// Whether nothing is remembered yet, so that a step need not look up what it has of so many rows; of a few it does
    /// not ask.
    pub(super) fn is_empty(&self, state: &dyn State, rows: usize) -> Result<bool, StepError> {
        const FEW: usize = 16;
        let mut is_empty = rows > FEW;
        if is_empty {
            state.scan(Area::Operators, &self.key(0, &[]), Order::Ascending, &mut |_, _| {
                is_empty = false;
                Ok(false)
            })?;
        }
        Ok(is_empty)
    }

    /// The record before the step.
    pub(super) fn read(&self, state: &dyn State, outer: &[u8], meter: &Meter) -> Result<Record, StepError> {
        let Some(bytes) = state.get(Area::Operators, &self.key(0, outer))? else {
            return Ok(Record::default());
        };
        let mut reader = Reader::new("outer row", &bytes);
        let record = Record { count: reader.signed()?, result: reader.value()?, row: Some(reader.row()?) };
        reader.finish()?;
        meter.hold(size::owned(&record.result) + record.row.as_deref().map_or(0, size::read))?;
        Ok(record)
    }

    /// The record after `change`; its result is still the old one.
    pub(super) fn advance(&self, before: &Record, change: Change) -> Result<Record, StepError> {
        if change.before.is_some() && change.before != before.row {
            return Err(StepError::Damaged("an outer row is not the one that the input takes back".into()));
        }
        let is_gone = change.before.is_some();
        let kept = || before.row.clone().filter(|_| !is_gone);
        let count = before.count + change.inner;
        let after = Record { row: change.after.or_else(kept), count, result: before.result.clone() };
        if after.count < 0 || (after.row.is_none() && after.count != 0) {
            return Err(StepError::Damaged(format!("{count} inner rows belong to a row that is not there")));
        }
        Ok(after)
    }

    /// What keeps the record, or forgets it with its row.
    pub(super) fn written(&self, outer: &[u8], record: &Record) -> Write {
        let value = record.row.as_ref().map(|row| {
            // An element takes about as much as its id.
            const SLOT: usize = 40;
            let mut out = Writer { bytes: Vec::with_capacity(SLOT * (1 + row.len())) };
            out.signed(record.count).value(&record.result).values(row);
            out.bytes
        });
        (self.key(0, outer), value)
    }

    /// The key of one part of what is remembered of an outer row.
    pub(super) fn key(&self, part: u8, outer: &[u8]) -> Vec<u8> {
        // With room for what the store puts before it.
        let mut key = Vec::with_capacity(3 + outer.len() + 12);
        key.extend_from_slice(&self.number.to_be_bytes());
        key.push(part);
        key.extend_from_slice(outer);
        key
    }
}

impl Encode for Nesting {
    fn encode(&self, out: &mut Writer) {
        let Self { number, outer, inner } = self;
        encode_all!(out, number, outer, inner);
    }
}
