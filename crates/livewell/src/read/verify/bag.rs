//! The live rows of values of a query with `for_each`, and how they differ from those that evaluations give.
//!
//! An evaluation for one value identifies its rows in its own way, so rows are compared by their columns, each as often
//! as it is there.

use super::rows::DIFFERENCES_MAX;
use crate::Error;
use livewell_model::codec::Writer;
use livewell_model::diff::Columns;
use livewell_model::row::signature_text;
use livewell_model::{Row, Value, key};
use livewell_query::{Meter, StepError};
use livewell_store::IndexError;
use std::collections::BTreeMap;

/// Live rows, by value and columns.
#[derive(Default)]
pub(super) struct Bag {
    /// By the keys of the values.
    values: BTreeMap<Vec<u8>, OfValue>,
    /// How many rows there are.
    pub(super) rows: u64,
    differences: Vec<String>,
}

impl Bag {
    /// Reads rows, the first columns of which are their value.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read or a row is damaged, and those of [`Meter::hold`].
    pub(super) fn read(
        rows: impl Iterator<Item = Result<(u64, Vec<u8>), IndexError>>,
        parameters: usize,
        meter: &Meter,
    ) -> Result<Self, Error> {
        let mut bag = Self::default();
        for row in rows {
            let (signature, bytes) = row?;
            meter.hold(2 * bytes.len() + size_of::<u64>()).map_err(StepError::from)?;
            let columns = Row::decode(&bytes)?.columns;
            let (value, shown) = columns.split_at(parameters);
            let of = bag.values.entry(key::of(value)).or_insert_with(|| OfValue::new(value.to_vec()));
            of.rows.entry(encoded(shown)).or_default().push(signature);
            bag.rows += 1;
        }
        Ok(bag)
    }

    /// Adds a value, without rows if there are none.
    pub(super) fn add_value(&mut self, value: Vec<Value>) {
        self.values.entry(key::of(&value)).or_insert_with(|| OfValue::new(value));
    }

    /// Takes the value that comes first, if there is one.
    pub(super) fn next_value(&mut self) -> Option<OfValue> {
        self.values.pop_first().map(|(_, of)| of)
    }

    /// Notes what differs for a value, once its evaluation has given all rows.
    pub(super) fn end(&mut self, of: OfValue, missing: Vec<Columns>) {
        let value = of.value;
        for columns in missing {
            self.add(|| format!("for {value:?} a row is missing: {columns:?}"));
        }
        for signature in of.rows.into_values().flatten() {
            let signature = signature_text(signature);
            self.add(|| format!("row {signature} of {value:?} should not be there, or not as it is"));
        }
    }

    fn add(&mut self, difference: impl FnOnce() -> String) {
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(difference());
        }
    }

    /// Returns the first differences, in words.
    pub(super) fn differences(self) -> Vec<String> {
        self.differences
    }
}

/// The rows of one value that an evaluation has not given yet.
pub(super) struct OfValue {
    pub(super) value: Vec<Value>,
    /// The signatures of the rows with the same columns, by these.
    rows: BTreeMap<Vec<u8>, Vec<u64>>,
}

impl OfValue {
    fn new(value: Vec<Value>) -> Self {
        Self { value, rows: BTreeMap::new() }
    }

    /// Returns whether the value has no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds the row over nothing, which is stored nowhere.
    pub(super) fn add_nothing(&mut self, (signature, columns): &(u64, Columns)) {
        self.rows.entry(encoded(columns)).or_default().push(*signature);
    }

    /// Takes a row with these columns; returns false if there is none.
    pub(super) fn take(&mut self, columns: &[Value]) -> bool {
        let encoded = encoded(columns);
        let Some(signatures) = self.rows.get_mut(&encoded) else { return false };
        signatures.pop();
        if signatures.is_empty() {
            self.rows.remove(&encoded);
        }
        true
    }
}

fn encoded(columns: &[Value]) -> Vec<u8> {
    Writer::new().values(columns).bytes.clone()
}
