//! The input of a match: rows that bind some of the pattern's elements before it begins.

use super::arrange::{By, INPUT};
use super::parts::{Input, Match};
use crate::meter::Meter;
use crate::operator::Batch;
use crate::operator::writing::Writing;
use crate::state::{State, StepError};
use livewell_model::codec::Writer;
use livewell_model::{ElementId, Value, key};
use smallvec::SmallVec;

impl Input {
    /// Where a row is remembered; nowhere while a node it should bind is null.
    fn places(&self, plan: &Match, row: &[Value]) -> SmallVec<[Vec<u8>; 1]> {
        let mut places: SmallVec<[Vec<u8>; 1]> = SmallVec::new();
        for slot in &self.arranged {
            if let Value::Node(node) = &row[*slot] {
                places.push(plan.input_key(Some((*slot, &node.id))));
            }
        }
        if self.arranged_all {
            places.push(plan.input_key(None));
        }
        for place in &mut places {
            self.key.iter().for_each(|slot| key::encode(&row[*slot], place));
        }
        places
    }
}

impl Match {
    /// The beginning of the keys of the input rows that bind this node, or of all of them.
    pub(super) fn input_key(&self, bound: Option<(usize, &ElementId)>) -> Vec<u8> {
        // Room for the ids of a few elements.
        let mut key = Vec::with_capacity(96);
        key.extend_from_slice(&self.arrangement(INPUT, By::Id));
        if let Some((slot, id)) = bound {
            key.extend_from_slice(
                &u16::try_from(slot).expect("the plan limits the slots of a row").to_be_bytes(),
            );
            key::encode_id(id, &mut key);
        } else {
            key.extend_from_slice(&u16::MAX.to_be_bytes());
        }
        key
    }

    /// Brings the input's arrangements from the old to the new rows.
    pub(super) fn rearrange_input(
        &self,
        state: &mut dyn State,
        input: &Input,
        mut rows: Batch,
        meter: &Meter,
    ) -> Result<(), StepError> {
        // What goes, goes first: a row that changed in other slots has one place before and after.
        rows.sort_by_key(|entry| entry.weight > 0);
        let (mut bytes, mut writing) = (Writer::new(), Writing::of_about(rows.len(), meter));
        for entry in rows {
            meter.tick()?;
            bytes.bytes.clear();
            if entry.weight > 0 {
                bytes.values(&entry.row);
            }
            for place in input.places(self, &entry.row) {
                let value = (entry.weight > 0).then(|| bytes.bytes.clone());
                writing.write(state, place, value)?;
            }
        }
        writing.finish(state)
    }
}
