//! The layout of the keys: the first byte says what a key is about, then comes the feed's number, then the rest.
//!
//! Keys contain short numbers for feeds and consumers; the catalog maps their ids to these. Numbers are big-endian,
//! so that byte order is number order. `docs/format/store.md` has the drawing.

use crate::IndexError;
use smallvec::SmallVec;

/// What a key is about: its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Space {
    /// feed -> [`crate::Version`]: what every commit compares.
    Version = 0x01,
    /// escaped id -> number: feeds and consumers by name.
    Name = 0x02,
    /// number -> what it is.
    Catalog = 0x03,
    /// counter name -> number: feed numbers, epochs, positions. Survive deletion.
    Counter = 0x04,
    /// feed, epoch -> what the epoch was defined as: columns, configuration hash, its end.
    Epoch = 0x05,
    /// query -> where a change of it takes effect that is not made yet.
    Due = 0x06,
    /// feed -> [`crate::Head`]: sequence, position, counts.
    Head = 0x10,
    /// feed, generation, key -> element or row: the snapshot side of a feed.
    Snapshot = 0x20,
    /// feed, generation, value, row signature -> nothing: which rows each value has of a query that is run for each.
    ByValue = 0x21,
    /// feed, epoch, sequence, part -> transaction or result: the log side of a feed.
    Log = 0x30,
    /// feed, generation, operator key -> operator state of a query.
    State = 0x40,
    /// consumer, feed -> checkpoint.
    Checkpoint = 0x50,
    /// source -> how far upstream has been read.
    Upstream = 0x60,
    /// source, escaped key -> an accepted request, by its idempotency key.
    Idempotency = 0x61,
    /// source, number -> input that is not a change, kept for a person to look at.
    Parked = 0x62,
    /// reaction, number -> a result that its target refused.
    DeadLetter = 0x63,
    /// source, index, when an element expires, its id -> nothing: the elements that expire, in that order.
    Expiry = 0x64,
    /// feed, generation -> a generation that is to be deleted in the background.
    Garbage = 0x70,
}

/// A key under construction.
#[derive(Debug, Clone)]
pub struct Key(Vec<u8>);

impl Key {
    /// Begins a key of `space`.
    pub fn new(space: Space) -> Self {
        let mut bytes = Vec::with_capacity(32);
        bytes.push(space as u8);
        Self(bytes)
    }

    /// Adds a feed's or consumer's number, or a generation.
    pub fn number(mut self, number: u32) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Adds an epoch, a sequence or a row signature.
    pub fn long(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Adds bytes as they are; nothing may follow them.
    pub fn rest(mut self, bytes: &[u8]) -> Vec<u8> {
        self.0.extend_from_slice(bytes);
        self.0
    }

    /// Returns the key as it is.
    pub fn done(self) -> Vec<u8> {
        self.0
    }
}

/// The bytes that all keys of one area begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(Vec<u8>);

/// A key for a lookup, usually short enough to need no memory of its own.
pub type ShortKey = SmallVec<[u8; SHORT]>;

/// Up to so many bytes lie on the stack.
const SHORT: usize = 96;

impl Prefix {
    /// Makes the prefix of everything that begins with `key`.
    pub fn new(key: Key) -> Self {
        Self(key.done())
    }

    /// Returns its length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether it is empty, and so a prefix of every key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the whole key of `rest`.
    pub fn of(&self, rest: &[u8]) -> ShortKey {
        let (middle, length) = (self.0.len(), self.0.len() + rest.len());
        let mut bytes = [0; SHORT];
        // Two copies into an array are less work than two appends to a vector, and this is done for each read.
        let Some(short) = bytes.get_mut(..length) else {
            return ShortKey::from_vec([self.0.as_slice(), rest].concat());
        };
        short[..middle].copy_from_slice(&self.0);
        short[middle..].copy_from_slice(rest);
        ShortKey::from_buf_and_len(bytes, length)
    }

    /// Returns the whole key of `rest`, in the same memory if it has room.
    pub fn before(&self, mut rest: Vec<u8>) -> Vec<u8> {
        let (length, more) = (rest.len(), self.0.len());
        rest.resize(length + more, 0);
        rest.copy_within(..length, more);
        rest[..more].copy_from_slice(&self.0);
        rest
    }
}

/// Returns the smallest key above all keys that begin with `prefix`; `None` if `prefix` is all `ff`.
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = prefix[..=kept].to_vec();
    end[kept] += 1;
    Some(end)
}

/// Returns the key of a snapshot entry.
pub fn snapshot_key(feed: u32, generation: u32, key: &[u8]) -> Vec<u8> {
    Key::new(Space::Snapshot).number(feed).number(generation).rest(key)
}

/// A log entry that is much longer than this is split: each part but the last has at least this many bytes. Short,
/// because a store may have to hold as many parts in memory as pages.
pub const PART_BYTES: usize = 16 << 10;

/// Returns the key of a log entry, or of the first part of a long one.
pub fn log_key(feed: u32, epoch: u64, sequence: u64) -> Vec<u8> {
    log_part_key(feed, epoch, sequence, 0)
}

/// Returns the key of a part of a long log entry. Parts count from 0; part 0 has the key of an unsplit entry.
pub fn log_part_key(feed: u32, epoch: u64, sequence: u64, part: u32) -> Vec<u8> {
    let key = Key::new(Space::Log).number(feed).long(epoch).long(sequence);
    if part == 0 { key.rest(&[0, 0]) } else { key.rest(&[&[0, 1], part.to_be_bytes().as_slice()].concat()) }
}

/// Returns the sequence and the part that the key of a log entry names.
pub(crate) fn log_place(key: &[u8]) -> Result<(u64, u32), IndexError> {
    let place = || {
        let rest = key.get(Key::new(Space::Log).number(0).long(0).done().len()..)?;
        let (sequence, part) = rest.split_first_chunk::<8>()?;
        let part = match part {
            [0, 0] => 0,
            [0, 1, part @ ..] => u32::from_be_bytes(part.try_into().ok()?),
            _ => return None,
        };
        Some((u64::from_be_bytes(*sequence), part))
    };
    place().ok_or_else(|| IndexError::corrupted("the key of a log entry is not valid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_begins_with_its_prefix_whether_it_is_short_or_long() {
        let prefix = Prefix::new(Key::new(Space::State).number(7));
        for length in [0, 1, SHORT - prefix.len() - 1, SHORT - prefix.len(), SHORT, 1_000] {
            let rest: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let wanted = [prefix.0.as_slice(), &rest].concat();
            assert_eq!(prefix.of(&rest)[..], wanted, "of {length} bytes");
            assert_eq!(prefix.before(rest), wanted);
        }
    }
}
