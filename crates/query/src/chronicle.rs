//! The chronicle: what has been of each element, for queries that ask. It is written before the operators step, so
//! they see what holds after the step.
//!
//! An element's history ends when it is deleted: one that comes again has a new history. Of an element that was there before
//! the query, it begins with what the base holds of it, at the time it last changed.
//!
//! State:
//! ```text
//! ffff u16 | element | moment i64 -> the element, or nothing if only times are asked for
//! fffe u16 | element              -> how many versions are kept
//! ```
//! (the moment with its sign turned, so that keys stand in the order of time).

use crate::encoding::{Encode, encode_all};
use crate::meter::{Meter, size};
use crate::state::{Area, Order, State, StepError};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{AppliedChange, Element, ElementId, Timestamp, key};

/// The version of the layout of what is written down. To be raised with it.
pub(crate) const LAYOUT: u16 = 1;

const VERSIONS: [u8; 2] = [0xff, 0xff];
const COUNTS: [u8; 2] = [0xff, 0xfe];

/// How much of the elements' past a query asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asks {
    /// Nothing.
    #[default]
    Nothing,
    /// When each changed last.
    Times,
    /// Their versions.
    Versions,
}

/// What is remembered of the past of elements.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chronicle {
    /// What the query asks for.
    pub(crate) asks: Asks,
    /// How many versions of an element are kept, the latest ones.
    pub(crate) versions_max: usize,
}

/// What an element was from a moment on.
pub(crate) type Version = (Timestamp, Element);

impl Chronicle {
    /// Writes the changes of a step down.
    pub(crate) fn follow(
        &self,
        state: &mut dyn State,
        changes: &[AppliedChange],
        now: Timestamp,
    ) -> Result<(), StepError> {
        if self.asks == Asks::Nothing {
            return Ok(());
        }
        changes.iter().try_for_each(|change| match &change.after {
            Some(element) => self.add(state, element, now),
            None => forget(state, change.id()),
        })
    }

    /// What is written down of an element that is there: where only times are asked for, as it is now.
    pub(crate) fn past(&self, state: &dyn State, element: &Element) -> Result<Vec<Version>, StepError> {
        match self.asks {
            Asks::Nothing => Ok(Vec::new()),
            Asks::Times => {
                let changed = changed_at(state, element.id())?;
                Ok(changed.map(|moment| (moment, element.clone())).into_iter().collect())
            }
            Asks::Versions => versions(state, element.id(), &state.meter()),
        }
    }

    /// Writes down what an element is from `moment` on.
    pub(crate) fn add(
        &self,
        state: &mut dyn State,
        element: &Element,
        moment: Timestamp,
    ) -> Result<(), StepError> {
        let (place, kept) = match self.asks {
            Asks::Nothing => return Ok(()),
            Asks::Times => (element_key(VERSIONS, element.id()), 1),
            Asks::Versions => (element_key(VERSIONS, element.id()), self.versions_max),
        };
        let versions = [place.as_slice(), &in_order(moment)].concat();
        let mut out = Writer::new();
        if self.asks == Asks::Versions {
            out.element(element);
        }
        let replaces = state.get(Area::Operators, &versions)?.is_some();
        state.put(Area::Operators, versions, out.bytes);
        if replaces { Ok(()) } else { count_one(state, element.id(), &place, kept) }
    }
}

/// Counts one version more, and lets the oldest go where there are too many.
fn count_one(state: &mut dyn State, id: &ElementId, place: &[u8], kept: usize) -> Result<(), StepError> {
    let counter = element_key(COUNTS, id);
    let before = match state.get(Area::Operators, &counter)? {
        Some(bytes) => Reader::new("count of versions", &bytes).varint()?,
        None => 0,
    };
    if before >= kept as u64 {
        let mut oldest = None;
        state.scan(Area::Operators, place, Order::Ascending, &mut |key, _| {
            oldest = Some(key.to_vec());
            Ok(false)
        })?;
        oldest.into_iter().for_each(|key| state.delete(Area::Operators, key));
        return Ok(());
    }
    let mut out = Writer::new();
    out.varint(before + 1);
    state.put(Area::Operators, counter, out.bytes);
    Ok(())
}

fn forget(state: &mut dyn State, id: &ElementId) -> Result<(), StepError> {
    let mut keys = vec![element_key(COUNTS, id)];
    state.scan(Area::Operators, &element_key(VERSIONS, id), Order::Ascending, &mut |key, _| {
        keys.push(key.to_vec());
        Ok(true)
    })?;
    keys.into_iter().for_each(|key| state.delete(Area::Operators, key));
    Ok(())
}

/// When an element last changed.
pub(crate) fn changed_at(state: &dyn State, id: &ElementId) -> Result<Option<Timestamp>, StepError> {
    let place = element_key(VERSIONS, id);
    let mut last = None;
    state.scan(Area::Operators, &place, Order::Descending, &mut |key, _| {
        last = Some(moment_of(&key[place.len()..])?);
        Ok(false)
    })?;
    Ok(last)
}

/// The versions of an element that are kept, the oldest first. They are held while they are read and no longer.
pub(crate) fn versions(state: &dyn State, id: &ElementId, meter: &Meter) -> Result<Vec<Version>, StepError> {
    let held = meter.held();
    let place = element_key(VERSIONS, id);
    let mut versions = Vec::new();
    state.scan(Area::Operators, &place, Order::Ascending, &mut |key, bytes| {
        let element = Reader::new("version", bytes).element()?;
        meter.hold(size_of::<Version>() + size::element(&element))?;
        versions.push((moment_of(&key[place.len()..])?, element));
        Ok(true)
    })?;
    meter.reset(held);
    Ok(versions)
}

fn element_key(kind: [u8; 2], id: &ElementId) -> Vec<u8> {
    let mut key = kind.to_vec();
    key::encode_id(id, &mut key);
    key
}

/// A moment as bytes whose order is that of time.
pub(crate) fn in_order(moment: Timestamp) -> [u8; 8] {
    (moment.0 as u64 ^ (1 << 63)).to_be_bytes()
}

/// The moment that [`in_order`] wrote at the beginning of `bytes`.
pub(crate) fn moment_of(bytes: &[u8]) -> Result<Timestamp, StepError> {
    let moment = bytes.first_chunk().ok_or_else(|| StepError::Damaged("a moment is too short".into()))?;
    Ok(Timestamp((u64::from_be_bytes(*moment) ^ (1 << 63)) as i64))
}

impl Encode for Chronicle {
    fn encode(&self, out: &mut Writer) {
        let Self { asks, versions_max } = self;
        let kept = (*asks == Asks::Versions).then_some(*versions_max);
        encode_all!(out.u8(*asks as u8), &kept);
    }
}
