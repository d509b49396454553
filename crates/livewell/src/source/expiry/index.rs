//! The index of what expires: when each element does, in that order.
//!
//! It follows every change of an element in the same commit. Changed settings begin a new index, which is filled piece
//! by piece from the elements; the old one is deleted in the background.

use crate::Error;
use crate::feed::element::decode_element;
use crate::source::key::expiry_key;
use crate::source::stage::discard;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{Element, Timestamp};
use livewell_source::expire::Expire;
use livewell_store::keyspace::{Key, Space};
use livewell_store::{Direction, Overlay, Snapshot};

/// What is stored of an index.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Record {
    /// Its number; a source's indexes count up, since an old one may still be deleted.
    pub(super) number: u32,
    /// The settings that it was made by; `None` if nothing expires.
    pub(super) rules: Option<Expire>,
    /// How far it is filled.
    pub(super) filled: Filled,
}

/// How far an index is filled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Filled {
    /// It has all elements.
    #[default]
    Whole,
    /// It has the elements up to this id, and what has changed since it began.
    UpTo(Vec<u8>),
}

/// An index, to look up and to change.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    source: u32,
    number: u32,
    rules: Expire,
}

/// An entry of an index.
pub(super) struct Entry {
    pub(super) key: Vec<u8>,
    pub(super) id: Vec<u8>,
}

impl Record {
    pub(super) fn read(overlay: &Overlay, source: u32) -> Result<Option<Self>, Error> {
        let Some(bytes) = overlay.get(&expiry_key(source))? else { return Ok(None) };
        let mut reader = Reader::new("expiry", &bytes);
        if reader.u8()? != 1 {
            return Err(reader.error("unknown format").into());
        }
        let number = u32::try_from(reader.varint()?).map_err(|_| reader.error("no number"))?;
        let rules = reader.bytes()?;
        let rules = (!rules.is_empty()).then(|| serde_json::from_slice(rules)).transpose();
        let rules = rules.map_err(|_| reader.error("no settings"))?;
        let filled = match reader.u8()? {
            0 => Filled::Whole,
            _ => Filled::UpTo(reader.bytes()?.to_vec()),
        };
        reader.finish()?;
        Ok(Some(Self { number, rules, filled }))
    }

    pub(super) fn put(&self, overlay: &mut Overlay, source: u32) {
        let rules = self.rules.as_ref().and_then(|rules| serde_json::to_vec(rules).ok());
        let mut out = Writer::new();
        out.u8(1).varint(self.number.into()).bytes(&rules.unwrap_or_default());
        match &self.filled {
            Filled::Whole => out.u8(0),
            Filled::UpTo(id) => out.u8(1).bytes(id),
        };
        overlay.put(expiry_key(source), out.bytes);
    }

    /// Begins another index by these settings, and drops this one.
    pub(super) fn replace(self, overlay: &mut Overlay, source: u32, rules: Option<Expire>, filled: Filled) {
        discard(overlay, &prefix(source, self.number));
        Self { number: self.number + 1, rules, filled }.put(overlay, source);
    }

    /// Returns the index, if it was made by these settings.
    pub(super) fn index(&self, source: u32, rules: &Expire) -> Option<Index> {
        let is_by_them = self.rules.as_ref() == Some(rules);
        is_by_them.then(|| Index { source, number: self.number, rules: rules.clone() })
    }
}

/// Drops the index of a source whose elements are all deleted, and begins an empty one.
pub(crate) fn wipe(overlay: &mut Overlay, source: u32) -> Result<(), Error> {
    if let Some(record) = Record::read(overlay, source)? {
        let rules = record.rules.clone();
        record.replace(overlay, source, rules, Filled::Whole);
    }
    Ok(())
}

impl Index {
    /// Returns the index of a source with these settings, if it has begun.
    pub(crate) fn read(overlay: &Overlay, source: u32, rules: &Expire) -> Result<Option<Self>, Error> {
        Ok(Record::read(overlay, source)?.and_then(|record| record.index(source, rules)))
    }

    /// Returns when an element that last changed at `changed` expires; `None` if never.
    pub(super) fn expires(&self, changed: Timestamp, element: &Element) -> Option<Timestamp> {
        let period = self.rules.period(element)?.as_nanos();
        Some(Timestamp(changed.0.saturating_add(i64::try_from(period).unwrap_or(i64::MAX))))
    }

    /// Moves the entry of an element from where its old stored form put it to where its new one does.
    pub(crate) fn follow(
        &self,
        overlay: &mut Overlay,
        id: &[u8],
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) -> Result<(), Error> {
        let (before, after) = (self.key(id, before)?, self.key(id, after)?);
        if before == after {
            return Ok(());
        }
        if let Some(key) = before {
            overlay.delete(key);
        }
        if let Some(key) = after {
            overlay.put(key, Vec::new());
        }
        Ok(())
    }

    fn key(&self, id: &[u8], stored: Option<&[u8]>) -> Result<Option<Vec<u8>>, Error> {
        let Some((changed, element)) = stored.map(decode_element).transpose()? else { return Ok(None) };
        let due = self.expires(changed, &element);
        Ok(due.map(|due| [prefix(self.source, self.number), ordered(due).to_vec(), id.to_vec()].concat()))
    }

    /// Returns at most `most` entries of what expires until `now`, the first ones first.
    pub(super) fn due(
        &self,
        snapshot: &dyn Snapshot,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Entry>, Error> {
        let prefix = prefix(self.source, self.number);
        let start = prefix.len() + size_of::<u64>();
        let mut due = Vec::new();
        snapshot.visit(&prefix, Direction::Forward, &mut |key, _| {
            let is_due = key.get(prefix.len()..start).is_some_and(|at| at <= ordered(now).as_slice());
            if is_due {
                due.push(Entry { key: key.to_vec(), id: key[start..].to_vec() });
            }
            is_due && due.len() < most
        })?;
        Ok(due)
    }
}

fn prefix(source: u32, number: u32) -> Vec<u8> {
    Key::new(Space::Expiry).number(source).number(number).done()
}

/// Returns a time as bytes whose order is that of times.
fn ordered(time: Timestamp) -> [u8; 8] {
    (time.0.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}
