//! Window: the rows between SKIP and LIMIT in the order of ORDER BY.
//!
//! Law: `F(R) = R[skip .. skip + limit]` in one total order: the sort keys, then the row's own key. In a subquery
//! there is one such window for each row around it. All rows are remembered in that order, and the places of the two
//! bounds in it, which move by as many rows as come or go before them. So a step reads, beside the rows that change, only
//! those that a bound passes.
//!
//! State:
//! ```text
//! operator u16 | 0 | row around                         -> the places of the bounds, while there are rows
//! operator u16 | 1 | row around | sort keys and row key -> row
//! ```

mod bounds;

use super::writing::Writing;
use super::{Batch, Inputs, Operator, Step, Weighted, consolidate, put, settle};
use crate::encoding::{Encode, encode_all};
use crate::meter::{Meter, size};
use crate::state::{Area, Order, State, StepError};
use bounds::Bounds;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{Value, key};
use std::collections::{BTreeMap, BTreeSet};

/// The version of this operator; [`super::Operator`] says when it is raised.
/// 2: the places of the bounds are kept.
pub const LAYOUT: u16 = 2;

const BOUNDS: u8 = 0;
const ROWS: u8 = 1;

/// One sort key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The slot that is sorted by.
    pub slot: usize,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// Keeps the first rows of an order.
#[derive(Debug)]
pub struct Window {
    /// The operator's number: the first bytes of its state's keys.
    pub number: u16,
    /// In a subquery: the slots of the row around it, of which each has a window of its own.
    pub outer: Vec<usize>,
    /// The order, first key first.
    pub order: Vec<Sort>,
    /// The slots that identify a row; they break ties.
    pub key: Vec<usize>,
    /// How many rows are left out first.
    pub skip: usize,
    /// How many rows stay at most.
    pub limit: Option<usize>,
}

/// The bytes by which rows sort: each key's own order, or its reverse.
pub fn order_key(order: &[Sort], row: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(order.len() * 16);
    for sort in order {
        let from = bytes.len();
        key::encode(&row[sort.slot], &mut bytes);
        if sort.descending {
            // No key is a prefix of another, so the complements sort the other way round.
            bytes[from..].iter_mut().for_each(|byte| *byte = !*byte);
        }
    }
    bytes
}

impl Operator for Window {
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        let mut windows: BTreeMap<Vec<u8>, Vec<Moved>> = BTreeMap::new();
        for Weighted { row, weight } in inputs.into_iter().flatten() {
            let around = key::of(self.outer.iter().map(|slot| &row[*slot]));
            let place = self.place(&row);
            step.meter.hold(size::entry(around.len() + place.len() + size_of::<Moved>()))?;
            windows.entry(around).or_default().push(Moved { place, weight, row });
        }
        let (mut out, given) = (Batch::new(), step.meter.held());
        for (around, rows) in windows {
            settle(step.meter, given, &out);
            out.extend(self.step_window(step.state, &around, rows, step.meter)?);
        }
        Ok(out)
    }
}

/// A row that comes or goes.
struct Moved {
    /// Its place in the order of its window.
    place: Vec<u8>,
    weight: i64,
    row: Vec<Value>,
}

impl Window {
    fn place(&self, row: &[Value]) -> Vec<u8> {
        let mut place = order_key(&self.order, row);
        place.extend(key::of(self.key.iter().map(|slot| &row[*slot])));
        place
    }

    /// The beginning of the keys of one part of what is remembered of a window.
    fn prefix(&self, part: u8, around: &[u8]) -> Vec<u8> {
        [self.number.to_be_bytes().as_slice(), &[part], around].concat()
    }

    /// Takes in the changed rows of one window; returns what enters and leaves it.
    fn step_window(
        &self,
        state: &mut dyn State,
        around: &[u8],
        mut changes: Vec<Moved>,
        meter: &Meter,
    ) -> Result<Batch, StepError> {
        let (bounds_key, rows) = (self.prefix(BOUNDS, around), self.prefix(ROWS, around));
        // What goes, goes first: a row that changed in other slots has one place before and after.
        changes.sort_by_key(|change| change.weight > 0);
        let before = match state.get(Area::Operators, &bounds_key)? {
            Some(bytes) => Bounds::decode(&bytes)?,
            None => Bounds::default(),
        };
        let (mut after, mut writing) = (before.clone(), Writing::of_about(changes.len(), meter));
        for Moved { place, weight, row } in &changes {
            let key = [rows.as_slice(), place].concat();
            after.count(place, *weight);
            let value = (*weight > 0).then(|| {
                let mut out = Writer::new();
                out.values(row);
                out.bytes
            });
            writing.write(state, key, value)?;
        }
        writing.finish(state)?;
        after.settle(state, &rows, (self.skip, self.limit))?;
        if after != before {
            match after == Bounds::default() {
                true => state.delete(Area::Operators, bounds_key),
                false => state.put(Area::Operators, bounds_key, after.encode()),
            }
        }
        let mut out = self.passed(state, &rows, (&before, &after), &changes, meter)?;
        for Moved { place, weight, row } in changes {
            let bounds = if weight < 0 { &before } else { &after };
            if bounds.hold(&place, (self.skip, self.limit)) {
                put(&mut out, row, weight, meter)?;
            }
        }
        consolidate(out, meter)
    }

    /// The rows that have not changed, and enter or leave because a bound has passed them.
    fn passed(
        &self,
        state: &dyn State,
        rows: &[u8],
        (before, after): (&Bounds, &Bounds),
        changes: &[Moved],
        meter: &Meter,
    ) -> Result<Batch, StepError> {
        let (mut out, span) = (Batch::new(), (self.skip, self.limit));
        let mut between = before.between(after, span).peekable();
        if between.peek().is_none() {
            return Ok(out);
        }
        let changed: BTreeSet<&[u8]> = changes.iter().map(|change| change.place.as_slice()).collect();
        for (from, to) in between {
            let from = [rows, from].concat();
            state.scan_from(Area::Operators, rows, &from, Order::Ascending, &mut |key, bytes| {
                let place = &key[rows.len()..];
                if to.is_some_and(|to| place >= to) {
                    return Ok(false);
                }
                let weight = i64::from(after.hold(place, span)) - i64::from(before.hold(place, span));
                if weight != 0 && !changed.contains(place) {
                    put(&mut out, Reader::new("ordered row", bytes).row()?, weight, meter)?;
                }
                Ok(true)
            })?;
        }
        Ok(out)
    }
}

impl Encode for Window {
    fn encode(&self, out: &mut Writer) {
        let Self { number, outer, order, key, skip, limit } = self;
        encode_all!(out, number, outer, order, key, skip, limit);
    }
}

impl Encode for Sort {
    fn encode(&self, out: &mut Writer) {
        let Self { slot, descending } = self;
        encode_all!(out, slot, descending);
    }
}
