//! The record of one group: how many rows it has, the values it shows, its accumulators and last results.

use super::accumulator::Accumulator;
use super::call::Call;
use crate::meter::{Meter, size};
use crate::state::StepError;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{Value, key};
use smallvec::SmallVec;

/// One group of an aggregate.
#[derive(Debug)]
pub(super) struct Group {
    /// Whether the group has been stored; the one group of a global aggregate shows a row from then on.
    pub(super) begun: bool,
    /// The grouping values as they were written, each with its number of rows, in [`key::exact`] order.
    /// More than one only where equivalent values print differently.
    members: SmallVec<[(Vec<Value>, i64); 1]>,
    /// One per aggregate; those that keep values aside stay empty.
    pub(super) accumulators: SmallVec<[Accumulator; 1]>,
    /// The aggregates' results after the last step.
    pub(super) results: Vec<Value>,
}

impl Group {
    pub(super) fn new(calls: &[Call]) -> Self {
        let accumulators = calls.iter().map(|call| Accumulator::new(call.fold)).collect();
        Self { begun: false, members: SmallVec::new(), accumulators, results: vec![Value::Null; calls.len()] }
    }

    pub(super) fn decode(bytes: &[u8], calls: &[Call], meter: &Meter) -> Result<Self, StepError> {
        let mut reader = Reader::new("group record", bytes);
        let mut members = SmallVec::new();
        for _ in 0..reader.count()? {
            members.push((reader.row()?, reader.signed()?));
        }
        let accumulators =
            calls.iter().map(|call| Accumulator::decode(call.fold, &mut reader)).collect::<Result<_, _>>()?;
        let results = reader.row()?;
        reader.finish()?;
        meter.hold(size::read(&results))?;
        Ok(Self { begun: true, members, accumulators, results })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        // Room for an exact sum in each.
        let mut out = Writer { bytes: Vec::with_capacity(64 * (1 + self.accumulators.len())) };
        out.varint(self.members.len() as u64);
        for (values, count) in &self.members {
            out.values(values).signed(*count);
        }
        for accumulator in &self.accumulators {
            accumulator.encode(&mut out);
        }
        out.values(&self.results);
        out.bytes
    }

    /// Adds `weight` rows with these grouping values.
    pub(super) fn count(&mut self, values: &[Value], weight: i64) {
        self.begun = true;
        match self.members.iter_mut().find(|(have, _)| have == values) {
            Some((_, count)) => *count += weight,
            None => self.members.push((values.to_vec(), weight)),
        }
        self.members.retain(|(_, count)| *count != 0);
        if self.members.len() > 1 {
            self.members.sort_by_cached_key(|(values, _)| exact(values));
        }
    }

    /// A bag has no negative counts; one here means that input or state is wrong.
    pub(super) fn check(&mut self) -> Result<(), StepError> {
        self.begun = true;
        match self.members.iter().find(|(_, count)| *count < 0) {
            None => Ok(()),
            Some((values, count)) => {
                Err(StepError::Damaged(format!("the group {values:?} has {count} rows after a step")))
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The grouping values the group shows.
    pub(super) fn shown(&self) -> Option<&[Value]> {
        self.members.first().map(|(values, _)| values.as_slice())
    }
}

fn exact(values: &[Value]) -> Vec<u8> {
    values.iter().flat_map(key::exact).collect()
}
