//! The head of a feed: its current state in one small record, which every commit of the feed rewrites.

use crate::IndexError;
use crate::keyspace::{Key, Space};
use crate::snapshot::{Direction, Entry, Snapshot};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{SmolStr, Timestamp};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The current state of a feed: its epoch and generation, the last sequence and position, and counts of its log and
/// rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The epoch; 0 before the feed's first commit.
    pub epoch: u64,
    /// The generation of the snapshot (and of a query's operator state) that is the true one.
    pub generation: u32,
    /// The highest generation ever begun; an abandoned one is never used again.
    pub last_generation: u32,
    /// Why a new generation is being built, if one is.
    pub building: Option<Building>,
    /// The number of the last log entry; 0 if there is only the base.
    pub sequence: u64,
    /// The frontier of this feed: the position of the store up to which it has processed everything.
    pub position: u64,
    /// The largest transaction time seen.
    pub timestamp: Timestamp,
    /// The first sequence that the log still holds; `sequence + 1` if it holds none.
    pub low: u64,
    /// How many entries the log holds: all from `low` to `sequence`, except that an outbox written from outside may
    /// have holes.
    pub log_entries: u64,
    /// How many bytes the log holds.
    pub log_bytes: u64,
    /// How many entries the snapshot has.
    pub rows: u64,
    /// An order-independent hash of the snapshot's entries: the sum of [`entry_hash`] over them.
    pub rows_hash: u64,
}

/// Why a query's rows are being rebuilt.
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

impl Building {
    /// Returns the reason in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Rebuilt => "rebuilt",
        }
    }
}

/// The stored form of the record of an epoch.
const PLAIN: u8 = 1;

/// The stored form of the record of an epoch of a query that is run for each value of its parameters.
const FOR_EACH: u8 = 2;

/// The stored form that says how many parameters there are, if any, and where the epoch begins.
const BEGUN: u8 = 3;

/// Returns the hash of one snapshot entry, over its key within the feed and its stored bytes.
pub fn entry_hash(key: &[u8], value: &[u8]) -> u64 {
    xxh3_64_with_seed(value, xxh3_64_with_seed(key, 0))
}

impl Head {
    /// Returns the head of feed number `feed`, if it has one.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::get`], or [`IndexError::Corrupted`] if the record is damaged.
    pub fn read(snapshot: &dyn Snapshot, feed: u32) -> Result<Option<Self>, IndexError> {
        snapshot.get(&Self::key(feed))?.map(|bytes| Self::from_bytes(&bytes)).transpose()
    }

    /// Returns the key of the head of feed number `feed`.
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

    /// Returns the stored form.
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
    /// Returns [`IndexError::Corrupted`] if the bytes are something else.
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

/// The definition of an epoch of a feed, kept as long as somebody may still follow it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EpochRecord {
    /// The hash of the definition that the epoch's entries came from.
    pub config_hash: u64,
    /// A fingerprint of the plan and the layout of its state; if only this differs, the state is rebuilt.
    pub fingerprint: u64,
    /// The names of a query's columns; empty for a source.
    pub columns: Vec<SmolStr>,
    /// How many of the columns, from the first on, are parameters that the query is run for each value of: its rows
    /// are indexed by these. 0 for every other query.
    pub parameters: usize,
    /// Where its base is; `None` if that is not known, as in stores of earlier versions, and for a source that began
    /// empty.
    pub begin: Option<Moment>,
    /// Set when the epoch has ended because a person changed the definition.
    pub end: Option<EpochEnd>,
}

/// A moment in the order of all changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The position of the store.
    pub position: u64,
    /// The latest time of the transactions up to there.
    pub time: Timestamp,
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
    /// Returns the key of the record of an epoch.
    pub fn key(feed: u32, epoch: u64) -> Vec<u8> {
        Key::new(Space::Epoch).number(feed).long(epoch).done()
    }

    /// Returns the epochs of a feed that have a record, ascending.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::scan`], or [`IndexError::Corrupted`] if a key is damaged.
    pub fn epochs(snapshot: &dyn Snapshot, feed: u32) -> Result<Vec<u64>, IndexError> {
        let prefix = Key::new(Space::Epoch).number(feed).done();
        let epoch = |entry: Result<Entry<'_>, IndexError>| {
            let epoch = entry?.0[prefix.len()..].try_into().map(u64::from_be_bytes);
            epoch.map_err(|_| IndexError::corrupted("an epoch's key ends in its number"))
        };
        snapshot.scan_prefix(&prefix, Direction::Forward)?.map(epoch).collect()
    }

    /// Returns the first epoch of a feed after this one that has a record.
    ///
    /// # Errors
    /// Returns the errors of [`EpochRecord::epochs`].
    pub fn after(snapshot: &dyn Snapshot, feed: u32, epoch: u64) -> Result<Option<u64>, IndexError> {
        Ok(Self::epochs(snapshot, feed)?.into_iter().find(|later| *later > epoch))
    }

    /// Returns the record of an epoch, if it is kept.
    ///
    /// # Errors
    /// Returns the errors of [`Snapshot::get`], or [`IndexError::Corrupted`] if the record is damaged.
    pub fn read(snapshot: &dyn Snapshot, feed: u32, epoch: u64) -> Result<Option<Self>, IndexError> {
        snapshot.get(&Self::key(feed, epoch))?.map(|bytes| Self::decode(&bytes)).transpose()
    }

    /// Returns the stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        let format = if self.parameters == 0 { PLAIN } else { FOR_EACH };
        out.u8(if self.begin.is_some() { BEGUN } else { format });
        out.bytes(&self.config_hash.to_be_bytes()).bytes(&self.fingerprint.to_be_bytes());
        out.varint(self.columns.len() as u64);
        self.columns.iter().for_each(|name| {
            out.string(name);
        });
        out.u8(u8::from(self.end.is_some()));
        if let Some(end) = &self.end {
            out.varint(end.sequence).varint(end.low).string(&end.reason);
        }
        if self.begin.is_some() || self.parameters > 0 {
            out.varint(self.parameters as u64);
        }
        if let Some(Moment { position, time }) = self.begin {
            out.varint(position).signed(time.0);
        }
        out.bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, IndexError> {
        let mut reader = Reader::new("epoch record", bytes);
        let format = reader.u8()?;
        if !matches!(format, PLAIN | FOR_EACH | BEGUN) {
            return Err(reader.error("unknown format").into());
        }
        let mut hash = || -> Result<u64, IndexError> {
            let bytes = reader.bytes()?.try_into().map_err(|_| reader.error("a hash has eight bytes"))?;
            Ok(u64::from_be_bytes(bytes))
        };
        let (config_hash, fingerprint) = (hash()?, hash()?);
        let columns: Vec<SmolStr> =
            (0..reader.count()?).map(|_| reader.string()).collect::<Result<_, _>>()?;
        let end = match reader.u8()? {
            0 => None,
            _ => Some(EpochEnd {
                sequence: reader.varint()?,
                low: reader.varint()?,
                reason: reader.string()?.to_string(),
            }),
        };
        let parameters = if format == PLAIN { 0 } else { reader.varint()? };
        let parameters = usize::try_from(parameters).ok().filter(|parameters| *parameters <= columns.len());
        let parameters = parameters.ok_or_else(|| reader.error("more parameters than columns"))?;
        let begin = match format {
            BEGUN => Some(Moment { position: reader.varint()?, time: Timestamp(reader.signed()?) }),
            _ => None,
        };
        reader.finish()?;
        Ok(Self { config_hash, fingerprint, columns, parameters, begin, end })
    }
}
