//! Window: the rows between SKIP and LIMIT in the order of ORDER BY.
//!
//! Law: `F(R) = R[skip .. skip + limit]` in one total order: the sort keys, then the row's own key. In a subquery
//! there is one such window for each row around it. All rows are remembered in that order; a step that touches no
//! row before a window's end changes nothing in it, else the window is read before and after, and its differences
//! go out. So only rows at its bounds move.
//!
//! State:
//! ```text
//! operator u16 | row around | sort keys and row key -> row
//! ```

use super::{Batch, Inputs, Operator, Step, Weighted, consolidate, put, settle};
use crate::encoding::{Encode, encode_all};
use crate::meter::{Meter, size};
use crate::state::{Area, Order, State, StepError};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{Value, key};
use std::collections::BTreeMap;

/// The version of this operator; [`super::Operator`] says when it is raised.
pub const LAYOUT: u16 = 1;

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
        let mut windows: BTreeMap<Vec<u8>, Batch> = BTreeMap::new();
        for entry in inputs.into_iter().flatten() {
            let prefix = self.prefix(&entry.row);
            step.meter.hold(size::entry(prefix.len() + size_of::<Weighted>()))?;
            windows.entry(prefix).or_default().push(entry);
        }
        let (mut out, given) = (Batch::new(), step.meter.held());
        for (prefix, rows) in windows {
            settle(step.meter, given, &out);
            out.extend(self.step_window(step.state, &prefix, rows, step.meter)?);
        }
        Ok(out)
    }
}

/// The rows in the window.
struct Shown {
    rows: Vec<Vec<Value>>,
    /// Whether the window holds as many rows as it can.
    full: bool,
    /// The place of the last row looked at.
    end: Vec<u8>,
}

impl Window {
    /// The beginning of the places of all rows in the row's window.
    fn prefix(&self, row: &[Value]) -> Vec<u8> {
        let mut prefix = self.number.to_be_bytes().to_vec();
        prefix.extend(key::of(self.outer.iter().map(|slot| &row[*slot])));
        prefix
    }

    fn place(&self, prefix: &[u8], row: &[Value]) -> Vec<u8> {
        let mut place = prefix.to_vec();
        place.extend(order_key(&self.order, row));
        place.extend(key::of(self.key.iter().map(|slot| &row[*slot])));
        place
    }

    /// Takes in the changed rows of one window; returns what of them enters and leaves it.
    fn step_window(
        &self,
        state: &mut dyn State,
        prefix: &[u8],
        rows: Batch,
        meter: &Meter,
    ) -> Result<Batch, StepError> {
        let mut changes = Vec::with_capacity(rows.len());
        for Weighted { row, weight } in rows {
            let place = self.place(prefix, &row);
            meter.hold(size::entry(place.len()))?;
            changes.push((place, weight, row));
        }
        // What goes, goes first: a row that changed in other slots has one place before and after.
        changes.sort_by_key(|(_, weight, _)| *weight > 0);
        let before = self.window(state, prefix, meter)?;
        let reached = before.full && changes.iter().all(|(place, ..)| *place > before.end);
        for (place, weight, row) in changes {
            if weight < 0 {
                state.delete(Area::Operators, place);
            } else {
                let mut out = Writer::new();
                out.values(&row);
                state.put(Area::Operators, place, out.bytes);
            }
        }
        if reached {
            return Ok(Batch::new());
        }
        let after = self.window(state, prefix, meter)?;
        let gone = before.rows.into_iter().map(|row| (row, -1));
        let mut out = Batch::new();
        for (row, weight) in gone.chain(after.rows.into_iter().map(|row| (row, 1))) {
            put(&mut out, row, weight, meter)?;
        }
        consolidate(out, meter)
    }

    fn window(&self, state: &dyn State, prefix: &[u8], meter: &Meter) -> Result<Shown, StepError> {
        let mut shown = Shown { rows: Vec::new(), full: self.limit == Some(0), end: Vec::new() };
        if shown.full {
            return Ok(shown);
        }
        let mut left_out = 0;
        state.scan(Area::Operators, prefix, Order::Ascending, &mut |place, bytes| {
            if left_out < self.skip {
                left_out += 1;
                return Ok(true);
            }
            let row = Reader::new("ordered row", bytes).row()?;
            meter.hold(size::read(&row))?;
            shown.rows.push(row);
            shown.full = Some(shown.rows.len()) == self.limit;
            if shown.full {
                shown.end = place.to_vec();
            }
            Ok(!shown.full)
        })?;
        Ok(shown)
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
