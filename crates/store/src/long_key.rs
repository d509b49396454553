//! Stores keys that are longer than an engine allows, the same way on every backend.
//!
//! A key of at most [`LIMIT`] bytes is stored as it is. A longer one is stored as its first [`LIMIT`] bytes and the
//! BLAKE3 hash of the whole, with the whole key before the value. So a physical key of more than [`LIMIT`] bytes
//! always belongs to a long key. Scans restore the full order: only long keys that share their first [`LIMIT`] bytes
//! can be stored in another order, and those are adjacent.

use crate::IndexError;
use crate::snapshot::{Direction, Entries, Entry};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Bound;

/// The longest key that is stored as it is, in bytes.
pub const LIMIT: usize = 440;
/// The length of a long key's physical key.
pub const PHYSICAL: usize = LIMIT + 32;
/// The length of the physical keys that an engine may use for its own notes; no scan shows them.
pub const NOTE: usize = LIMIT + 1;
/// The longest key that a store accepts: an id of 64 KiB and what is put before it.
pub const MAX_KEY: usize = 64 * 1024 + 100;
/// The longest value that a store accepts.
pub const MAX_VALUE: usize = 1 << 30;

/// An engine's own map, from physical keys to physical values.
pub trait PhysicalMap {
    /// Returns the value under a physical key.
    ///
    /// # Errors
    /// Returns an error if the engine fails.
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, IndexError>;

    /// Returns the entries between two physical keys; a bound is never empty.
    ///
    /// # Errors
    /// Returns an error if the engine fails, also from the iterator.
    fn range(
        &self,
        from: Bound<Vec<u8>>,
        to: Bound<Vec<u8>>,
        direction: Direction,
    ) -> Result<impl Iterator<Item = Result<Entry<'_>, IndexError>>, IndexError>;
}

/// Refuses what no backend stores.
///
/// # Errors
/// Returns [`IndexError::NotSupported`] for an empty or too long key, or a too long value.
pub fn check(key: &[u8], value: Option<&[u8]>) -> Result<(), IndexError> {
    if key.is_empty() {
        return Err(IndexError::NotSupported("an empty key; keys have 1 byte or more".into()));
    }
    if key.len() > MAX_KEY {
        let length = key.len();
        let message =
            format!("a key of {length} bytes; the limit is {MAX_KEY}, so shorten the id it is made of");
        return Err(IndexError::NotSupported(message.into()));
    }
    if let Some(length) = value.map(<[u8]>::len).filter(|length| *length > MAX_VALUE) {
        let message = format!("a value of {length} bytes; the limit is {MAX_VALUE}, so split it");
        return Err(IndexError::NotSupported(message.into()));
    }
    Ok(())
}

/// Returns the key under which the engine stores `key`.
pub fn physical_key(key: &[u8]) -> Cow<'_, [u8]> {
    if key.len() <= LIMIT {
        return Cow::Borrowed(key);
    }
    let mut bytes = Vec::with_capacity(PHYSICAL);
    bytes.extend_from_slice(&key[..LIMIT]);
    bytes.extend_from_slice(blake3::hash(key).as_bytes());
    Cow::Owned(bytes)
}

/// Returns what the engine stores before the value of `key`: its length and itself if it is long, else nothing.
pub fn head(key: &[u8]) -> ([u8; 4], &[u8]) {
    let length = u32::try_from(key.len()).expect("keys are checked against MAX_KEY first");
    (length.to_be_bytes(), key)
}

/// Returns whether `key` is stored under another key.
pub fn is_long(key: &[u8]) -> bool {
    key.len() > LIMIT
}

/// Returns the physical value of `key`: `value` itself, or with the key before it.
pub fn physical_value<'a>(key: &[u8], value: &'a [u8]) -> Cow<'a, [u8]> {
    if !is_long(key) {
        return Cow::Borrowed(value);
    }
    let (length, key) = head(key);
    Cow::Owned([&length, key, value].concat())
}

/// Returns the value under a full key.
///
/// # Errors
/// Returns the errors of [`check`] and the map, or [`IndexError::Corrupted`] if the stored key is another one.
pub fn get<'a>(map: &'a impl PhysicalMap, key: &[u8]) -> Result<Option<Cow<'a, [u8]>>, IndexError> {
    check(key, None)?;
    if !is_long(key) {
        return map.get(key);
    }
    let Some(stored) = map.get(&physical_key(key))? else { return Ok(None) };
    let (found, value) = unpack(stored)?;
    if *found != *key {
        return Err(IndexError::corrupted(format!("another key lies under the hash of {}", shown(key))));
    }
    Ok(Some(value))
}

/// Returns the entries between two full keys, in the order of the full keys.
///
/// Long keys that share their first [`LIMIT`] bytes are gathered (as references, if the engine lends them).
///
/// # Errors
/// Returns the errors of the map, also from the iterator.
pub fn scan<'a>(
    map: &'a impl PhysicalMap,
    from: Bound<&[u8]>,
    to: Bound<&[u8]>,
    direction: Direction,
) -> Result<Entries<'a>, IndexError> {
    let lower = physical_lower(from);
    let upper = physical_upper(to);
    if is_empty_range(&lower, &upper) {
        return Ok(Box::new(std::iter::empty()));
    }
    let inner = map.range(lower, upper, direction)?;
    let (from, to) = (owned_long(from), owned_long(to));
    Ok(Box::new(FullOrder { inner, ahead: None, group: VecDeque::new(), from, to, direction, ended: false }))
}

/// Returns the first bytes of a key in hex, for messages.
pub fn shown(key: &[u8]) -> String {
    let mut text: String = key.iter().take(48).map(|byte| format!("{byte:02x}")).collect();
    if key.len() > 48 {
        text.push_str(&format!("... ({} bytes)", key.len()));
    }
    text
}

/// Checks that a long key's value begins with the key under which it lies.
///
/// # Errors
/// Returns [`IndexError::Corrupted`] if it is another one, or none.
pub fn check_physical(key: &[u8], value: &[u8]) -> Result<(), IndexError> {
    if key.len() != PHYSICAL {
        return Ok(());
    }
    let (found, _) = unpack(Cow::Borrowed(value))?;
    if *physical_key(&found) == *key && is_long(&found) {
        return Ok(());
    }
    Err(IndexError::corrupted(format!("another key lies under the hash of {}", shown(key))))
}

/// Splits a physical value of a long key into the full key and the value.
fn unpack(stored: Cow<'_, [u8]>) -> Result<Entry<'_>, IndexError> {
    let end = stored.split_first_chunk::<4>().map(|(length, _)| u32::from_be_bytes(*length) as usize + 4);
    let Some(end) = end.filter(|end| *end <= stored.len()) else {
        return Err(IndexError::corrupted("a long key's value does not hold the key"));
    };
    Ok(match stored {
        Cow::Borrowed(bytes) => (Cow::Borrowed(&bytes[4..end]), Cow::Borrowed(&bytes[end..])),
        Cow::Owned(bytes) => (Cow::Owned(bytes[4..end].to_vec()), Cow::Owned(bytes[end..].to_vec())),
    })
}

fn physical_lower(from: Bound<&[u8]>) -> Bound<Vec<u8>> {
    match from {
        // A short key equal to the first bytes of a long bound is less than the bound.
        Bound::Included(key) | Bound::Excluded(key) if is_long(key) => Bound::Excluded(key[..LIMIT].to_vec()),
        Bound::Included([]) | Bound::Unbounded => Bound::Unbounded,
        Bound::Excluded([]) => Bound::Unbounded,
        other => other.map(<[u8]>::to_vec),
    }
}

fn physical_upper(to: Bound<&[u8]>) -> Bound<Vec<u8>> {
    match to {
        Bound::Included(key) | Bound::Excluded(key) if is_long(key) => {
            let mut last = key[..LIMIT].to_vec();
            last.resize(PHYSICAL, 0xff);
            Bound::Included(last)
        }
        // No key is empty, so nothing lies at or below the empty one. One zero byte is the least key.
        Bound::Included([]) | Bound::Excluded([]) => Bound::Excluded(vec![0]),
        other => other.map(<[u8]>::to_vec),
    }
}

fn borrow(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}

fn owned_long(bound: Bound<&[u8]>) -> Bound<Vec<u8>> {
    match bound {
        Bound::Included(key) if is_long(key) => Bound::Included(key.to_vec()),
        Bound::Excluded(key) if is_long(key) => Bound::Excluded(key.to_vec()),
        _ => Bound::Unbounded,
    }
}

fn is_empty_range(from: &Bound<Vec<u8>>, to: &Bound<Vec<u8>>) -> bool {
    match (from, to) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => {
            from >= to
        }
    }
}

/// Passes short keys through, and each group of long keys in the order of the full keys.
struct FullOrder<'a, I> {
    inner: I,
    ahead: Option<Entry<'a>>,
    group: VecDeque<Entry<'a>>,
    from: Bound<Vec<u8>>,
    to: Bound<Vec<u8>>,
    direction: Direction,
    ended: bool,
}

impl<'a, I: Iterator<Item = Result<Entry<'a>, IndexError>>> FullOrder<'a, I> {
    fn pull(&mut self) -> Result<Option<Entry<'a>>, IndexError> {
        if let Some(entry) = self.ahead.take() {
            return Ok(Some(entry));
        }
        loop {
            match self.inner.next().transpose()? {
                Some(entry) if entry.0.len() == NOTE => {}
                other => return Ok(other),
            }
        }
    }

    /// Takes all entries that share the prefix of `first`, and sorts them.
    fn gather(&mut self, first: Entry<'a>) -> Result<(), IndexError> {
        let prefix = first.0[..LIMIT].to_vec();
        let mut found = Vec::new();
        let mut next = Some(first);
        while let Some((physical, stored)) = next {
            if physical.len() <= LIMIT || physical[..LIMIT] != prefix {
                self.ahead = Some((physical, stored));
                break;
            }
            let (key, value) = unpack(stored)?;
            if physical.len() != PHYSICAL || key.len() <= LIMIT || *physical != *physical_key(&key) {
                return Err(IndexError::corrupted(format!("a wrong key lies under {}", shown(&physical))));
            }
            if self.within(&key) {
                found.push((key, value));
            }
            next = self.pull()?;
        }
        found.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        if self.direction == Direction::Backward {
            found.reverse();
        }
        self.group = found.into();
        Ok(())
    }

    fn within(&self, key: &[u8]) -> bool {
        use std::ops::RangeBounds;
        (borrow(&self.from), borrow(&self.to)).contains(key)
    }

    fn step(&mut self) -> Result<Option<Entry<'a>>, IndexError> {
        loop {
            if let Some(entry) = self.group.pop_front() {
                return Ok(Some(entry));
            }
            match self.pull()? {
                Some(entry) if entry.0.len() <= LIMIT => return Ok(Some(entry)),
                Some(entry) => self.gather(entry)?,
                None => return Ok(None),
            }
        }
    }
}

impl<'a, I: Iterator<Item = Result<Entry<'a>, IndexError>>> Iterator for FullOrder<'a, I> {
    type Item = Result<Entry<'a>, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let result = self.step().transpose();
        self.ended = !matches!(result, Some(Ok(_)));
        result
    }
}
