//! Values that JSON has no form for, beside the JSON that a record was read into.

use livewell_model::Value;

/// Values by the offset of their text in the JSON.
#[derive(Debug, Default)]
pub(crate) struct Exact(Vec<(usize, Value)>);

/// What JSON that came as such has.
pub(super) static NONE: Exact = Exact(Vec::new());

impl Exact {
    /// Adds a value whose text begins at this offset, behind those that were added before.
    #[cfg(feature = "kafka-avro")]
    pub fn add(&mut self, offset: usize, value: Value) {
        self.0.push((offset, value));
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value whose text begins at this offset.
    pub fn at(&self, offset: usize) -> Option<&Value> {
        let place = self.0.binary_search_by_key(&offset, |(at, _)| *at).ok()?;
        Some(&self.0[place].1)
    }
}
