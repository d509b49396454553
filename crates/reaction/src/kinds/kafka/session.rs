//! A producer for the topic and, if each record is to be there once, for the topic of checkpoints.

use super::checkpoint::Checkpoint;
use super::failure::{refused, sorted};
use super::settings::{Delivery, KafkaSettings};
use crate::ReactionError;
use livewell_link::kafka::{NewRecord, Producer, Written, create_compacted, partition_of, scan};

/// A producer, until an error.
pub(super) struct Session {
    pub producer: Producer,
    /// The place of the topic in the producer.
    pub topic: usize,
    log: Option<Log>,
}

/// Where the checkpoints are.
struct Log {
    topic: usize,
    partition: i32,
    key: String,
}

/// The checkpoint that the cluster holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// It holds none, and is not to.
    NotKept,
    /// The one that was written is gone.
    Gone,
    /// It is at this offset of this partition.
    At { partition: i32, offset: i64, checkpoint: Checkpoint },
}

impl Session {
    /// Opens a producer, which ends whatever this reaction has begun before, and finds the checkpoint, from the place
    /// `known` on; `None` if there is none yet.
    pub fn open(
        settings: &KafkaSettings,
        owner: &str,
        known: Option<(i32, i64)>,
        time: i64,
    ) -> Result<(Self, Held), ReactionError> {
        let address = settings.address().map_err(refused)?;
        let is_exact = settings.delivery == Delivery::ExactlyOnce;
        let name = is_exact.then(|| format!("livewell:{owner}"));
        if is_exact {
            create_compacted(&address, &settings.checkpoints).map_err(sorted)?;
        }
        let producer = Producer::open(address, name.as_deref(), settings.compression.into());
        let mut producer = producer.map_err(sorted)?;
        let topic = producer.add_topic(&settings.topic).map_err(sorted)?;
        if !is_exact {
            return Ok((Self { producer, topic, log: None }, Held::NotKept));
        }
        let log = producer.add_topic(&settings.checkpoints).map_err(sorted)?;
        let new = partition_of(owner.as_bytes(), producer.partitions(log));
        let partition = known.map_or(new, |(partition, _)| partition);
        let log = Log { topic: log, partition, key: owner.to_owned() };
        let mut session = Self { producer, topic, log: Some(log) };
        let held = match known {
            Some((_, offset)) => session.find(offset)?,
            None => {
                let checkpoint = Checkpoint::default();
                let offset = session.write_checkpoint(&checkpoint, time)?;
                session.producer.commit().map_err(sorted)?;
                Held::At { partition, offset, checkpoint }
            }
        };
        Ok((session, held))
    }

    /// Finds the last checkpoint at or behind an offset.
    fn find(&mut self, from: i64) -> Result<Held, ReactionError> {
        let Some(Log { topic, partition, key }) = &self.log else { return Ok(Held::NotKept) };
        let (mut last, partition) = (None, *partition);
        let cluster = self.producer.cluster(*topic);
        scan(cluster, partition, from, &mut |record| {
            let is_later = last.as_ref().is_none_or(|(offset, _)| *offset < record.offset);
            if record.key == Some(key.as_bytes()) && is_later {
                last = Some((record.offset, record.value.map(<[u8]>::to_vec)));
            }
        })
        .map_err(sorted)?;
        let Some((offset, value)) = last else { return Ok(Held::Gone) };
        match value.as_deref().map(Checkpoint::read) {
            None => Ok(Held::Gone),
            Some(Some(checkpoint)) => Ok(Held::At { partition, offset, checkpoint }),
            Some(None) => Err(refused(format!(
                "the record at offset {offset} of the topic of checkpoints, partition {partition}, is not a checkpoint of \
                 this version"
            ))),
        }
    }

    /// Writes records to the topic, in the transaction if there is one.
    pub fn write(&mut self, records: &[(i32, NewRecord)]) -> Result<Written, ReactionError> {
        self.producer.write(self.topic, records).map_err(sorted)
    }

    /// Writes the checkpoint in the transaction; returns its offset.
    pub fn write_checkpoint(&mut self, checkpoint: &Checkpoint, time: i64) -> Result<i64, ReactionError> {
        let Some(Log { topic, partition, key }) = &self.log else { return Ok(-1) };
        let record = (*partition, checkpoint.record(key, time));
        let written = self.producer.write(*topic, &[record]).map_err(sorted)?;
        written.offsets[0]
            .ok_or_else(|| refused("the topic of checkpoints does not take a checkpoint".into()))
    }

    /// Returns the partition of a key.
    pub fn partition(&self, key: &[u8]) -> i32 {
        partition_of(key, self.producer.partitions(self.topic))
    }
}
