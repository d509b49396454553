//! What a component has set aside until a person decides: a source's input, a reaction's messages. Each piece has a
//! number, and an order about it is carried out by the component's own thread.

use crate::Error;
use livewell_model::codec::{Reader, Writer};
use livewell_store::catalog;
use livewell_store::damage::Damage;
use livewell_store::keyspace::{Key, Space};
use livewell_store::snapshot::Entry;
use livewell_store::{Direction, IndexError, Overlay, Snapshot, WriteSet};
use std::collections::BTreeSet;
use std::ops::Bound;

/// A person's order about what a component has set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) what: What,
    /// The numbers of the pieces; `None`: all of them.
    pub(crate) numbers: Option<BTreeSet<u64>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Try it again, with another text if one is given.
    Again { text: Option<String> },
    /// Drop it.
    Discard,
}

/// What somebody has asked for about a piece that was set aside, and what has not been done yet: it is done between two
/// deliveries, and so not while a reaction pauses before it tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordered {
    /// It is to be sent again.
    Again,
    /// It is to be dropped.
    Discard,
}

/// The orders about what a component has set aside that were not carried out yet, the first one first.
#[derive(Debug, Clone, Default)]
pub struct Orders(Vec<Order>);

impl Orders {
    /// Returns what is to become of the piece with this number first; `None` if nobody has asked for anything.
    pub fn of(&self, number: u64) -> Option<Ordered> {
        let names = |order: &&Order| order.numbers.as_ref().is_none_or(|named| named.contains(&number));
        self.0.iter().find(names).map(|order| match order.what {
            What::Again { .. } => Ordered::Again,
            What::Discard => Ordered::Discard,
        })
    }
}

impl From<&[Order]> for Orders {
    fn from(orders: &[Order]) -> Self {
        Self(orders.to_vec())
    }
}

impl Order {
    pub(crate) fn new(what: What, numbers: Option<Vec<u64>>) -> Self {
        Self { what, numbers: numbers.map(BTreeSet::from_iter) }
    }
}

/// Everything that one component has set aside, under numbers that count from 1 and are never used twice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SetAside {
    space: Space,
    owner: u32,
}

impl SetAside {
    /// Returns what component number `owner` keeps in `space`.
    pub(crate) fn of(space: Space, owner: u32) -> Self {
        Self { space, owner }
    }

    /// Returns the input that source number `owner` has parked.
    pub(crate) fn parked(owner: u32) -> Self {
        Self { space: Space::Parked, owner }
    }

    /// Returns the letters that reaction number `owner` could not deliver.
    pub(crate) fn dead_letters(owner: u32) -> Self {
        Self { space: Space::DeadLetter, owner }
    }

    /// Checks that each piece is there that an order to the component `id` names.
    pub(crate) fn check(self, snapshot: &dyn Snapshot, id: &str, order: &Order) -> Result<(), Error> {
        for number in order.numbers.iter().flatten() {
            if *number == 0 || snapshot.get(&self.entry_key(*number))?.is_none() {
                return Err(Error::nothing_numbered(id, *number));
            }
        }
        Ok(())
    }

    /// Adds a piece at the end; returns its number.
    pub(crate) fn add(self, overlay: &mut Overlay, bytes: Vec<u8>) -> Result<u64, Error> {
        let (mut counters, held) = self.counted(overlay)?;
        counters.last += 1;
        counters.kept += 1;
        counters.bytes = Some(held + bytes.len() as u64);
        overlay.put(self.entry_key(counters.last), bytes);
        overlay.put(self.counters_key(), counters.encode());
        Ok(counters.last)
    }

    /// Replaces the piece with this number.
    pub(crate) fn replace(self, overlay: &mut Overlay, number: u64, bytes: Vec<u8>) -> Result<(), Error> {
        let (mut counters, held) = self.counted(overlay)?;
        let before = self.length(overlay, number)?;
        counters.bytes = Some((held + bytes.len() as u64).saturating_sub(before));
        overlay.put(self.entry_key(number), bytes);
        overlay.put(self.counters_key(), counters.encode());
        Ok(())
    }

    /// Removes a piece.
    pub(crate) fn take_out(self, overlay: &mut Overlay, number: u64) -> Result<(), Error> {
        let (mut counters, held) = self.counted(overlay)?;
        counters.kept = counters.kept.saturating_sub(1);
        counters.bytes = Some(held.saturating_sub(self.length(overlay, number)?));
        overlay.delete(self.entry_key(number));
        overlay.put(self.counters_key(), counters.encode());
        Ok(())
    }

    /// Returns how many there are, and how many bytes they have.
    pub(crate) fn amount(self, overlay: &Overlay) -> Result<(u64, u64), Error> {
        let (counters, bytes) = self.counted(overlay)?;
        Ok((counters.kept, bytes))
    }

    /// Returns how many pieces there are, and how many bytes they have as far as that was counted. Cheap enough to be
    /// called often.
    pub(crate) fn amount_at_least(self, snapshot: &dyn Snapshot) -> Result<(u64, u64), Error> {
        let counters = Counters::decode(snapshot.get(&self.counters_key())?.as_deref())?;
        Ok((counters.kept, counters.bytes.unwrap_or(0)))
    }

    fn counted(self, overlay: &Overlay) -> Result<(Counters, u64), Error> {
        let counters = Counters::decode(overlay.get(&self.counters_key())?.as_deref())?;
        let bytes = match counters.bytes {
            Some(bytes) => bytes,
            // An earlier version did not count the bytes; the next write stores what is counted here.
            None => {
                let counters_key = self.counters_key();
                let mut bytes = 0;
                for entry in overlay.scan(&counters_key, Direction::Forward)? {
                    let (key, value) = entry?;
                    bytes += if *key == *counters_key { 0 } else { value.len() as u64 };
                }
                bytes
            }
        };
        Ok((counters, bytes))
    }

    fn length(self, overlay: &Overlay, number: u64) -> Result<u64, Error> {
        Ok(overlay.get(&self.entry_key(number))?.map_or(0, |bytes| bytes.len() as u64))
    }

    /// Removes all pieces; returns how many there were.
    pub(crate) fn clear(self, snapshot: &dyn Snapshot, set: &mut WriteSet) -> Result<u64, Error> {
        let counters = Counters::decode(snapshot.get(&self.counters_key())?.as_deref())?;
        for entry in self.entries(snapshot, 0)? {
            set.delete(self.entry_key(entry?.0));
        }
        if counters.kept > 0 {
            set.put(self.counters_key(), Counters { kept: 0, bytes: Some(0), ..counters }.encode());
        }
        Ok(counters.kept)
    }

    /// Returns how many there are.
    pub(crate) fn count(self, snapshot: &dyn Snapshot) -> Result<u64, Error> {
        Ok(Counters::decode(snapshot.get(&self.counters_key())?.as_deref())?.kept)
    }

    /// Returns the first `limit` pieces after number `after`, in the order in which they were set aside.
    pub(crate) fn list<T>(
        self,
        snapshot: &dyn Snapshot,
        after: u64,
        limit: usize,
        decode: impl Fn(u64, &[u8]) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let decode = |entry: Result<(u64, Vec<u8>), Error>| {
            let (number, bytes) = entry?;
            decode(number, &bytes)
        };
        let listed: Vec<T> =
            self.entries(snapshot, after)?.take(limit).map(decode).collect::<Result<_, _>>()?;
        if listed.len() < limit {
            self.check_count(snapshot)?;
        }
        Ok(listed)
    }

    /// Returns an error if fewer pieces are there than were counted.
    pub(crate) fn check_count(self, snapshot: &dyn Snapshot) -> Result<(), Error> {
        let counted = self.count(snapshot)?;
        let found = self.entries(snapshot, 0)?.try_fold(0, |found, entry| entry.map(|_| found + 1))?;
        if found == counted {
            return Ok(());
        }
        let what = if self.space == Space::Parked { "pieces of parked input" } else { "dead letters" };
        let feed = catalog::named(snapshot, self.owner);
        Err(IndexError::from(Damage::Count { feed, what, found, counted }).into())
    }

    /// Returns the first pieces after number `after` that an order names: at most `limit`, and about `bytes_max` bytes.
    pub(crate) fn named<T>(
        self,
        snapshot: &dyn Snapshot,
        order: &Order,
        after: u64,
        (limit, bytes_max): (usize, usize),
        decode: impl Fn(u64, &[u8]) -> Result<T, Error>,
    ) -> Result<Vec<(u64, T)>, Error> {
        let mut bytes_taken = 0;
        let mut named = Vec::new();
        let mut take = |number, bytes: &[u8]| -> Result<bool, Error> {
            named.push((number, decode(number, bytes)?));
            bytes_taken += bytes.len();
            Ok(named.len() < limit && bytes_taken < bytes_max)
        };
        match &order.numbers {
            None => {
                for entry in self.entries(snapshot, after)? {
                    let (number, bytes) = entry?;
                    if !take(number, &bytes)? {
                        return Ok(named);
                    }
                }
                self.check_count(snapshot)?;
            }
            Some(numbers) => {
                for number in numbers.range((Bound::Excluded(after), Bound::Unbounded)) {
                    if let Some(bytes) = snapshot.get(&self.entry_key(*number))?
                        && !take(*number, &bytes)?
                    {
                        break;
                    }
                }
            }
        }
        Ok(named)
    }

    fn entries(
        self,
        snapshot: &dyn Snapshot,
        after: u64,
    ) -> Result<impl Iterator<Item = Result<(u64, Vec<u8>), Error>>, Error> {
        let prefix = self.counters_key();
        let entries = snapshot.scan_after(&prefix, Some(&self.entry_key(after)))?;
        Ok(entries.map(move |entry: Result<Entry<'_>, IndexError>| {
            let (key, bytes) = entry?;
            let number = key[prefix.len()..].try_into().map(u64::from_be_bytes);
            let number =
                number.map_err(|_| IndexError::corrupted("a key of what is set aside ends in its number"))?;
            Ok((number, bytes.into_owned()))
        }))
    }

    fn counters_key(self) -> Vec<u8> {
        Key::new(self.space).number(self.owner).done()
    }

    fn entry_key(self, number: u64) -> Vec<u8> {
        Key::new(self.space).number(self.owner).long(number).done()
    }
}

/// The last number used, the number of pieces, and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counters {
    last: u64,
    kept: u64,
    /// `None` if an earlier version has not counted them.
    bytes: Option<u64>,
}

impl Counters {
    fn decode(bytes: Option<&[u8]>) -> Result<Self, Error> {
        let Some(bytes) = bytes else { return Ok(Self { bytes: Some(0), ..Self::default() }) };
        let mut reader = Reader::new("counters of what is set aside", bytes);
        // Before pieces could be removed there was one number, of eight bytes; the last number used is never 0.
        if bytes.first() == Some(&0) {
            let last = reader.u64_be()?;
            reader.finish()?;
            return Ok(Self { last, kept: last, bytes: None });
        }
        let (last, kept) = (reader.varint()?, reader.varint()?);
        let bytes = if reader.is_done() { None } else { Some(reader.varint()?) };
        let counters = Self { last, kept, bytes };
        reader.finish()?;
        Ok(counters)
    }

    fn encode(self) -> Vec<u8> {
        let mut out = Writer::new();
        out.varint(self.last).varint(self.kept);
        if let Some(bytes) = self.bytes {
            out.varint(bytes);
        }
        out.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_order_that_names_a_piece_says_what_becomes_of_it() {
        let again = |numbers| Order::new(What::Again { text: None }, numbers);
        let orders = [again(Some(vec![2, 3])), Order::new(What::Discard, Some(vec![1, 2]))];
        let of = |orders: &[Order], number| Orders::from(orders).of(number);
        assert_eq!(
            [0, 1, 2].map(|number| of(&orders, number)),
            [None, Some(Ordered::Discard), Some(Ordered::Again)]
        );
        assert_eq!(of(&[again(None)], 9), Some(Ordered::Again));
        assert_eq!(of(&[], 1), None);
    }

    #[test]
    fn counters_are_read_as_they_are_written_and_as_they_were_written_once() {
        for (last, kept, bytes) in
            [(1, 1, None), (1, 0, Some(0)), (300, 299, Some(1)), (u64::MAX, 1 << 40, Some(u64::MAX))]
        {
            let counters = Counters { last, kept, bytes };
            assert_eq!(Counters::decode(Some(&counters.encode())).unwrap(), counters);
        }
        for count in [1u64, 255, 1 << 40] {
            let once = Counters::decode(Some(&count.to_be_bytes())).unwrap();
            assert_eq!(once, Counters { last: count, kept: count, bytes: None });
        }
        assert_eq!(Counters::decode(None).unwrap(), Counters { last: 0, kept: 0, bytes: Some(0) });
        assert!(Counters::decode(Some(&[0, 0])).is_err() && Counters::decode(Some(&[])).is_err());
    }
}
