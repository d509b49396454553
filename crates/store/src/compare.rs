//! The compare of a commit, the same on every backend: the key of a feed's version and its stored form.

use crate::commit::Conflict;
use crate::keyspace::Space;
use crate::{IndexError, Snapshot, Version, WriteSet};

/// Returns the key of the version of `feed`.
pub fn version_key(feed: u32) -> [u8; 5] {
    let [a, b, c, d] = feed.to_be_bytes();
    [Space::Version as u8, a, b, c, d]
}

/// Returns the version of `feed` in a snapshot; all zero if there is no such feed.
///
/// # Errors
/// Returns the errors of [`Snapshot::get`], or [`IndexError::Corrupted`] if the stored bytes are not a version.
pub fn read_version(snapshot: &dyn Snapshot, feed: u32) -> Result<Version, IndexError> {
    decode(snapshot.get(&version_key(feed))?.as_deref(), feed)
}

impl WriteSet {
    /// Makes an empty set for `feed` that was computed from `snapshot`.
    ///
    /// # Errors
    /// Returns the errors of [`read_version`].
    pub fn over(snapshot: &dyn Snapshot, feed: u32) -> Result<Self, IndexError> {
        Ok(Self::from_version(feed, read_version(snapshot, feed)?))
    }
}

/// Reads the bytes under a feed's version key as a version; no bytes are the version of all zeros.
///
/// # Errors
/// Returns [`IndexError::Corrupted`] if the bytes are not a version.
pub fn decode(stored: Option<&[u8]>, feed: u32) -> Result<Version, IndexError> {
    let Some(bytes) = stored else { return Ok(Version::default()) };
    let (Some((epoch, rest)), 16) = (bytes.split_first_chunk::<8>(), bytes.len()) else {
        return Err(IndexError::corrupted(format!(
            "the version of feed {feed} has {} bytes, not 16",
            bytes.len()
        )));
    };
    let commit = rest.try_into().expect("16 bytes less 8 are 8");
    Ok(Version { epoch: u64::from_be_bytes(*epoch), commit: u64::from_be_bytes(commit) })
}

/// Returns what to store under a feed's version key: nothing for all zeros, since the feed is gone.
pub fn encode(version: Version) -> Option<[u8; 16]> {
    if version == Version::default() {
        return None;
    }
    Some((u128::from(version.epoch) << 64 | u128::from(version.commit)).to_be_bytes())
}

/// Refuses a set that was computed from another version than the stored one.
///
/// # Errors
/// Returns the conflict.
pub fn check(set: &WriteSet, found: Version) -> Result<(), Conflict> {
    if found == set.expected {
        return Ok(());
    }
    Err(Conflict { feed: set.feed, expected: set.expected, found })
}
