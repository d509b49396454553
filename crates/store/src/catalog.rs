//! The catalog: ids of feeds and consumers, and the short numbers that stand for them in keys.
//!
//! Sources, queries and reactions share one id space. A number is never used twice, and an epoch counter outlives its
//! feed, so nothing that is made again is mistaken for what was there before.

use crate::keyspace::{Key, Space};
use crate::{Direction, Entry, IndexError, Snapshot, WriteSet};
use livewell_model::codec::{Reader, Writer};
use livewell_model::key::escaped;
use std::ops::Bound;

/// The feed number under which the catalog itself commits.
pub const CATALOG: u32 = 0;
/// The feed number under which the sweeper commits (see [`crate::sweep`]).
pub const SWEEPER: u32 = 1;
/// The number under which the scrub is known (see [`crate::scrub`]), which commits nothing.
pub const SCRUB: u32 = 2;
const FIRST: u32 = 16;

/// What an id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A source of a pipeline.
    Source = 1,
    /// A query of a pipeline.
    Query = 2,
    /// A reaction of a pipeline.
    Reaction = 3,
    /// Rows and an outbox written from outside, through [`crate::LiveResultsWriter`].
    Bare = 4,
}

/// One entry of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its number in keys.
    pub number: u32,
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// The definition it was last registered with (a query's text and sources, a reaction's settings), for commands
    /// that run without the configuration.
    pub definition: String,
}

/// Returns the entry of `id`, if there is one.
///
/// # Errors
/// Returns the errors of [`Snapshot::get`], or [`IndexError::Corrupted`] if the record is damaged.
pub fn find(snapshot: &dyn Snapshot, id: &str) -> Result<Option<Registered>, IndexError> {
    snapshot.get(&name_key(id))?.map(|bytes| decode(id.to_owned(), &bytes)).transpose()
}

/// Returns everything that is registered, by number.
///
/// # Errors
/// Returns the errors of [`Snapshot::scan`], or [`IndexError::Corrupted`] if a record is damaged.
pub fn all(snapshot: &dyn Snapshot) -> Result<Vec<Registered>, IndexError> {
    let from = [Space::Name as u8];
    let to = [Space::Name as u8 + 1];
    let mut registered = Vec::new();
    for entry in snapshot.scan(Bound::Included(&from), Bound::Excluded(&to), Direction::Forward)? {
        registered.push(named_by(&entry?)?);
    }
    registered.sort_by_key(|entry| entry.number);
    Ok(registered)
}

/// Returns what is registered with ids after `after`, by id, at most `most` entries.
///
/// # Errors
/// Returns the errors of [`all`].
pub fn page(
    snapshot: &dyn Snapshot,
    after: Option<&str>,
    most: usize,
) -> Result<Vec<Registered>, IndexError> {
    let after = after.map(name_key);
    let entries = snapshot.scan_after(&[Space::Name as u8], after.as_deref())?;
    entries.take(most).map(|entry| named_by(&entry?)).collect()
}

/// Assigns a number to `id`, in the catalog's write set; `taken` counts the numbers that this set has given already.
///
/// # Errors
/// Returns the errors of [`Snapshot::get`].
pub fn register(
    snapshot: &dyn Snapshot,
    set: &mut WriteSet,
    kind: Kind,
    id: &str,
    definition: &str,
) -> Result<Registered, IndexError> {
    let counter = Key::new(Space::Counter).rest(b"number");
    let last = match set.writes.get(&counter) {
        Some(Some(bytes)) => Some(read_number(bytes)?),
        _ => snapshot.get(&counter)?.map(|bytes| read_number(&bytes)).transpose()?,
    };
    let number = last.map_or(FIRST, |last| last + 1);
    set.put(counter, number.to_be_bytes().to_vec());
    let registered = Registered { number, kind, id: id.to_owned(), definition: definition.to_owned() };
    set.put(name_key(id), registered.encode());
    Ok(registered)
}

/// Returns the epoch after all that `id` ever had; the caller stores the counter with [`put_epoch`].
///
/// # Errors
/// Returns the errors of [`Snapshot::get`].
pub fn next_epoch(snapshot: &dyn Snapshot, id: &str) -> Result<u64, IndexError> {
    let last = snapshot.get(&epoch_key(id))?.map(|bytes| read_long(&bytes)).transpose()?;
    Ok(last.unwrap_or(0) + 1)
}

/// Remembers `epoch` as one that `id` has had.
pub fn put_epoch(set: &mut WriteSet, id: &str, epoch: u64) {
    set.put(epoch_key(id), epoch.to_be_bytes().to_vec());
}

/// Returns the position of the store: the number of the last transaction of any source.
///
/// # Errors
/// Returns the errors of [`Snapshot::get`].
pub fn position(snapshot: &dyn Snapshot) -> Result<u64, IndexError> {
    Ok(snapshot.get(&position_key())?.map(|bytes| read_long(&bytes)).transpose()?.unwrap_or(0))
}

/// Sets the position of the store.
pub fn put_position(set: &mut WriteSet, position: u64) {
    set.put(position_key(), position.to_be_bytes().to_vec());
}

impl Registered {
    /// Returns the key of the entry.
    pub fn key(&self) -> Vec<u8> {
        name_key(&self.id)
    }

    /// Returns the stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(1).varint(self.number.into()).u8(self.kind as u8).string(&self.definition);
        out.bytes
    }
}

/// Reads an entry of the catalog with the key that it is under.
fn named_by((key, value): &Entry<'_>) -> Result<Registered, IndexError> {
    let id = unescape(&key[1..]).ok_or(IndexError::corrupted("a name in the catalog is not text"))?;
    decode(id, value)
}

fn decode(id: String, bytes: &[u8]) -> Result<Registered, IndexError> {
    let mut reader = Reader::new("catalog entry", bytes);
    if reader.u8()? != 1 {
        return Err(reader.error("unknown format").into());
    }
    let number = u32::try_from(reader.varint()?).map_err(|_| reader.error("no number"))?;
    let kind = match reader.u8()? {
        1 => Kind::Source,
        2 => Kind::Query,
        3 => Kind::Reaction,
        4 => Kind::Bare,
        _ => return Err(reader.error("unknown kind").into()),
    };
    let definition = reader.string()?.to_string();
    reader.finish()?;
    Ok(Registered { number, kind, id, definition })
}

fn name_key(id: &str) -> Vec<u8> {
    let mut rest = Vec::with_capacity(id.len() + 2);
    escaped(id.as_bytes(), &mut rest);
    Key::new(Space::Name).rest(&rest)
}

fn epoch_key(id: &str) -> Vec<u8> {
    Key::new(Space::Counter).rest(&[b"epoch ".as_slice(), id.as_bytes()].concat())
}

fn position_key() -> Vec<u8> {
    Key::new(Space::Counter).rest(b"position")
}

fn unescape(bytes: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.strip_suffix(&[0, 0])?.iter();
    while let Some(byte) = rest.next() {
        out.push(*byte);
        if *byte == 0 {
            rest.next().filter(|mark| **mark == 0xff)?;
        }
    }
    String::from_utf8(out).ok()
}

fn read_number(bytes: &[u8]) -> Result<u32, IndexError> {
    bytes.try_into().map(u32::from_be_bytes).map_err(|_| IndexError::corrupted("a counter has four bytes"))
}

fn read_long(bytes: &[u8]) -> Result<u64, IndexError> {
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| IndexError::corrupted("a counter has eight bytes"))
}

/// Returns the name of a feed or consumer for messages: its id if that can be read, else its number.
pub fn named(snapshot: &dyn Snapshot, number: u32) -> String {
    let entries = all(snapshot).unwrap_or_default();
    let found = entries.into_iter().find(|entry| entry.number == number);
    found.map_or_else(|| format!("feed {number}"), |entry| format!("`{}`", entry.id))
}
