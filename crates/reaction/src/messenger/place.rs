//! The progress of a trigger within a result: the detail of its checkpoint.

use crate::{Outgoing, Reached, ReactionError, Start};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{DecodeError, SmolStr};

const FORMAT: u8 = 2;
/// The format of versions whose keys did not name the reaction.
const FIRST_FORMAT: u8 = 1;

/// The form of a message's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Without the reaction, as in versions before it.
    First,
    /// With the reaction.
    WithReaction,
}

/// How many messages of which result are done; by default none of any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    inside: Option<Inside>,
    first: First,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inside {
    query_id: SmolStr,
    epoch: u64,
    sequence: u64,
    index: usize,
}

/// The next messages that an earlier version may have sent already, under keys of the first form.
///
/// Such a message has to be repeated under the key that it had. Others get keys that name the reaction, since the
/// first form is the same for all reactions of a query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct First {
    /// The maximum number of such messages.
    left: usize,
    /// The results that existed when this version first started: query, epoch and the last sequence.
    until: Vec<(SmolStr, u64, u64)>,
}

impl Place {
    /// Reads the place from which a reaction starts that sends at most `messages_max` messages between two checkpoints.
    pub fn of(start: &Start<'_>, messages_max: usize) -> Result<Self, ReactionError> {
        let Some(detail) = start.detail else { return Ok(Self::default()) };
        let (mut place, format) = Self::read(detail).map_err(|cause| ReactionError::Detail { cause })?;
        if format == FIRST_FORMAT {
            let until = |head: &Reached| (head.query_id.clone(), head.epoch, head.sequence);
            place.first = First { left: messages_max, until: start.heads.iter().map(until).collect() };
        }
        Ok(place)
    }

    /// Returns the index of the next message of this result.
    pub fn within(&self, outgoing: &Outgoing<'_>) -> usize {
        let is_here = |inside: &&Inside| {
            inside.query_id == outgoing.query_id
                && (inside.epoch, inside.sequence) == (outgoing.epoch, outgoing.result.sequence)
        };
        self.inside.as_ref().filter(is_here).map_or(0, |inside| inside.index)
    }

    /// Returns the form of the key of this result's next message.
    pub fn form(&self, outgoing: &Outgoing<'_>) -> Form {
        let was_there = |(query_id, epoch, last): &(SmolStr, u64, u64)| {
            query_id == outgoing.query_id && outgoing.epoch == *epoch && outgoing.result.sequence <= *last
                || query_id == outgoing.query_id && outgoing.epoch < *epoch
        };
        match self.first.left > 0 && self.first.until.iter().any(was_there) {
            true => Form::First,
            false => Form::WithReaction,
        }
    }

    /// Advances past the next message of this result, which has `count`; returns whether the result is done.
    pub fn pass(&mut self, outgoing: &Outgoing<'_>, count: usize) -> bool {
        match self.form(outgoing) {
            Form::First => self.first.left -= 1,
            // Results come in one order: those that were there at the start come first.
            Form::WithReaction => self.first = First::default(),
        }
        let index = self.within(outgoing) + 1;
        let (epoch, sequence) = (outgoing.epoch, outgoing.result.sequence);
        let inside = Inside { query_id: outgoing.query_id.into(), epoch, sequence, index };
        self.inside = (index < count).then_some(inside);
        self.inside.is_none()
    }

    /// Returns the bytes stored with a checkpoint: a format byte; inside a result, which one and how far; and what an
    /// earlier version may have sent.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(FORMAT).u8(u8::from(self.inside.is_some()));
        if let Some(Inside { query_id, epoch, sequence, index }) = &self.inside {
            out.string(query_id).varint(*epoch).varint(*sequence).varint(*index as u64);
        }
        let First { left, until } = &self.first;
        if *left > 0 && !until.is_empty() {
            out.varint(*left as u64).varint(until.len() as u64);
            for (query_id, epoch, sequence) in until {
                out.string(query_id).varint(*epoch).varint(*sequence);
            }
        }
        out.bytes
    }

    fn read(detail: &[u8]) -> Result<(Self, u8), DecodeError> {
        let mut reader = Reader::new("place inside a result", detail);
        let format = reader.u8()?;
        let is_inside = match format {
            FIRST_FORMAT => detail.len() > 1,
            FORMAT => reader.u8()? == 1,
            _ => return Err(reader.error("unknown format")),
        };
        let mut place = Self::default();
        if is_inside {
            let (query_id, epoch, sequence) = (reader.string()?, reader.varint()?, reader.varint()?);
            let index = number(&mut reader)?;
            place.inside = Some(Inside { query_id, epoch, sequence, index });
        }
        if format == FORMAT && !reader.is_done() {
            place.first.left = number(&mut reader)?;
            for _ in 0..number(&mut reader)? {
                place.first.until.push((reader.string()?, reader.varint()?, reader.varint()?));
            }
        }
        reader.finish()?;
        Ok((place, format))
    }
}

fn number(reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
    let number = reader.varint()?;
    usize::try_from(number).map_err(|_| reader.error("no number of messages"))
}
