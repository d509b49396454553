//! Nested rows: what an operator remembers that evaluates something for each row of its input, its outer row.
//!
//! State: one record for each outer row.
//! ```text
//! operator u16 | 0 | key of the outer row -> how many inner rows it has, its result, the outer row
//! ```

use super::{Batch, Weighted};
use crate::encoding::{Encode, encode_all};
use crate::meter::{Meter, size};
use crate::state::{Area, State, StepError};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{Value, key};
use std::collections::BTreeMap;

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

impl Nesting {
    /// The changes of both inputs, by the key of the outer row.
    pub(super) fn changes(
        &self,
        outer: Batch,
        inner: &Batch,
        meter: &Meter,
    ) -> Result<BTreeMap<Vec<u8>, Change>, StepError> {
        let mut changes: BTreeMap<Vec<u8>, Change> = BTreeMap::new();
        for Weighted { row, weight } in outer {
            let key = key::of(self.outer.iter().map(|slot| &row[*slot]));
            meter.hold(size::entry(key.len() + size_of::<Change>()))?;
            let change = changes.entry(key).or_default();
            let image = if weight < 0 { &mut change.before } else { &mut change.after };
            if weight.abs() != 1 || image.replace(row).is_some() {
                return Err(StepError::Damaged("two outer rows of one step have the same key".into()));
            }
        }
        for Weighted { row, weight } in inner {
            let key = self.outer_key(row);
            meter.hold(size::entry(key.len() + size_of::<Change>()))?;
            changes.entry(key).or_default().inner += weight;
        }
        Ok(changes)
    }

    /// The key of the outer row that an inner row belongs to.
    pub(super) fn outer_key(&self, inner: &[Value]) -> Vec<u8> {
        key::of(self.inner.iter().map(|slot| &inner[*slot]))
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
    pub(super) fn advance(&self, before: &Record, change: &Change) -> Result<Record, StepError> {
        if change.before.is_some() && change.before != before.row {
            return Err(StepError::Damaged("an outer row is not the one that the input takes back".into()));
        }
        let gone = change.before.is_some();
        let kept = if gone { None } else { before.row.clone() };
        let count = before.count + change.inner;
        let after = Record { row: change.after.clone().or(kept), count, result: before.result.clone() };
        if after.count < 0 || (after.row.is_none() && after.count != 0) {
            return Err(StepError::Damaged(format!("{count} inner rows belong to a row that is not there")));
        }
        Ok(after)
    }

    /// Keeps the record, or forgets it with its row.
    pub(super) fn write(&self, state: &mut dyn State, outer: &[u8], record: &Record) {
        let key = self.key(0, outer);
        match &record.row {
            Some(row) => {
                let mut out = Writer::new();
                out.signed(record.count).value(&record.result).values(row);
                state.put(Area::Operators, key, out.bytes);
            }
            None => state.delete(Area::Operators, key),
        }
    }

    /// The key of one part of what is remembered of an outer row.
    pub(super) fn key(&self, part: u8, outer: &[u8]) -> Vec<u8> {
        let mut key = Vec::with_capacity(3 + outer.len());
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
