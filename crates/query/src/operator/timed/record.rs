//! The stored form of what is remembered of a row.

use super::memory::{Memory, Reading};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{DecodeError, Timestamp, Value};

/// A row with what its function remembers and says of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub memory: Memory,
    pub reading: Reading,
    pub row: Vec<Value>,
}

impl Record {
    /// The row with the function's value behind it.
    pub fn shown(self) -> Vec<Value> {
        let mut row = self.row;
        row.push(self.reading.value);
        row
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.signed(self.memory.since.0).value(&self.memory.held);
        match &self.memory.previous {
            None => out.u8(0),
            Some(previous) => out.u8(1).value(previous),
        };
        out.value(&self.reading.value);
        match self.reading.due {
            None => out.u8(0),
            Some(due) => out.u8(1).signed(due.0),
        };
        out.values(&self.row);
        out.bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("timed row", bytes);
        let (since, held) = (Timestamp(reader.signed()?), reader.value()?);
        let previous = if reader.u8()? == 0 { None } else { Some(reader.value()?) };
        let value = reader.value()?;
        let due = if reader.u8()? == 0 { None } else { Some(Timestamp(reader.signed()?)) };
        let row = reader.row()?;
        reader.finish()?;
        Ok(Self { memory: Memory { since, held, previous }, reading: Reading { value, due }, row })
    }
}
