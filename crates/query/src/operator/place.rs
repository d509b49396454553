//! A place in an order of entries that knows how many stand before it.
//!
//! What is asked for by its number in an order (a percentile, the first row after SKIP) would have to be counted from the
//! beginning at every step. A place is counted once and then moved: by one for each entry that comes or goes
//! before it.

use crate::state::{Area, Order, State, StepError};
use livewell_model::DecodeError;
use livewell_model::codec::{Reader, Writer};

/// A place in the order of the entries under one prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// What the keys of entries behind the place are not less than, without the prefix; `None` behind all entries.
    at: Option<Vec<u8>>,
    /// How many stand before it: the copies of each entry.
    before: i64,
}

/// Says how many copies an entry holds.
pub(super) type Copies<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<i64, StepError>;

impl Place {
    /// Counts copies that come, or go if they are negative, of the entry under `key`, without the prefix.
    pub(super) fn count(&mut self, key: &[u8], copies: i64) {
        if self.is_behind(key) {
            self.before += copies;
        }
    }

    /// How many copies stand before it.
    pub(super) fn before(&self) -> i64 {
        self.before
    }

    /// What the keys of entries behind the place are not less than, without the prefix; `None` behind all entries.
    pub(super) fn at(&self) -> Option<&[u8]> {
        self.at.as_deref()
    }

    /// Whether the entry under `key`, without the prefix, stands before the place.
    pub(super) fn is_behind(&self, key: &[u8]) -> bool {
        self.at.as_deref().is_none_or(|at| key < at)
    }

    /// Moves to the entry that holds the copy before which there are `wanted` others, or behind all entries if there is
    /// none. The entry it stops at is the last that `copies` sees.
    pub(super) fn seek(
        &mut self,
        state: &dyn State,
        prefix: &[u8],
        wanted: i64,
        copies: Copies<'_>,
    ) -> Result<(), StepError> {
        if self.before > wanted {
            self.go_back(state, prefix, wanted, copies)?;
        }
        let Some(at) = self.at.take() else { return Ok(()) };
        let from = [prefix, &at].concat();
        state.scan_from(Area::Operators, prefix, &from, Order::Ascending, &mut |key, value| {
            let here = copies(key, value)?;
            if self.before + here <= wanted {
                self.before += here;
                return Ok(true);
            }
            self.at = Some(key[prefix.len()..].to_vec());
            Ok(false)
        })
    }

    fn go_back(
        &mut self,
        state: &dyn State,
        prefix: &[u8],
        wanted: i64,
        copies: Copies<'_>,
    ) -> Result<(), StepError> {
        let (from, before) = (self.at.take(), &mut self.before);
        let mut at = None;
        let mut visit = |key: &[u8], value: &[u8]| {
            *before -= copies(key, value)?;
            at = Some(key[prefix.len()..].to_vec());
            Ok(*before > wanted)
        };
        match from {
            None => state.scan(Area::Operators, prefix, Order::Descending, &mut visit)?,
            Some(from) => {
                let from = [prefix, &from].concat();
                state.scan_from(Area::Operators, prefix, &from, Order::Descending, &mut visit)?;
            }
        }
        self.at = at;
        if !(0..=wanted).contains(&self.before) {
            let message = format!("{} entries are counted before the first of an order", self.before);
            return Err(StepError::Damaged(message));
        }
        Ok(())
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        match &self.at {
            None => out.u8(0),
            Some(at) => out.u8(1).bytes(at),
        };
        out.signed(self.before);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let at = if reader.u8()? == 0 { None } else { Some(reader.bytes()?.to_vec()) };
        Ok(Self { at, before: reader.signed()? })
    }
}
