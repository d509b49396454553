//! Dead letters: what a reaction's target would not take, kept until a person has it sent again or discards it.

use crate::Error;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{SmolStr, Timestamp};
use livewell_reaction::DeadLetter as Letter;
use livewell_store::commit::Entry;
use livewell_store::keyspace::{Key, Space, after_prefix};
use livewell_store::{Direction, IndexError, Snapshot, WriteSet};
use std::ops::Bound;

/// A dead letter with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number, counted from 1 for each reaction and never used twice.
    pub number: u64,
    /// When it was set aside.
    pub timestamp: Timestamp,
    /// The key, the body and the reason.
    pub letter: Letter,
}

/// What a person wants done about a reaction's dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) what: What,
    /// Which ones; `None`: all there are.
    pub(crate) numbers: Option<Vec<u64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Replay,
    Discard,
}

impl Order {
    /// Whether the order is about letter `number`.
    pub(crate) fn names(&self, number: u64) -> bool {
        self.numbers.as_ref().is_none_or(|numbers| numbers.contains(&number))
    }
}

/// Sets letters aside in the commit that takes the checkpoint past them.
pub(crate) fn put(
    snapshot: &dyn Snapshot,
    set: &mut WriteSet,
    reaction: u32,
    timestamp: Timestamp,
    letters: &[Letter],
) -> Result<(), Error> {
    if letters.is_empty() {
        return Ok(());
    }
    let mut counters = Counters::read(snapshot, reaction)?;
    for letter in letters {
        counters = Counters { last: counters.last + 1, kept: counters.kept + 1 };
        tracing::warn!(
            key = letter.key,
            number = counters.last,
            "set aside as a dead letter: {}",
            letter.reason
        );
        let mut out = Writer::new();
        out.u8(1)
            .bytes(&timestamp.0.to_be_bytes())
            .string(&letter.key)
            .string(&letter.reason)
            .bytes(&letter.body);
        set.put(entry_key(reaction, counters.last), out.bytes);
    }
    set.put(counters_key(reaction), counters.encode());
    Ok(())
}

/// Takes letter `number` out.
pub(crate) fn take_out(
    snapshot: &dyn Snapshot,
    set: &mut WriteSet,
    reaction: u32,
    number: u64,
) -> Result<(), Error> {
    let counters = Counters::read(snapshot, reaction)?;
    set.delete(entry_key(reaction, number));
    set.put(counters_key(reaction), Counters { kept: counters.kept.saturating_sub(1), ..counters }.encode());
    Ok(())
}

/// How many letters a reaction has set aside.
///
/// # Errors
/// As the store has them.
pub fn count(snapshot: &dyn Snapshot, reaction: u32) -> Result<u64, Error> {
    Ok(Counters::read(snapshot, reaction)?.kept)
}

/// The first `limit` letters of a reaction after number `after`, in the order in which they were set aside.
///
/// # Errors
/// As the store has them.
pub fn list(
    snapshot: &dyn Snapshot,
    reaction: u32,
    after: u64,
    limit: usize,
) -> Result<Vec<DeadLetter>, Error> {
    let prefix = Key::new(Space::DeadLetter).number(reaction).done();
    let from = entry_key(reaction, after);
    let end = after_prefix(&prefix);
    let to = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    let entries = snapshot.scan(Bound::Excluded(&from), to, Direction::Forward)?;
    let letter = |entry: Result<Entry<'_>, IndexError>| {
        let (key, bytes) = entry?;
        let number = key[prefix.len()..].try_into().map(u64::from_be_bytes);
        let number = number.map_err(|_| IndexError::corrupted("a dead letter's key ends in its number"))?;
        decode(number, &bytes)
    };
    entries.take(limit).map(letter).collect()
}

fn decode(number: u64, bytes: &[u8]) -> Result<DeadLetter, Error> {
    let mut reader = Reader::new("dead letter", bytes);
    if reader.u8()? != 1 {
        return Err(reader.error("unknown format").into());
    }
    let time = reader.bytes()?.try_into().map_err(|_| reader.error("a time has eight bytes"))?;
    let text = |text: SmolStr| text.to_string();
    let (key, reason) = (text(reader.string()?), text(reader.string()?));
    let body = reader.bytes()?.to_vec();
    reader.finish()?;
    let timestamp = Timestamp(i64::from_be_bytes(time));
    Ok(DeadLetter { number, timestamp, letter: Letter { key, body, reason } })
}

/// The last number given, and how many letters there are.
#[derive(Debug, Clone, Copy, Default)]
struct Counters {
    last: u64,
    kept: u64,
}

impl Counters {
    fn read(snapshot: &dyn Snapshot, reaction: u32) -> Result<Self, Error> {
        let Some(bytes) = snapshot.get(&counters_key(reaction))? else { return Ok(Self::default()) };
        let mut reader = Reader::new("counters of dead letters", &bytes);
        let counters = Self { last: reader.varint()?, kept: reader.varint()? };
        reader.finish()?;
        Ok(counters)
    }

    fn encode(self) -> Vec<u8> {
        let mut out = Writer::new();
        out.varint(self.last).varint(self.kept);
        out.bytes
    }
}

fn counters_key(reaction: u32) -> Vec<u8> {
    Key::new(Space::DeadLetter).number(reaction).done()
}

fn entry_key(reaction: u32, number: u64) -> Vec<u8> {
    Key::new(Space::DeadLetter).number(reaction).long(number).done()
}
