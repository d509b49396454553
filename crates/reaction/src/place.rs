//! How far inside a result a trigger has come: the detail of its checkpoint.

use crate::{Outgoing, ReactionError};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{DecodeError, SmolStr};

const FORMAT: u8 = 1;

/// How many messages of which result are done; by default none of any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place(Option<Inside>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inside {
    query_id: SmolStr,
    epoch: u64,
    sequence: u64,
    index: usize,
}

impl Place {
    /// Before message `index` of this result.
    pub fn inside(outgoing: &Outgoing<'_>, index: usize) -> Self {
        let (epoch, sequence) = (outgoing.epoch, outgoing.result.sequence);
        Self(Some(Inside { query_id: outgoing.query_id.into(), epoch, sequence, index }))
    }

    /// The message of this result that comes next.
    pub fn within(&self, outgoing: &Outgoing<'_>) -> usize {
        let is_here = |inside: &&Inside| {
            inside.query_id == outgoing.query_id
                && (inside.epoch, inside.sequence) == (outgoing.epoch, outgoing.result.sequence)
        };
        self.0.as_ref().filter(is_here).map_or(0, |inside| inside.index)
    }

    /// The bytes stored with a checkpoint: a format byte and, inside a result, which one and how far.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(FORMAT);
        if let Some(Inside { query_id, epoch, sequence, index }) = &self.0 {
            out.string(query_id).varint(*epoch).varint(*sequence).varint(*index as u64);
        }
        out.bytes
    }

    /// The place in a checkpoint's detail.
    pub fn decode(detail: &[u8]) -> Result<Self, ReactionError> {
        Self::read(detail).map_err(|cause| ReactionError::Detail { cause })
    }

    fn read(detail: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("place inside a result", detail);
        if reader.u8()? != FORMAT {
            return Err(reader.error("unknown format"));
        }
        if detail.len() == 1 {
            return Ok(Self::default());
        }
        let (query_id, epoch, sequence) = (reader.string()?, reader.varint()?, reader.varint()?);
        let index = usize::try_from(reader.varint()?).map_err(|_| reader.error("no index"))?;
        reader.finish()?;
        Ok(Self(Some(Inside { query_id, epoch, sequence, index })))
    }
}
