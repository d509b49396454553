//! The writes of an operator's step: made one by one if they are few, and together, in the order of their keys, if they are
//! many.

use super::sorting::sort_by_key;
use crate::meter::{Meter, size};
use crate::state::{Area, State, StepError, Write};

/// So many writes, and more, are made together.
const MANY: usize = 64;

/// The writes of a step.
pub(super) struct Writing<'m> {
    /// Those that are to be made together.
    many: Option<Vec<Write>>,
    meter: &'m Meter,
    held: usize,
}

impl<'m> Writing<'m> {
    /// Begins with no writes; there will be about so many.
    pub(super) fn of_about(count: usize, meter: &'m Meter) -> Self {
        Self { many: (count >= MANY).then(|| Vec::with_capacity(count)), meter, held: 0 }
    }

    /// How many bytes it holds.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Puts a value under a key, or deletes the key. What an operator has written it reads after [`Writing::finish`] alone.
    ///
    /// # Errors
    /// Returns the errors of [`Meter::hold`].
    pub(super) fn write(
        &mut self,
        state: &mut dyn State,
        key: Vec<u8>,
        value: Option<Vec<u8>>,
    ) -> Result<(), StepError> {
        let Some(many) = &mut self.many else {
            match value {
                Some(value) => state.put(Area::Operators, key, value),
                None => state.delete(Area::Operators, key),
            }
            return Ok(());
        };
        // Until the state has counted them.
        let bytes = size::entry(key.len() + value.as_ref().map_or(0, Vec::len));
        self.meter.hold(bytes)?;
        self.held += bytes;
        many.push((key, value));
        Ok(())
    }

    /// Makes the writes.
    ///
    /// # Errors
    /// Returns the errors of [`Meter::hold`].
    pub(super) fn finish(self, state: &mut dyn State) -> Result<(), StepError> {
        let Some(mut many) = self.many else { return Ok(()) };
        sort_by_key(&mut many, |(key, _): &Write| key, self.meter)?;
        state.write_all(many);
        self.meter.release(self.held);
        Ok(self.meter.look()?)
    }
}
