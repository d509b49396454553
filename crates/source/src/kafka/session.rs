//! The connections that follow a topic, until one fails.

use super::assembler::Unit;
use super::failure::{lost, refused, sorted, unreachable};
use super::message::{Message, Said};
use super::packed::{Unpacker, Way};
use super::part::Part;
use super::position::{KafkaPosition, Place};
use crate::error::{ErrorKind, code};
use crate::json::Reader;
use crate::received::{Parked, Received, Taken};
use crate::settings::{KafkaSettings, OnError};
use crate::source::ReadLimits;
use crate::{InputError, SourceError};
use livewell_link::kafka::{Address, Cluster, EpochEnd, Error, Fetch, Fetched, From, Partition, Topic, When};
use livewell_model::{Timestamp, Transaction};
use std::time::Duration;

/// After how many reads the topic is looked at again: whether it is another one, or has more partitions.
const LOOK_READS: usize = 50;

/// A topic that is followed.
pub(super) struct Session {
    settings: KafkaSettings,
    reader: Reader,
    unpacker: Unpacker,
    cluster: Cluster,
    parts: Vec<Part>,
    /// Whose turn it is.
    turn: usize,
    reads: usize,
    /// The position as it was last given to be stored.
    stored: Option<KafkaPosition>,
    last_written: Option<Timestamp>,
    /// The error that came after what the last read returned.
    failed: Option<SourceError>,
}

impl Session {
    pub fn open(settings: KafkaSettings, position: Option<&KafkaPosition>) -> Result<Self, SourceError> {
        let (reader, unpacker) = (settings.reader()?, Unpacker::new(&settings)?);
        let address = Address::parse(&settings.url.0).map_err(refused)?;
        let mut cluster = Cluster::open(address, &settings.topic).map_err(sorted)?;
        if let Some(position) = position {
            is_the_same(position, cluster.topic())?;
        }
        let mut parts = Vec::new();
        for partition in cluster.topic().partitions.clone() {
            let (topic, leader) = cluster.leader(partition.number).map_err(sorted)?;
            let first = leader.offset(topic, partition, When::Earliest).map_err(sorted)?;
            let end = leader.offset(topic, partition, When::Latest).map_err(sorted)?;
            let known = position.and_then(|position| position.places.get(parts.len()));
            let at = match known {
                Some(at) => *at,
                None => Place { next: first, resume: first, held: 0, epoch: -1, settled: end },
            };
            reaches_back(partition.number, &at, first, end)?;
            let mut knows_epoch = false;
            if at.epoch >= 0 {
                let same = leader.epoch_end(topic, partition, at.epoch).map_err(sorted)?;
                knows_epoch = is_of_the_same_leader(partition, &at, same)?;
            }
            parts.push(Part::new(partition, at, end, knows_epoch, settings.limits.changes_max));
        }
        let stored = position.cloned();
        let (turn, reads, last_written, failed) = (0, 0, None, None);
        Ok(Self { settings, reader, unpacker, cluster, parts, turn, reads, stored, last_written, failed })
    }

    /// Reads what there is, up to limits; waits for the first record if there is none.
    pub fn read(&mut self, limits: ReadLimits, wait: Duration) -> Result<Received, SourceError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.reads += 1;
        if self.reads.is_multiple_of(LOOK_READS) {
            let now = self.cluster.look().map_err(sorted)?;
            if now != *self.cluster.topic() {
                return Err(sorted(Error::Away("the topic or its leaders have changed".into())));
            }
        }
        if self.parts.iter().all(Part::is_idle) {
            self.fetch(limits.bytes, wait)?;
        }
        let (before, mut received) = (self.position(), Received::default());
        if let Err(error) = self.drain(limits, &mut received) {
            if self.position() == before {
                return Err(error);
            }
            self.failed = Some(error);
        }
        // Also where nothing has come yet: what is removed from now on was not read.
        let position = self.position();
        if self.stored.as_ref() != Some(&position) {
            received.position = Some(position.encode());
            self.stored = Some(position);
        }
        received.caught_up = self.failed.is_none() && self.parts.iter().all(Part::is_caught_up);
        Ok(received)
    }

    /// Returns how many records are left in the topic, as far as the brokers have said.
    pub fn behind(&self) -> u64 {
        self.parts.iter().map(|part| u64::try_from(part.end - part.at.next).unwrap_or(0)).sum()
    }

    /// Returns when the last record that was taken was written.
    pub fn last_written(&self) -> Option<Timestamp> {
        self.last_written
    }

    fn position(&self) -> KafkaPosition {
        let Topic { name, id, .. } = self.cluster.topic();
        let places = self.parts.iter().map(|part| part.at).collect();
        KafkaPosition { topic: name.clone(), id: *id, places }
    }

    /// Asks all leaders for what they have, and waits with them if they have nothing.
    fn fetch(&mut self, bytes_max: usize, wait: Duration) -> Result<(), SourceError> {
        let leaders = self.cluster.leaders().1.len();
        // One can be waited for at a time.
        let rounds = if leaders == 1 { vec![wait] } else { vec![Duration::ZERO, wait / leaders as u32] };
        for wait in rounds {
            let mut is_news = false;
            for at in 0..leaders {
                let (topic, leaders) = self.cluster.leaders();
                let leader = &mut leaders[at];
                let is_led = |part: &&Part| part.partition.leader == leader.broker();
                let mut from: Vec<From> = self.parts.iter().filter(is_led).map(Part::from).collect();
                // A broker fills its answer in this order, so each partition comes first in turn.
                let first = self.reads % from.len().max(1);
                from.rotate_left(first);
                let fetch = Fetch { from: &from, wait, bytes_max, is_committed: true };
                for fetched in leader.fetch(topic, &fetch).map_err(sorted)? {
                    is_news |= !fetched.records.is_empty();
                    self.receive(fetched)?;
                }
            }
            if is_news {
                break;
            }
        }
        self.parts.iter().try_for_each(Part::check_end)
    }

    fn receive(&mut self, fetched: Fetched) -> Result<(), SourceError> {
        let number = fetched.partition;
        let place = usize::try_from(number).ok().and_then(|at| self.parts.get_mut(at));
        let part =
            place.ok_or_else(|| sorted(Error::Malformed("records of another partition came".into())))?;
        // Also an offset that the log does not have: the next attempt begins with a look at its ends.
        if let Some(error) = fetched.error {
            return Err(sorted(error));
        }
        if let Some((_, end)) = fetched.diverging {
            return Err(rolled_back(number, end, part.at.next));
        }
        part.receive(fetched);
        Ok(())
    }

    /// Takes what was read ahead, up to limits.
    fn drain(&mut self, limits: ReadLimits, received: &mut Received) -> Result<(), SourceError> {
        let keeps = self.settings.on_error == OnError::Park;
        let (mut idle, mut bytes) = (0, 0);
        while idle < self.parts.len()
            && received.transactions.len() < limits.transactions
            && bytes < limits.bytes
        {
            let at = self.turn % self.parts.len();
            let before = (self.parts[at].at, received.transactions.len(), received.parked.len());
            let way =
                Way { reader: &self.reader, format: self.settings.format, unpacker: &self.unpacker, keeps };
            match self.parts[at].step(&way)? {
                Some(units) => {
                    idle = 0;
                    bytes += units.iter().flatten().map(|message| message.size).sum::<usize>();
                    let taken = units.into_iter().try_for_each(|unit| self.take(at, unit, received));
                    if let Err(error) = taken {
                        // All of the step is read again once the source is opened again.
                        self.parts[at].at = before.0;
                        received.transactions.truncate(before.1);
                        received.parked.truncate(before.2);
                        return Err(error);
                    }
                }
                None => {
                    idle += 1;
                    self.turn += 1;
                }
            }
        }
        Ok(())
    }

    /// Makes one transaction of a unit.
    fn take(&mut self, part: usize, unit: Unit<Message>, received: &mut Received) -> Result<(), SourceError> {
        let (topic, parks) = (&self.settings.topic, self.settings.on_error == OnError::Park);
        let named = |offset: i64| format!("topic `{topic}`, partition {part}, offset {offset}");
        let Some(name) = unit.last().map(|last| named(last.offset)) else { return Ok(()) };
        let (mut changes, mut timestamp, mut truncates) = (Vec::new(), None, false);
        let (mut text, is_whole) = (String::new(), unit.len() == 1 && unit[0].has_value);
        for message in unit {
            let mut time = message.time;
            let said = match message.said {
                Ok(Said::Truncate) => self.check_truncate().map(|()| Said::Truncate),
                said => said,
            };
            match said {
                Ok(Said::Changes(transaction)) => {
                    time = transaction.timestamp.or(time);
                    changes.extend(transaction.changes);
                }
                Ok(Said::Truncate) => (changes, truncates) = (Vec::new(), true),
                Ok(Said::Nothing) => continue,
                Err(error) if parks => {
                    let whole = String::from_utf8(message.bytes);
                    let is_whole = message.has_value && whole.is_ok();
                    let text =
                        whole.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
                    let (after, name) = (received.transactions.len(), named(message.offset));
                    received.parked.push(Parked { after, name, text, is_whole, error });
                    continue;
                }
                Err(error) => return Err(stopped_at(&named(message.offset), &error)),
            }
            if parks {
                text.push_str(&String::from_utf8_lossy(&message.bytes));
                text.push('\n');
            }
            timestamp = timestamp.max(time);
            self.last_written = message.time.or(self.last_written);
        }
        if !changes.is_empty() || truncates {
            let text = parks.then(|| text.trim_end_matches('\n').to_owned());
            let transaction = Transaction { changes, timestamp };
            received.transactions.push(Taken { name, transaction, text, is_whole, truncates });
        }
        Ok(())
    }

    /// Checks that it is known what a truncation deletes.
    fn check_truncate(&self) -> Result<(), InputError> {
        let reason = if self.parts.len() > 1 {
            "the topic has several partitions, and nothing says which of their records come before this one"
        } else if !self.settings.unwind.is_empty() {
            "the source has `unwind`, whose nodes cannot be deleted together"
        } else {
            return Ok(());
        };
        let message = format!(
            "the table was truncated, and that cannot be followed: {reason}; what it had stays here until the topic \
             is written again and the source is reset"
        );
        Err(InputError::new(code::RECORD, message))
    }
}

/// Checks that the topic is the one that was read.
fn is_the_same(position: &KafkaPosition, topic: &Topic) -> Result<(), SourceError> {
    if position.topic != topic.name {
        return Err(lost(format!("the topic is `{}`, and `{}` was read", topic.name, position.topic)));
    }
    let have_ids = position.id != [0; 16] && topic.id != [0; 16];
    let (read, has) = (position.places.len(), topic.partitions.len());
    if have_ids && position.id == topic.id && read > has {
        return Err(unreachable(format!(
            "a broker knows {has} of the {read} partitions of `{}`",
            topic.name
        )));
    }
    if (have_ids && position.id != topic.id) || read > has {
        return Err(lost(format!("the topic `{}` was deleted and created again", topic.name)));
    }
    Ok(())
}

/// Checks that the records before a place are those that were read. Returns whether the broker knows their epoch.
fn is_of_the_same_leader(partition: Partition, at: &Place, same: EpochEnd) -> Result<bool, SourceError> {
    if same.epoch < 0 {
        // It knows nothing so old: the records were removed since. A later epoch than its own it cannot have had.
        return if at.epoch > partition.epoch {
            Err(rolled_back(partition.number, at.next, at.next))
        } else {
            Ok(false)
        };
    }
    // Of an epoch that it does not have it tells the one before: the records were written by a leader whose log it lacks.
    if same.epoch < at.epoch || same.offset < at.next {
        return Err(rolled_back(partition.number, same.offset, at.next));
    }
    Ok(true)
}

/// Checks that a log still holds what comes next.
fn reaches_back(partition: i32, at: &Place, first: i64, end: i64) -> Result<(), SourceError> {
    if first > at.resume {
        return Err(gone(partition, at.resume, first));
    }
    if end < at.next {
        return Err(rolled_back(partition, end, at.next));
    }
    Ok(())
}

fn gone(partition: i32, from: i64, first: i64) -> SourceError {
    lost(format!(
        "partition {partition} no longer holds records {from} to {}, which were not read",
        first - 1
    ))
}

fn rolled_back(partition: i32, end: i64, next: i64) -> SourceError {
    let last = next.saturating_sub(1);
    let from = end.min(last);
    lost(format!(
        "partition {partition} no longer has the records that were read from {from} to {last}: a leader was elected that \
         did not have them, or the topic was created again"
    ))
}

fn stopped_at(name: &str, error: &InputError) -> SourceError {
    let message = format!(
        "{}\n  set `on_error: park` to set such records aside and continue, and write what was meant",
        error.about(name)
    );
    SourceError::new(ErrorKind::Input, error.code, message)
}
