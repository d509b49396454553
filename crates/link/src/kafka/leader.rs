//! The broker that leads a partition: where its log begins and ends, and where the records of an earlier leader end.

use super::codec::{Fields, Writer};
use super::connection::{Api, Connection};
use super::error::Error;
use super::fetch::{self, Fetch, Fetched};
use super::metadata::{Partition, Topic};
use std::time::Duration;

const LIST_OFFSETS: [Api; 1] = [Api::new(2, 4, false)];
const EPOCH_END: [Api; 2] = [Api::new(23, 3, false), Api::new(23, 2, false)];

/// Which place of a log is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The first record that is still there.
    Earliest,
    /// The end, behind everything that is replicated.
    Latest,
}

/// Where the records of a leader end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEnd {
    /// The last epoch that is not later than the one that was asked for; -1 if none is known.
    pub epoch: i32,
    /// The offset behind its last record.
    pub offset: i64,
}

/// A connection to a broker that leads partitions.
#[derive(Debug)]
pub struct Leader {
    broker: i32,
    connection: Connection,
}

impl Leader {
    pub(super) fn new(broker: i32, connection: Connection) -> Self {
        Self { broker, connection }
    }

    /// Returns the number of the broker.
    pub fn broker(&self) -> i32 {
        self.broker
    }

    /// Returns an offset of a partition's log.
    ///
    /// # Errors
    /// Returns an error if the broker cannot be reached, or leads the partition no longer.
    pub fn offset(&mut self, topic: &Topic, partition: Partition, when: When) -> Result<i64, Error> {
        let api = self.connection.choose(&LIST_OFFSETS)?;
        let (when, what) = match when {
            When::Earliest => (-2, "to ask where the log begins"),
            When::Latest => (-1, "to ask where the log ends"),
        };
        let mut body = Writer::new(false);
        body.i32(-1).i8(0).items(1).text(&topic.name).items(1);
        body.i32(partition.number).i32(partition.epoch).i64(when);
        let answer = self.connection.call(api, &body, Duration::ZERO)?;
        let mut fields = Fields::new(&answer, false);
        fields.i32()?;
        self::only(&mut fields)?;
        fields.text()?;
        self::only(&mut fields)?;
        fields.i32()?;
        let number = fields.i16()?;
        fields.i64()?;
        if number == 0 { fields.i64() } else { Err(Error::of(number, what)) }
    }

    /// Returns where the records of the leader with this `epoch` end in the log.
    ///
    /// # Errors
    /// Returns an error if the broker cannot be reached, or leads the partition no longer.
    pub fn epoch_end(&mut self, topic: &Topic, partition: Partition, epoch: i32) -> Result<EpochEnd, Error> {
        let api = self.connection.choose(&EPOCH_END)?;
        let mut body = Writer::new(false);
        if api.version >= 3 {
            body.i32(-1);
        }
        body.items(1).text(&topic.name).items(1).i32(partition.number).i32(partition.epoch).i32(epoch);
        let answer = self.connection.call(api, &body, Duration::ZERO)?;
        let mut fields = Fields::new(&answer, false);
        fields.i32()?;
        self::only(&mut fields)?;
        fields.text()?;
        self::only(&mut fields)?;
        let number = fields.i16()?;
        fields.i32()?;
        let end = EpochEnd { epoch: fields.i32()?, offset: fields.i64()? };
        if number == 0 { Ok(end) } else { Err(Error::of(number, "to compare the log with what was read")) }
    }

    /// Returns the connection to the broker.
    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Reads records of several partitions.
    ///
    /// # Errors
    /// Returns an error if the broker cannot be reached. What concerns one partition is in its answer.
    pub fn fetch(&mut self, topic: &Topic, fetch: &Fetch<'_>) -> Result<Vec<Fetched>, Error> {
        fetch::ask(&mut self.connection, topic, fetch)
    }
}

/// Reads that there is one item.
fn only(fields: &mut Fields<'_>) -> Result<(), Error> {
    match fields.items()? {
        1 => Ok(()),
        other => Err(Error::Malformed(format!("an answer has {other} parts instead of one"))),
    }
}
