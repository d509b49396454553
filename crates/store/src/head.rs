//! The head of a feed: what of it is true now, in one small record that every commit of the feed rewrites.

use crate::IndexError;
use crate::keyspace::{Key, Space};
use crate::snapshot::{Direction, Entry, Snapshot};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{SmolStr, Timestamp};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The epoch; 0 before the feed's first commit.
    pub epoch: u64,
    /// Which generation of the snapshot (and of a query's operator state) is the true one.
    pub generation: u32,
    /// The highest generation ever begun; one that was given up is never taken up again.
    pub last_generation: u32,
    /// Why a new generation is being built, while one is.
    pub building: Option<Building>,
    /// The number of the last log entry: 0 where only the base stands.
    pub sequence: u64,
    /// Up to which position of the store this feed has taken everything in: its frontier.
    pub position: u64,
    /// The largest transaction time seen.
    pub timestamp: Timestamp,
    /// The first sequence that the log still holds; `sequence + 1` where it holds none.
    pub low: u64,
    /// How many entries the log holds: all from `low` to `sequence`, but in an outbox written from outside,
    /// which may leave holes.
    pub log_entries: u64,
    /// How many bytes the log holds.
    pub log_bytes: u64,
    /// How many entries the snapshot has.
    pub rows: u64,
    /// An order-independent hash of the snapshot's entries: the sum of [`entry_hash`] over them.
    pub rows_hash: u64,
}

/// Why a query's rows are being built anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Building {
    /// The query is new and its sources already hold something.
    New = 1,
    /// A person changed its definition: a new epoch begins.
    Changed = 2,
    /// Its state is rebuilt in the same epoch: a reset, a gap, an upgrade.
    Rebuilt = 3,
}

/// The hash of one snapshot entry, over its key within the feed and its stored bytes.
pub fn entry_hash(key: &[u8], value: &[u8]) -> u64 {
    xxh3_64_with_seed(value, xxh3_64_with_seed(key, 0))
}

impl Head {
    /// The head of feed number `feed`, if it has one.
    ///
    /// # Errors
    /// As [`Snapshot::get`], and where the record is damaged.
    pub fn read(snapshot: &dyn Snapshot, feed: u32) -> Result<Option<Self>, IndexError> {
        snapshot.get(&Self::key(feed))?.map(|bytes| Self::from_bytes(&bytes)).transpose()
    }

    /// Where the head of feed number `feed` lies.
    pub fn key(feed: u32) -> Vec<u8> {
        Key::new(Space::Head).number(feed).done()
    }

    /// Counts an entry that came (`after`), went (`before`), or changed (both), under its key in the feed.
    pub fn count(&mut self, key: &[u8], before: Option<&[u8]>, after: Option<&[u8]>) {
        if let Some(before) = before {
            self.rows = self.rows.checked_sub(1).expect("an entry goes only where one was");
            self.rows_hash = self.rows_hash.wrapping_sub(entry_hash(key, before));
        }
        if let Some(after) = after {
            self.rows += 1;
            self.rows_hash = self.rows_hash.wrapping_add(entry_hash(key, after));
        }
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(1).varint(self.epoch).varint(self.generation.into()).varint(self.last_generation.into());
        out.u8(self.building.map_or(0, |building| building as u8)).varint(self.sequence);
        out.varint(self.position).signed(self.timestamp.0).varint(self.low);
        out.varint(self.log_entries).varint(self.log_bytes);
        out.varint(self.rows).bytes.extend_from_slice(&self.rows_hash.to_be_bytes());
        out.bytes
    }

    /// Reads what [`Head::encode`] wrote.
    ///
    /// # Errors
    /// [`IndexError::Corrupted`] where the bytes are something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IndexError> {
        let mut reader = Reader::new("feed head", bytes);
        if reader.u8()? != 1 {
            return Err(reader.error("unknown format").into());
        }
        let head = Self {
            epoch: reader.varint()?,
            generation: u32::try_from(reader.varint()?).map_err(|_| reader.error("no generation"))?,
            last_generation: u32::try_from(reader.varint()?).map_err(|_| reader.error("no generation"))?,
            building: match reader.u8()? {
                0 => None,
                1 => Some(Building::New),
                2 => Some(Building::Changed),
                3 => Some(Building::Rebuilt),
                _ => return Err(reader.error("unknown cause of a build").into()),
            },
            sequence: reader.varint()?,
            position: reader.varint()?,
            timestamp: Timestamp(reader.signed()?),
            low: reader.varint()?,
            log_entries: reader.varint()?,
            log_bytes: reader.varint()?,
            rows: reader.varint()?,
            rows_hash: reader.u64_be()?,
        };
        reader.finish()?;
        Ok(head)
    }
}

/// What an epoch of a feed was defined as; kept as long as somebody may still follow it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EpochRecord {
    /// The definition the epoch's entries came from.
    pub config_hash: u64,
    /// A fingerprint of the plan and the layout of its state: where only it differs, the state is rebuilt.
    pub fingerprint: u64,
    /// The names of a query's columns; empty for a source.
    pub columns: Vec<SmolStr>,
    /// Set when the epoch has ended because a person changed the definition.
    pub end: Option<EpochEnd>,
}

/// How a finished epoch's log can still be drained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochEnd {
    /// Its last sequence.
    pub sequence: u64,
    /// The first sequence its log still holds.
    pub low: u64,
    /// Why it ended.
    pub reason: String,
}

impl EpochRecord {
    /// Where the record of an epoch lies.
    pub fn key(feed: u32, epoch: u64) -> Vec<u8> {
        Key::new(Space::Epoch).number(feed).long(epoch).done()
    }

    /// The epochs of a feed that a record is kept of, ascending.
    ///
    /// # Errors
    /// As [`Snapshot::scan`], and if a key is damaged.
    pub fn epochs(snapshot: &dyn Snapshot, feed: u32) -> Result<Vec<u64>, IndexError> {
        let prefix = Key::new(Space::Epoch).number(feed).done();
        let epoch = |entry: Result<Entry<'_>, IndexError>| {
            let epoch = entry?.0[prefix.len()..].try_into().map(u64::from_be_bytes);
            epoch.map_err(|_| IndexError::corrupted("an epoch's key ends in its number"))
        };
        snapshot.scan_prefix(&prefix, Direction::Forward)?.map(epoch).collect()
    }

    /// The record of an epoch, if it is kept.
    ///
    /// # Errors
    /// As [`Snapshot::get`], and where the record is damaged.
    pub fn read(snapshot: &dyn Snapshot, feed: u32, epoch: u64) -> Result<Option<Self>, IndexError> {
        snapshot.get(&Self::key(feed, epoch))?.map(|bytes| Self::decode(&bytes)).transpose()
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(1).bytes(&self.config_hash.to_be_bytes()).bytes(&self.fingerprint.to_be_bytes());
        out.varint(self.columns.len() as u64);
        self.columns.iter().for_each(|name| {
            out.string(name);
        });
        out.u8(u8::from(self.end.is_some()));
        if let Some(end) = &self.end {
            out.varint(end.sequence).varint(end.low).string(&end.reason);
        }
        out.bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, IndexError> {
        let mut reader = Reader::new("epoch record", bytes);
        if reader.u8()? != 1 {
            return Err(reader.error("unknown format").into());
        }
        let mut hash = || -> Result<u64, IndexError> {
            let bytes = reader.bytes()?.try_into().map_err(|_| reader.error("a hash has eight bytes"))?;
            Ok(u64::from_be_bytes(bytes))
        };
        let (config_hash, fingerprint) = (hash()?, hash()?);
        let columns = (0..reader.count()?).map(|_| reader.string()).collect::<Result<_, _>>()?;
        let end = match reader.u8()? {
            0 => None,
            _ => Some(EpochEnd {
                sequence: reader.varint()?,
                low: reader.varint()?,
                reason: reader.string()?.to_string(),
            }),
        };
        reader.finish()?;
        Ok(Self { config_hash, fingerprint, columns, end })
    }
}
