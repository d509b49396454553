//! A percentile of the values that a multiset keeps in order: a place in it, which moves as values come and go.

use super::moments::float;
use super::multiset;
use crate::expression::EvalError;
use crate::operator::place::Place;
use crate::state::{State, StepError};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{DecodeError, Value};

/// Which of the values of a group is wanted.
#[derive(Debug, Default)]
pub(super) struct Percentile {
    /// How many values there are.
    count: i64,
    /// Which share of them is at or before the one that is wanted: from 0 to 1.
    share: f64,
    /// Where that one is.
    place: Place,
}

impl Percentile {
    /// Counts copies of a `[share, value]` pair that come, or go if they are negative, under `key`.
    pub(super) fn add(&mut self, pair: &Value, key: &[u8], copies: i64) -> Result<(), StepError> {
        let (share, value) = parts(pair);
        let share = share_of(share)?;
        float(value)?;
        if self.count == 0 {
            *self = Self { share, ..Self::default() };
        }
        // What goes has gone before anything comes.
        if copies > 0 && share != self.share {
            let message = "a percentile has to be the same for all values of a group";
            return Err(EvalError::argument(message).into());
        }
        self.count += copies;
        self.place.count(key, copies);
        Ok(())
    }

    /// The percentile; null without any value. Continuous: between the two nearest values in proportion; discrete: the
    /// value at that place.
    pub(super) fn result(
        &mut self,
        state: &dyn State,
        prefix: &[u8],
        is_continuous: bool,
    ) -> Result<Value, StepError> {
        if self.count == 0 {
            return Ok(Value::Null);
        }
        if !is_continuous {
            let number = (self.share * self.count as f64).ceil() as i64;
            return at(&mut self.place, number.max(1) - 1, state, prefix);
        }
        let number = self.share * (self.count - 1) as f64;
        let below = float(&at(&mut self.place, number.floor() as i64, state, prefix)?)?;
        if number.floor() == number.ceil() {
            return Ok(below.into());
        }
        let above = float(&at(&mut self.place.clone(), number.ceil() as i64, state, prefix)?)?;
        Ok((below * (number.ceil() - number) + above * (number - number.floor())).into())
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.signed(self.count).value(&self.share.into());
        self.place.encode(out);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (count, share) = (reader.signed()?, reader.value()?);
        let Value::Float(share) = share else { return Err(reader.error("a share is a float")) };
        Ok(Self { count, share, place: Place::decode(reader)? })
    }
}

/// Moves a place to the value before which there are `number` others.
fn at(place: &mut Place, number: i64, state: &dyn State, prefix: &[u8]) -> Result<Value, StepError> {
    let mut found = None;
    place.seek(state, prefix, number, &mut |_, bytes| {
        let (copies, pair) = multiset::entry(bytes)?;
        found = Some(pair);
        Ok(copies)
    })?;
    match found {
        Some(pair) => Ok(parts(&pair).1.clone()),
        None => Err(StepError::Damaged("a group has fewer values than it counts".into())),
    }
}

fn parts(pair: &Value) -> (&Value, &Value) {
    let Value::List(pair) = pair else { unreachable!("a percentile's values come in pairs") };
    (&pair[0], &pair[1])
}

fn share_of(value: &Value) -> Result<f64, EvalError> {
    match float(value)? {
        share if (0.0..=1.0).contains(&share) => Ok(share),
        share => Err(EvalError::argument(format!("a percentile is between 0.0 and 1.0, got {share}"))),
    }
}
