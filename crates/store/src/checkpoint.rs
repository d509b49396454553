//! Checkpoints: how far a consumer has read a feed, stored in the same commit as the effects.

use crate::commit::Store;
use crate::keyspace::{Key, Space};
use crate::{Direction, IndexError, Snapshot, WriteSet, catalog};
use async_trait::async_trait;
use livewell_model::codec::{Reader, Writer};
use std::sync::Arc;

/// The number under which checkpoints are kept from outside: no pipeline has it.
pub(crate) const NOBODY: u32 = 0;

/// How far a consumer has read a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// The epoch of the feed.
    pub epoch: u64,
    /// The last sequence that was processed; 0: the base alone.
    pub sequence: u64,
    /// The position of the store up to which everything has been processed.
    pub position: u64,
    /// The hash of the definition of the feed.
    pub config_hash: u64,
    /// What else the consumer needs when it resumes, such as a file's committed length.
    pub detail: Vec<u8>,
}

impl Checkpoint {
    /// Returns the key of the checkpoint of a consumer in a feed.
    pub fn key(consumer: u32, feed: u32) -> Vec<u8> {
        Key::new(Space::Checkpoint).number(consumer).number(feed).done()
    }

    /// Returns the checkpoint of a consumer in a feed, if it has one.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::get`], or [`IndexError::Corrupted`] if the record is damaged.
    pub fn read(snapshot: &dyn Snapshot, consumer: u32, feed: u32) -> Result<Option<Self>, IndexError> {
        snapshot.get(&Self::key(consumer, feed))?.map(|bytes| Self::decode(&bytes)).transpose()
    }

    /// Returns the checkpoints of all consumers in a feed with their numbers, also of those that do not run. It passes by every checkpoint
    /// that is stored, and decodes these.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`], or [`IndexError::Corrupted`] if one of the records is damaged.
    pub fn all_in(snapshot: &dyn Snapshot, feed: u32) -> Result<Vec<(u32, Self)>, IndexError> {
        let (all, outside) = (Key::new(Space::Checkpoint), Key::new(Space::Checkpoint).number(NOBODY).done());
        let feed = feed.to_be_bytes();
        let mut found = Vec::new();
        for entry in snapshot.scan_prefix(&all.done(), Direction::Forward)? {
            let (key, value) = entry?;
            if key.ends_with(&feed) && !key.starts_with(&outside) {
                let number =
                    key.get(outside.len() - 4..outside.len()).and_then(|bytes| bytes.try_into().ok());
                let number = number.map(u32::from_be_bytes);
                let number =
                    number.ok_or_else(|| IndexError::corrupted("a checkpoint's key is too short"))?;
                found.push((number, Self::decode(&value)?));
            }
        }
        Ok(found)
    }

    /// Returns the stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(1).varint(self.epoch).varint(self.sequence).varint(self.position);
        out.bytes(&self.config_hash.to_be_bytes()).bytes(&self.detail);
        out.bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, IndexError> {
        let mut reader = Reader::new("checkpoint", bytes);
        if reader.u8()? != 1 {
            return Err(reader.error("unknown format").into());
        }
        let (epoch, sequence, position) = (reader.varint()?, reader.varint()?, reader.varint()?);
        let hash = reader.bytes()?.try_into().map_err(|_| reader.error("a hash has eight bytes"))?;
        let config_hash = u64::from_be_bytes(hash);
        let checkpoint = Self { epoch, sequence, position, config_hash, detail: reader.bytes()?.to_vec() };
        reader.finish()?;
        Ok(checkpoint)
    }
}

/// Checkpoints by the ids of consumer and feed, for consumers that keep their effects elsewhere.
#[async_trait]
pub trait CheckpointStore: Send + Sync {
    /// Returns the checkpoint of `consumer` in `feed`, if it has one.
    async fn read(&self, consumer: &str, feed: &str) -> Result<Option<Checkpoint>, IndexError>;

    /// Stores the checkpoint of `consumer` in `feed`; call it after the effect that the checkpoint covers.
    async fn write(&self, consumer: &str, feed: &str, checkpoint: &Checkpoint) -> Result<(), IndexError>;

    /// Forgets the checkpoint of `consumer` in `feed`.
    async fn clear(&self, consumer: &str, feed: &str) -> Result<(), IndexError>;
}

/// [`CheckpointStore`] over any store.
///
/// Pipelines keep their own checkpoints, in the same commit as their effects. What is written here lies beside them,
/// under the ids themselves.
#[derive(Clone)]
pub struct Checkpoints {
    store: Arc<dyn Store>,
}

impl Checkpoints {
    /// Keeps checkpoints in `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Returns the key of a checkpoint kept from outside.
    fn key(consumer: &str, feed: &str) -> Vec<u8> {
        let mut names = Vec::new();
        livewell_model::key::escaped(consumer.as_bytes(), &mut names);
        livewell_model::key::escaped(feed.as_bytes(), &mut names);
        Key::new(Space::Checkpoint).number(NOBODY).rest(&names)
    }

    fn commit(&self, key: &[u8], value: Option<&[u8]>) -> Result<(), IndexError> {
        commit_catalog(&*self.store, |_, set| {
            set.writes.insert(key.to_vec(), value.map(<[u8]>::to_vec));
            Ok(())
        })
    }
}

/// Commits what `fill` writes under the catalog's own version, and does it again if somebody else has committed in
/// between.
pub(crate) fn commit_catalog(
    store: &dyn Store,
    mut fill: impl FnMut(&dyn Snapshot, &mut WriteSet) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    loop {
        let snapshot = store.snapshot()?;
        let mut set = WriteSet::over(&*snapshot, catalog::CATALOG)?;
        fill(&*snapshot, &mut set)?;
        if store.commit(&[set])?.into_iter().all(|fate| fate.is_ok()) {
            return Ok(());
        }
    }
}

#[async_trait]
impl CheckpointStore for Checkpoints {
    async fn read(&self, consumer: &str, feed: &str) -> Result<Option<Checkpoint>, IndexError> {
        let snapshot = self.store.snapshot()?;
        let bytes = snapshot.get(&Self::key(consumer, feed))?;
        bytes.map(|bytes| Checkpoint::decode(&bytes)).transpose()
    }

    async fn write(&self, consumer: &str, feed: &str, checkpoint: &Checkpoint) -> Result<(), IndexError> {
        self.commit(&Self::key(consumer, feed), Some(&checkpoint.encode()))
    }

    async fn clear(&self, consumer: &str, feed: &str) -> Result<(), IndexError> {
        self.commit(&Self::key(consumer, feed), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryStore;

    #[test]
    fn the_checkpoints_of_a_feed_are_those_of_its_consumers() {
        let store = MemoryStore::default();
        let at = |sequence| Checkpoint { epoch: 1, sequence, ..Checkpoint::default() };
        commit_catalog(&store, |_, set| {
            for (consumer, feed) in [(3, 1), (4, 2), (5, 1), (1, 6)] {
                set.writes.insert(Checkpoint::key(consumer, feed), Some(at(u64::from(consumer)).encode()));
            }
            // As long as a pipeline's key, and with the feed's number at its end.
            let outside = Key::new(Space::Checkpoint).number(NOBODY).number(1).done();
            set.writes.insert(outside, Some(at(9).encode()));
            Ok(())
        })
        .unwrap();
        let snapshot = store.snapshot().unwrap();
        let read = |feed| Checkpoint::all_in(&*snapshot, feed).unwrap();
        assert_eq!(read(1), [(3, at(3)), (5, at(5))]);
        assert_eq!(read(7), []);
    }
}
