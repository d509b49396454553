//! Where everything lies in the store: one byte says what it is, then the feed's number, then the rest.
//!
//! Feeds and consumers are known inside by short numbers; the catalog maps their ids. Numbers are big-endian,
//! so that byte order is number order. The drawing is `docs/format/store.md`.

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
    /// feed -> [`crate::Head`]: sequence, position, counts.
    Head = 0x10,
    /// feed, generation, key -> element or row: the snapshot side of a feed.
    Snapshot = 0x20,
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
    /// source, number -> input that is not a change, kept for somebody to look at.
    Parked = 0x62,
    /// reaction, number -> what its target would not take.
    DeadLetter = 0x63,
    /// feed, generation -> a generation that is to be deleted in the background.
    Garbage = 0x70,
}

/// A key under construction.
#[derive(Debug, Clone)]
pub struct Key(Vec<u8>);

impl Key {
    /// The beginning of every key of `space`.
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

    /// The key as it stands.
    pub fn done(self) -> Vec<u8> {
        self.0
    }
}

/// What the keys of one area begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(Vec<u8>);

/// A key that is only looked at: mostly short enough to need no memory of its own.
pub type ShortKey = SmallVec<[u8; 96]>;

impl Prefix {
    /// Everything that begins with `key`.
    pub fn new(key: Key) -> Self {
        Self(key.done())
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none, and is of every key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The whole key of `rest`.
    pub fn of(&self, rest: &[u8]) -> ShortKey {
        let mut key = ShortKey::with_capacity(self.0.len() + rest.len());
        key.extend_from_slice(&self.0);
        key.extend_from_slice(rest);
        key
    }

    /// The whole key of `rest`, in the same memory where it has room.
    pub fn before(&self, mut rest: Vec<u8>) -> Vec<u8> {
        let (length, more) = (rest.len(), self.0.len());
        rest.resize(length + more, 0);
        rest.copy_within(..length, more);
        rest[..more].copy_from_slice(&self.0);
        rest
    }
}

/// The smallest key that no key beginning with `prefix` reaches; `None` where `prefix` is all `ff`.
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = prefix[..=kept].to_vec();
    end[kept] += 1;
    Some(end)
}
