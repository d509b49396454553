//! The position of a NATS source: a stream, and a place in it.

use crate::SourceError;
use crate::error::{ErrorKind, STRICT_STOPS, code};
use livewell_model::codec::{DecodeError, Reader, Writer};

const FORMAT: u8 = 1;

/// A position in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsPosition {
    /// The stream's name.
    pub stream: String,
    /// When the stream was created, in nanoseconds since 1970: a stream of the same name that was created later is a
    /// different one.
    pub created: i64,
    /// The sequence of the last message that was read.
    pub sequence: u64,
    /// The stream's last sequence when it was read for the first time: messages missing below it were missing from the
    /// start.
    pub settled: u64,
}

impl NatsPosition {
    /// Returns the stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(FORMAT).string(&self.stream);
        out.signed(self.created).varint(self.sequence).varint(self.settled);
        out.bytes
    }

    /// Decodes a position that [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Position`] if the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, SourceError> {
        read(Reader::new("stream position", bytes)).map_err(|error| {
            let message = format!(
                "{error}; restore the store from a copy, or `livewell reset SOURCE` to read its stream again ({STRICT_STOPS})"
            );
            SourceError::new(ErrorKind::Position, code::POSITION, message)
        })
    }
}

fn read(mut from: Reader<'_>) -> Result<NatsPosition, DecodeError> {
    if from.u8()? != FORMAT {
        return Err(from.error("another version wrote it"));
    }
    let stream = from.string()?.to_string();
    let (created, sequence, settled) = (from.signed()?, from.varint()?, from.varint()?);
    from.finish()?;
    Ok(NatsPosition { stream, created, sequence, settled })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_storing_and_nothing_else_passes_for_one() {
        let position =
            NatsPosition { stream: "ORDERS".into(), created: -1, sequence: u64::MAX, settled: 300 };
        let bytes = position.encode();
        assert_eq!(NatsPosition::decode(&bytes), Ok(position));
        for end in 0..bytes.len() {
            assert_eq!(NatsPosition::decode(&bytes[..end]).unwrap_err().kind, ErrorKind::Position);
        }
        assert!(NatsPosition::decode(&[&bytes[..], &[0]].concat()).is_err());
        assert!(NatsPosition::decode(&[&[2], &bytes[1..]].concat()).is_err());
    }
}
