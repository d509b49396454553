//! The bounds of a window: the places of its first row and of the first behind it.

use crate::operator::place::Place;
use crate::state::{State, StepError};
use livewell_model::DecodeError;
use livewell_model::codec::{Reader, Writer};

/// How many rows are left out, and how many stay at most.
pub(super) type Span = (usize, Option<usize>);

/// The bounds of one window. One that the span does not have is never looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    first: Place,
    end: Place,
}

impl Bounds {
    /// Counts a row that comes, or goes, at `place`.
    pub(super) fn count(&mut self, place: &[u8], weight: i64) {
        self.first.count(place, weight);
        self.end.count(place, weight);
    }

    /// Moves the bounds to where they belong after rows were counted.
    pub(super) fn settle(
        &mut self,
        state: &dyn State,
        rows: &[u8],
        (skip, limit): Span,
    ) -> Result<(), StepError> {
        let end = limit.map(|limit| skip.saturating_add(limit));
        for (place, wanted) in [(&mut self.first, (skip > 0).then_some(skip)), (&mut self.end, end)] {
            let Some(wanted) = wanted else {
                *place = Place::default();
                continue;
            };
            let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
            if place.before() != wanted {
                place.seek(state, rows, wanted, &mut |_, _| Ok(1))?;
            }
        }
        Ok(())
    }

    /// Whether a row at `place` is within them.
    pub(super) fn hold(&self, place: &[u8], (skip, limit): Span) -> bool {
        !(skip > 0 && self.first.is_behind(place)) && (limit.is_none() || self.end.is_behind(place))
    }

    /// The ranges of places that a bound passes from these bounds to others, each from a place on and up to another or to
    /// the end. Where two of them overlap, no row is within the bounds before or after.
    pub(super) fn between<'a>(
        &'a self,
        after: &'a Self,
        (skip, limit): Span,
    ) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
        let first = (skip > 0).then_some((&self.first, &after.first));
        let end = limit.map(|_| (&self.end, &after.end));
        first.into_iter().chain(end).filter_map(|(before, after)| match (before.at(), after.at()) {
            (Some(a), Some(b)) => (a != b).then(|| (a.min(b), Some(a.max(b)))),
            (Some(at), None) | (None, Some(at)) => Some((at, None)),
            (None, None) => None,
        })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.first.encode(&mut out);
        self.end.encode(&mut out);
        out.bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("bounds of a window", bytes);
        let bounds = Self { first: Place::decode(&mut reader)?, end: Place::decode(&mut reader)? };
        reader.finish()?;
        Ok(bounds)
    }
}
