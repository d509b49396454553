//! A producer: idempotent, and with transactions if it has a name.
//!
//! Every batch has a number, so a batch that is sent again because its answer was lost is in the log once.

use super::address::Address;
use super::cluster::Cluster;
use super::compression::Compression;
use super::coordinator::Coordinator;
use super::error::{Error, number};
use super::produce::{self, Part};
use super::records::{NewRecord, Stamp, encode};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// About how many bytes of records go into a batch: less than a broker takes by default (1 MiB).
const BATCH_BYTES: usize = 768 << 10;
/// How often something that passes is tried.
const TRIES: usize = 5;
/// The pause before that.
const PAUSE: Duration = Duration::from_millis(100);

/// A producer of records for some topics.
#[derive(Debug)]
pub struct Producer {
    address: Address,
    compression: Compression,
    coordinator: Coordinator,
    is_transactional: bool,
    topics: Vec<Topic>,
    /// The partitions that are in the transaction, by the place of their topic.
    open: BTreeSet<(usize, i32)>,
}

/// A topic that is written to.
#[derive(Debug)]
struct Topic {
    cluster: Cluster,
    /// The number of the next record, by partition.
    sequences: Vec<i32>,
}

/// Records for one partition.
#[derive(Debug)]
struct Queue {
    partition: i32,
    /// The batches that are left, each with the places of its records.
    batches: VecDeque<Vec<usize>>,
}

/// What became of records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The offset of each record; `None` if the topic does not take one so large.
    pub offsets: Vec<Option<i64>>,
}

impl Producer {
    /// Gets a number from the cluster. With a `name` everything that was begun under it is ended first, and whoever has
    /// used it before can no longer write.
    ///
    /// # Errors
    /// Returns [`Error::Away`] if no broker can be reached or none is ready, and [`Error::Refused`] if a setting has to be
    /// changed.
    pub fn open(address: Address, name: Option<&str>, compression: Compression) -> Result<Self, Error> {
        let coordinator = Coordinator::open(&address, name)?;
        let (is_transactional, topics, open) = (name.is_some(), Vec::new(), BTreeSet::new());
        Ok(Self { address, compression, coordinator, is_transactional, topics, open })
    }

    /// Adds a topic to write to; returns its place, counted from 0.
    ///
    /// # Errors
    /// Like [`Cluster::open`].
    pub fn add_topic(&mut self, name: &str) -> Result<usize, Error> {
        let cluster = Cluster::open(self.address.clone(), name)?;
        let sequences = vec![0; cluster.topic().partitions.len()];
        self.topics.push(Topic { cluster, sequences });
        Ok(self.topics.len() - 1)
    }

    /// Returns the cluster as far as a topic is concerned.
    pub fn cluster(&mut self, topic: usize) -> &mut Cluster {
        &mut self.topics[topic].cluster
    }

    /// Returns how many partitions a topic has.
    pub fn partitions(&self, topic: usize) -> i32 {
        self.topics[topic].sequences.len() as i32
    }

    /// Writes records, each to a partition, in their order there, and waits until all replicas that are in step have them.
    /// Those of a producer with transactions belong to its transaction, which begins with the first.
    ///
    /// # Errors
    /// Returns why they may not be there, or not all of them. The producer has to be opened again.
    pub fn write(&mut self, topic: usize, records: &[(i32, NewRecord)]) -> Result<Written, Error> {
        let mut queues = queued(records);
        if self.is_transactional {
            let new: Vec<i32> = queues
                .iter()
                .map(|queue| queue.partition)
                .filter(|partition| self.open.insert((topic, *partition)))
                .collect();
            if !new.is_empty() {
                self.coordinator.add(&self.topics[topic].cluster.topic().name.clone(), &new)?;
            }
        }
        let mut written = Written { offsets: vec![None; records.len()] };
        let mut tries = 0;
        while queues.iter().any(|queue| !queue.batches.is_empty()) {
            match self.round(topic, records, &mut queues, &mut written) {
                Ok(None) => tries = 0,
                // The same batches again, under the same numbers.
                Ok(Some(error)) => {
                    tries += 1;
                    if tries == TRIES {
                        return Err(error);
                    }
                    std::thread::park_timeout(PAUSE);
                    let name = self.topics[topic].cluster.topic().name.clone();
                    self.topics[topic].cluster = Cluster::open(self.address.clone(), &name)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    /// Writes the next batch of each partition. Returns an error that may pass.
    fn round(
        &mut self,
        topic: usize,
        records: &[(i32, NewRecord)],
        queues: &mut [Queue],
        written: &mut Written,
    ) -> Result<Option<Error>, Error> {
        let Topic { cluster, sequences } = &mut self.topics[topic];
        let (id, epoch) = (self.coordinator.id, self.coordinator.epoch);
        let name = self.coordinator.name();
        let partitions = cluster.topic().partitions.clone();
        let (topic, leaders) = cluster.leaders();
        let mut passes = None;
        for leader in leaders {
            let is_led = |queue: &&mut Queue| {
                partitions.get(queue.partition as usize).is_some_and(|one| one.leader == leader.broker())
            };
            let mut parts = Vec::new();
            let mut led: Vec<&mut Queue> =
                queues.iter_mut().filter(is_led).filter(|queue| !queue.batches.is_empty()).collect();
            for queue in &led {
                let batch: Vec<&NewRecord> = queue.batches[0].iter().map(|at| &records[*at].1).collect();
                let sequence = sequences[queue.partition as usize];
                let stamp = Stamp { id, epoch, sequence, is_transactional: self.is_transactional };
                let bytes = encode(&batch, stamp, self.compression)?;
                parts.push(Part { partition: queue.partition, bytes });
            }
            if parts.is_empty() {
                continue;
            }
            let answers = match produce::ask(leader.connection(), &topic.name, name, &parts) {
                // Whether the batches are there is not known, and does not matter.
                Err(error @ Error::Away(_)) => return Ok(Some(error)),
                answers => answers?,
            };
            for answer in answers {
                let queue = led.iter_mut().find(|queue| queue.partition == answer.partition);
                let queue =
                    queue.ok_or_else(|| Error::Malformed("an answer is about another partition".into()))?;
                passes = queue.receive(answer.number, answer.offset, sequences, written)?.or(passes);
            }
        }
        Ok(passes)
    }

    /// Commits the transaction, if one was begun.
    ///
    /// # Errors
    /// Returns an error if it is not known to be committed. The producer has to be opened again; then it is known.
    pub fn commit(&mut self) -> Result<(), Error> {
        self.end(true)
    }

    /// Aborts the transaction, if one was begun.
    ///
    /// # Errors
    /// Returns an error if it is not known to be aborted. The producer has to be opened again.
    pub fn abort(&mut self) -> Result<(), Error> {
        self.end(false)
    }

    fn end(&mut self, commits: bool) -> Result<(), Error> {
        if self.open.is_empty() {
            return Ok(());
        }
        self.coordinator.end(commits)?;
        self.open.clear();
        Ok(())
    }
}

impl Queue {
    /// Takes the answer about its first batch. Returns its error if that may pass.
    fn receive(
        &mut self,
        number: i16,
        offset: i64,
        sequences: &mut [i32],
        written: &mut Written,
    ) -> Result<Option<Error>, Error> {
        /// The leader has moved, is not elected, is too slow, or has too few replicas.
        const PASSING: [i16; 6] = [number::UNKNOWN_TOPIC, 5, 6, 7, 19, 20];
        let Some(batch) = self.batches.pop_front() else { return Ok(None) };
        match number {
            number::NONE | number::DUPLICATE_SEQUENCE => {
                let sequence = &mut sequences[self.partition as usize];
                *sequence = (i64::from(*sequence) + batch.len() as i64).rem_euclid(1 << 31) as i32;
                // A duplicate's offset is unknown to some brokers.
                for (at, record) in (offset.max(0)..).zip(batch) {
                    written.offsets[record] = Some(at);
                }
            }
            number::MESSAGE_TOO_LARGE | number::RECORD_LIST_TOO_LARGE => {
                // Nothing of it is there. One record that is too large stays without an offset.
                if batch.len() > 1 {
                    let (first, second) = batch.split_at(batch.len() / 2);
                    self.batches.push_front(second.to_vec());
                    self.batches.push_front(first.to_vec());
                }
            }
            other => {
                self.batches.push_front(batch);
                let error = Error::of(other, &format!("to write to partition {}", self.partition));
                return if PASSING.contains(&other) { Ok(Some(error)) } else { Err(error) };
            }
        }
        Ok(None)
    }
}

/// Puts records into batches, by partition.
fn queued(records: &[(i32, NewRecord)]) -> Vec<Queue> {
    let mut queues: Vec<Queue> = Vec::new();
    let mut sizes: Vec<usize> = Vec::new();
    for (at, (partition, record)) in records.iter().enumerate() {
        let place = queues.iter().position(|queue| queue.partition == *partition).unwrap_or_else(|| {
            queues.push(Queue { partition: *partition, batches: VecDeque::new() });
            sizes.push(usize::MAX / 2);
            queues.len() - 1
        });
        let size = record.size();
        if sizes[place] + size > BATCH_BYTES {
            queues[place].batches.push_back(Vec::new());
            sizes[place] = 0;
        }
        sizes[place] += size;
        if let Some(batch) = queues[place].batches.back_mut() {
            batch.push(at);
        }
    }
    queues
}
