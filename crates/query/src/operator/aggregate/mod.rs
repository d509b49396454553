//! Aggregate: one row per group, with aggregates over the group's rows. DISTINCT is the same without aggregates.
//!
//! Law: for each touched group, out = -(row before) +(row after), nothing if they are equal. A keyed
//! group has a row exactly while it has input rows; the one group of a global aggregate has a row always,
//! from the beginning. Groups are formed by equivalence (null with null, NaN with NaN, `1` with `1.0`); of
//! values that are equivalent but print differently the group shows the smallest in [`key::exact`] order,
//! whichever came first.
//!
//! State:
//! ```text
//! operator u16 | 0        | group key               -> group record: rows, shown values, accumulators
//! operator u16 | 1 + agg  | group key | sort keys | exact value -> how many rows hold the value, the value
//! operator u16 | 1 + agg  | group key | 0 | exact value         -> the same, for the percentile of distinct values
//! operator u16 | 1 + agg  | group key | 1 | exact value         -> what of equivalent values counts, once
//! ```

mod accumulator;
mod call;
pub mod exact_sum;
mod group;
mod moments;
pub(super) mod multiset;
mod percentile;
mod rounded;

pub use call::Call;

use super::project::Slot;
use super::sorting::sort_by_key;
use super::window::order_key;
use super::writing::Writing;
use super::{Batch, Inputs, Operator, Step, Weighted, only, replace, settle};
use crate::encoding::{Encode, encode_all};
use crate::language::ast::AggregateOp;
use crate::meter::{Meter, size};
use crate::state::{Area, State, StepError};
use accumulator::Accumulator;
use call::{ALL, COUNTING};
use group::Group;
use livewell_model::codec::Writer;
use livewell_model::{Value, key};
use smallvec::SmallVec;

/// The version of this operator; [`super::Operator`] says when it is raised.
/// 2: deviations and slopes keep exact moments, percentiles a place.
pub const LAYOUT: u16 = 2;

/// Groups rows and maintains aggregates of each group.
#[derive(Debug)]
pub struct Aggregate {
    /// The operator's number: the first bytes of its state's keys.
    pub number: u16,
    /// The grouping values.
    pub groups: Vec<Slot>,
    /// Whether there are grouping values at all; without, the one group is always there.
    pub keyed: bool,
    /// The aggregates; the output row is the groups' values, then these.
    pub calls: Vec<Call>,
}

/// What one row adds to its group, or takes from it.
#[derive(Debug)]
struct Part {
    /// The group's key.
    group: Vec<u8>,
    /// The grouping values as they are written.
    values: SmallVec<[Value; 2]>,
    row: Vec<Value>,
    weight: i64,
}

/// What a step's rows do to the groups: mostly two, as they were and as they are.
type Parts = SmallVec<[Part; 2]>;

impl Aggregate {
    /// What the rows add and take, by group. Within a group what goes, goes first: an element's old and new version
    /// have one exact key, and the new one has to be what stays under it.
    fn by_group(&self, inputs: Inputs, meter: &Meter) -> Result<Parts, StepError> {
        let rows = only(inputs);
        let mut parts = Parts::with_capacity(rows.len());
        for Weighted { row, weight } in rows {
            let values = self.groups.iter().map(|group| group.eval(&row, meter));
            let values = values.collect::<Result<SmallVec<[Value; 2]>, _>>()?;
            let group = key::of(&values);
            meter.hold(size_of::<Part>() + size::entry(group.len()))?;
            parts.push(Part { group, values, row, weight });
        }
        parts.sort_by_key(|part| part.weight > 0);
        sort_by_key(&mut parts, |part: &Part| &part.group, meter)?;
        Ok(parts)
    }

    fn step_group(
        &self,
        state: &mut dyn State,
        group_key: &[u8],
        parts: &[Part],
        out: &mut Batch,
        writing: &mut Writing<'_>,
        meter: &Meter,
    ) -> Result<(), StepError> {
        let record_key = self.key(0, group_key);
        let mut group = match state.get(Area::Operators, &record_key)? {
            Some(bytes) => Group::decode(&bytes, &self.calls, meter)?,
            None => Group::new(&self.calls),
        };
        let before = self.shown(&group);
        for Part { values, row, weight, .. } in parts {
            group.count(values, *weight);
            for at in 0..self.calls.len() {
                self.accumulate(state, &mut group, at, (group_key, row, *weight), meter)?;
            }
        }
        group.check()?;
        self.refresh(state, &mut group, group_key, meter)?;
        let stays = !group.is_empty() || !self.keyed;
        writing.write(state, record_key, stays.then(|| group.encode()))?;
        replace(out, before, self.last_shown(group), meter)
    }

    fn accumulate(
        &self,
        state: &mut dyn State,
        group: &mut Group,
        at: usize,
        (group_key, row, weight): (&[u8], &[Value], i64),
        meter: &Meter,
    ) -> Result<(), StepError> {
        let call = &self.calls[at];
        let argument = &call.eval(row, meter)?;
        if argument.is_null() {
            return Ok(());
        }
        let accumulator = &mut group.accumulators[at];
        if !call.keeps_values() {
            return accumulator.add(argument, weight);
        }
        let mut prefix = self.key(1 + at, group_key);
        prefix.extend(order_key(&call.order, row));
        if !call.counts_classes() {
            return kept(state, accumulator, &prefix, argument, weight);
        }
        if !call.fold.needs_values() && multiset::is_alone_in_class(argument) {
            let key = multiset::key_of(&prefix, argument);
            return match multiset::add_at(state, key, argument, weight)? {
                (false, true) => accumulator.add(argument, 1),
                (true, false) => accumulator.add(argument, -1),
                _ => Ok(()),
            };
        }
        // What counts is one value of each class: the smallest present. Where that one changes, the old one
        // leaves the accumulator and the new one enters.
        let all = [prefix.as_slice(), call.part(ALL)].concat();
        let before = multiset::first_of_class(state, &all, argument)?;
        multiset::add(state, &all, argument, weight)?;
        let after = multiset::first_of_class(state, &all, argument)?;
        if before == after {
            return Ok(());
        }
        let counting = [prefix.as_slice(), call.part(COUNTING)].concat();
        for (value, weight) in [(before, -1), (after, 1)] {
            let Some(value) = &value else { continue };
            match call.fold.needs_values() {
                true => kept(state, accumulator, &counting, value, weight)?,
                false => accumulator.add(value, weight)?,
            }
        }
        Ok(())
    }

    /// Computes each aggregate's result again and keeps it in the record, where the next step finds the old one.
    fn refresh(
        &self,
        state: &dyn State,
        group: &mut Group,
        group_key: &[u8],
        meter: &Meter,
    ) -> Result<(), StepError> {
        for (at, call) in self.calls.iter().enumerate() {
            let prefix = || self.key(1 + at, group_key);
            group.results[at] = match &mut group.accumulators[at] {
                Accumulator::Aside => multiset::result(state, &prefix(), call.fold, call.distinct, meter)?,
                Accumulator::Percentile(percentile) => {
                    let counting = [prefix().as_slice(), call.part(COUNTING)].concat();
                    percentile.result(state, &counting, call.fold == AggregateOp::PercentileCont)?
                }
                accumulator => accumulator.result(call.fold)?,
            };
        }
        Ok(())
    }

    /// The row the group shows, if it has one.
    fn shown(&self, group: &Group) -> Option<Vec<Value>> {
        if !self.keyed {
            return group.begun.then(|| group.results.clone());
        }
        let values = group.shown()?;
        Some(values.iter().chain(&group.results).cloned().collect())
    }

    /// As [`Aggregate::shown`], for the last time.
    fn last_shown(&self, group: Group) -> Option<Vec<Value>> {
        if self.keyed { self.shown(&group) } else { group.begun.then_some(group.results) }
    }

    fn key(&self, part: usize, group_key: &[u8]) -> Vec<u8> {
        let mut key = Vec::with_capacity(3 + group_key.len() + 16);
        key.extend_from_slice(&self.number.to_be_bytes());
        key.push(u8::try_from(part).expect("the plan limits the aggregates of a clause"));
        key.extend_from_slice(group_key);
        key
    }
}

/// Adds `weight` copies of a value to those that are kept aside.
fn kept(
    state: &mut dyn State,
    accumulator: &mut Accumulator,
    prefix: &[u8],
    value: &Value,
    weight: i64,
) -> Result<(), StepError> {
    let key = multiset::key_of(prefix, value);
    if let Accumulator::Percentile(percentile) = accumulator {
        percentile.add(value, &key[prefix.len()..], weight)?;
    }
    multiset::add_at(state, key, value, weight).map(drop)
}

impl Operator for Aggregate {
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        let parts = self.by_group(inputs, step.meter)?;
        // Room for the row of a group before and after.
        let mut out = Batch::with_capacity(2);
        let mut writing = Writing::of_about(parts.len(), step.meter);
        if parts.is_empty() && step.begins() && !self.keyed {
            self.step_group(step.state, &[], &[], &mut out, &mut writing, step.meter)?;
        }
        let given = step.meter.held();
        for parts in parts.chunk_by(|left, right| left.group == right.group) {
            settle(step.meter, given + writing.held(), &out);
            self.step_group(step.state, &parts[0].group, parts, &mut out, &mut writing, step.meter)?;
        }
        writing.finish(step.state)?;
        Ok(out)
    }
}

impl Encode for Aggregate {
    fn encode(&self, out: &mut Writer) {
        let Self { number, groups, keyed, calls } = self;
        encode_all!(out, number, groups, keyed, calls);
    }
}
