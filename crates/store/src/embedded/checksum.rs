//! The eight bytes before every value: a checksum over key and value.

use crate::IndexError;
use crate::long_key::shown;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// The length of the checksum.
pub(super) const LENGTH: usize = 8;

/// Returns the checksum of `value` under `key`. The key's hash seeds the value's, so a value under a wrong key fails.
pub(super) fn of(key: &[u8], value: &[u8]) -> [u8; LENGTH] {
    xxh3_64_with_seed(value, xxh3_64(key)).to_le_bytes()
}

/// Returns the value in what is stored under `key`, after checking it.
pub(super) fn open<'a>(key: &[u8], stored: &'a [u8]) -> Result<&'a [u8], IndexError> {
    match stored.split_first_chunk::<LENGTH>() {
        Some((sum, value)) if *sum == of(key, value) => Ok(value),
        _ => Err(IndexError::corrupted(format!(
            "the value under key {} does not match its checksum; restore a backup, or wipe the store",
            shown(key)
        ))),
    }
}
