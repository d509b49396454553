//! The position of a Kafka source: a topic, and a place in each of its partitions.

use crate::SourceError;
use crate::error::{ErrorKind, STRICT_STOPS, code};
use livewell_link::kafka::TopicId;
use livewell_model::codec::{DecodeError, Reader, Writer};

const FORMAT: u8 = 1;

/// A position in a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaPosition {
    /// The topic's name.
    pub topic: String,
    /// The topic's id; zeros if the brokers have none.
    pub id: TopicId,
    /// The places in the partitions, by their numbers.
    pub places: Vec<Place>,
}

/// A place in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The offset up to which everything is taken in, except for records from `resume` on whose transaction was not
    /// finished there.
    pub next: i64,
    /// The offset to read from: the first record before `next` that is not taken in, or `next`.
    pub resume: i64,
    /// How many records and marks there are from `resume` on and before `next`.
    pub held: u64,
    /// The epoch of the leader that took the record before `next`; -1 if there is none.
    pub epoch: i32,
    /// The end of the log when it was read for the first time: what was removed below it was removed before that.
    pub settled: i64,
}

impl KafkaPosition {
    /// Returns the stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(FORMAT).string(&self.topic).bytes(&self.id).varint(self.places.len() as u64);
        for place in &self.places {
            out.signed(place.next).signed(place.resume).varint(place.held);
            out.signed(place.epoch.into()).signed(place.settled);
        }
        out.bytes
    }

    /// Decodes a position that [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Position`] if the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, SourceError> {
        read(Reader::new("topic position", bytes)).map_err(|error| {
            let message = format!(
                "{error}; restore the store from a copy, or `livewell reset SOURCE` to read its topic again ({STRICT_STOPS})"
            );
            SourceError::new(ErrorKind::Position, code::POSITION, message)
        })
    }
}

fn read(mut from: Reader<'_>) -> Result<KafkaPosition, DecodeError> {
    if from.u8()? != FORMAT {
        return Err(from.error("another version wrote it"));
    }
    let topic = from.string()?.to_string();
    let id = from.bytes()?.try_into().map_err(|_| from.error("the topic's id is not one"))?;
    let mut places = Vec::new();
    for _ in 0..from.count()? {
        let (next, resume, held) = (from.signed()?, from.signed()?, from.varint()?);
        let epoch = i32::try_from(from.signed()?).map_err(|_| from.error("an epoch is too large"))?;
        places.push(Place { next, resume, held, epoch, settled: from.signed()? });
    }
    from.finish()?;
    Ok(KafkaPosition { topic, id, places })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_storing_and_nothing_else_passes_for_one() {
        let places = vec![
            Place { next: i64::MAX, resume: 7, held: 9, epoch: 3, settled: 300 },
            Place { next: 0, resume: 0, held: 0, epoch: -1, settled: 0 },
        ];
        let position = KafkaPosition { topic: "orders".into(), id: [7; 16], places };
        let bytes = position.encode();
        assert_eq!(KafkaPosition::decode(&bytes), Ok(position));
        for end in 0..bytes.len() {
            assert_eq!(KafkaPosition::decode(&bytes[..end]).unwrap_err().kind, ErrorKind::Position);
        }
        assert!(KafkaPosition::decode(&[&bytes[..], &[0]].concat()).is_err());
        assert!(KafkaPosition::decode(&[&[2], &bytes[1..]].concat()).is_err());
    }
}
