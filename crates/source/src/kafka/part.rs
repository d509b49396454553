//! One partition as it is read.

use super::assembler::{Assembler, Unit};
use super::failure::{lost, sorted};
use super::message::Message;
use super::packed::Way;
use super::position::Place;
use crate::SourceError;
use livewell_link::kafka::{Fetched, From, Partition, batch};
use std::collections::VecDeque;

/// The most bytes of one batch after it is decompressed.
const BATCH_BYTES_MAX: usize = 256 << 20;

/// A partition: where it is, and what was read of it and not taken in.
pub(super) struct Part {
    pub partition: Partition,
    pub at: Place,
    assembler: Assembler<Message>,
    /// The place at which the source was opened: what comes before its `next` was taken in, or waits again.
    opened: Place,
    /// How many records and marks have to come again before anything new, until that is compared.
    owed: Option<u64>,
    /// The offsets of records and marks from `at.resume` on, that were read.
    held: VecDeque<i64>,
    /// The next offset that the log should have.
    expected: i64,
    /// Where to read next, and the epoch of the record before it.
    from: (i64, i32),
    /// Batches that a broker has sent, of which so many bytes were looked at.
    sent: (Vec<u8>, usize),
    queue: VecDeque<Event>,
    /// The end of the log as far as the broker has said, and the end of what is decided.
    pub end: i64,
    stable: Option<i64>,
}

/// Something in the log.
enum Event {
    Record {
        producer: Option<i64>,
        epoch: i32,
        message: Box<Message>,
    },
    End {
        offset: i64,
        epoch: i32,
        producer: i64,
        is_commit: bool,
    },
    /// All offsets before this one were in a batch.
    Next {
        offset: i64,
        epoch: i32,
    },
}

impl Part {
    /// Creates a partition that is read from its place on. `end`: the end of its log now. `knows_epoch`: whether the broker
    /// can compare the epoch of the place with its log.
    pub fn new(partition: Partition, at: Place, end: i64, knows_epoch: bool, changes_max: usize) -> Self {
        let epoch = if at.resume == at.next && knows_epoch { at.epoch } else { -1 };
        Self {
            partition,
            at,
            assembler: Assembler::new(changes_max),
            opened: at,
            owed: (at.resume < at.next).then_some(at.held),
            held: VecDeque::new(),
            expected: at.resume,
            from: (at.resume, epoch),
            sent: (Vec::new(), 0),
            queue: VecDeque::new(),
            end,
            stable: None,
        }
    }

    /// Returns where to read next.
    pub fn from(&self) -> From {
        From { partition: self.partition, offset: self.from.0, epoch: self.from.1 }
    }

    /// Returns whether everything that was read is taken in.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.sent.0.is_empty()
    }

    /// Returns whether everything that is decided was read.
    pub fn is_caught_up(&self) -> bool {
        self.is_idle() && self.stable.is_some_and(|stable| self.from.0 >= stable)
    }

    /// Takes what a broker has sent.
    pub fn receive(&mut self, fetched: Fetched) {
        self.end = fetched.high_watermark;
        let stable = if fetched.last_stable < 0 { fetched.high_watermark } else { fetched.last_stable };
        self.stable = Some(stable);
        if self.from.0 < self.at.settled {
            // Still the first read: what was compacted since it began was compacted before it came there.
            self.at.settled = self.at.settled.max(fetched.high_watermark);
        }
        self.sent = (fetched.records, 0);
    }

    /// Unpacks batches until there is an event: one at a time, since compressed records may be many times as long.
    fn unpack(&mut self, way: &Way<'_>) -> Result<(), SourceError> {
        while self.queue.is_empty() && !self.sent.0.is_empty() {
            let (sent, at) = std::mem::take(&mut self.sent);
            let mut rest = &sent[at..];
            let Some(batch) = batch::next(&mut rest, BATCH_BYTES_MAX).map_err(sorted)? else { break };
            let at = sent.len() - rest.len();
            // A batch is sent whole, also if the offset that was asked for is in the middle of it.
            if batch.last >= self.from.0 {
                self.take(&batch, way)?;
                self.from = (batch.last + 1, batch.epoch);
            }
            drop(batch);
            self.sent = (sent, at);
        }
        Ok(())
    }

    fn take(&mut self, batch: &batch::Batch<'_>, way: &Way<'_>) -> Result<(), SourceError> {
        let epoch = batch.epoch;
        if batch.is_control {
            if let (Some(producer), Some(is_commit)) = (batch.transaction, batch.is_commit().map_err(sorted)?)
            {
                self.queue.push_back(Event::End { offset: batch.base, epoch, producer, is_commit });
            }
        } else {
            for record in
                batch.records().map_err(sorted)?.iter().filter(|record| record.offset >= self.from.0)
            {
                let message = Message::read(record, way).map_err(|error| self.named(record.offset, error))?;
                let message = Box::new(message);
                self.queue.push_back(Event::Record { producer: batch.transaction, epoch, message });
            }
        }
        self.queue.push_back(Event::Next { offset: batch.last + 1, epoch });
        Ok(())
    }

    /// Says which record an error is about.
    fn named(&self, offset: i64, SourceError { kind, code, message, .. }: SourceError) -> SourceError {
        let number = self.partition.number;
        let message = format!("{message}; it is needed at offset {offset} of partition {number}");
        SourceError::new(kind, code, message)
    }

    /// Moves over the next event. Returns the units that are complete by it; `None` if nothing was read ahead.
    ///
    /// # Errors
    /// Returns an error if records were removed that were not read, or are damaged.
    pub fn step(&mut self, way: &Way<'_>) -> Result<Option<Vec<Unit<Message>>>, SourceError> {
        self.unpack(way)?;
        let Some(event) = self.queue.pop_front() else { return Ok(None) };
        let (offset, next, epoch) = match &event {
            Event::Record { message, epoch, .. } => (message.offset, message.offset + 1, *epoch),
            Event::End { offset, epoch, .. } => (*offset, offset + 1, *epoch),
            Event::Next { offset, epoch } => (*offset, *offset, *epoch),
        };
        self.check_gap(offset)?;
        self.expected = next;
        if next > offset {
            self.held.push_back(offset);
        }
        let units = match event {
            Event::Record { producer, message, .. } => self.assembler.record(producer, *message),
            Event::End { producer, is_commit, .. } => self.assembler.end(producer, is_commit),
            Event::Next { .. } => Vec::new(),
        };
        if offset < self.opened.next {
            // It was taken in, or waits again as it did. The place stays until something new comes.
            return Ok(Some(Vec::new()));
        }
        self.go_on(next, epoch);
        Ok(Some(units))
    }

    /// Checks that nothing was removed that was not read before this offset.
    fn check_gap(&mut self, offset: i64) -> Result<(), SourceError> {
        let number = self.partition.number;
        if offset > self.expected && offset > self.at.settled {
            let from = self.expected.max(self.at.settled);
            return Err(lost(format!(
                "partition {number} was compacted where it had not been read: records from {from} to {} are gone, and \
                 with them, perhaps, deletions",
                offset - 1
            )));
        }
        // Once what is read again was read, and before anything new.
        let Place { resume, next, .. } = self.opened;
        if offset >= next && self.owed.take().is_some_and(|owed| owed != self.held.len() as u64) {
            return Err(lost(format!(
                "partition {number} was compacted between {resume} and {next}, where records waited for the end of a \
                 transaction"
            )));
        }
        Ok(())
    }

    /// Moves the place to `next`.
    fn go_on(&mut self, next: i64, epoch: i32) {
        if next > self.at.next {
            (self.at.next, self.at.epoch) = (next, epoch);
        }
        self.at.resume = self.assembler.first().unwrap_or(self.at.next);
        while self.held.front().is_some_and(|first| *first < self.at.resume) {
            self.held.pop_front();
        }
        self.at.held = self.held.len() as u64;
    }

    /// Returns an error if a transaction has begun in the log and nothing can end it.
    pub fn check_end(&self) -> Result<(), SourceError> {
        let is_at_end = self.is_caught_up() && self.stable == Some(self.end) && self.from.0 >= self.end;
        match self.assembler.first() {
            Some(first) if is_at_end => Err(lost(format!(
                "partition {} has a transaction from offset {first} on whose end is gone",
                self.partition.number
            ))),
            _ => Ok(()),
        }
    }
}
