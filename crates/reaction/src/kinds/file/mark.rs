//! The mark of a file in a checkpoint: its length, and a hash of its end.
//!
//! With the length alone, a replaced file of at least that length would pass for ours. The hash covers the last 4 KiB
//! only, so that checking costs the same for every file.

use crate::ReactionError;
use livewell_model::DecodeError;
use livewell_model::codec::{Reader, Writer};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use xxhash_rust::xxh3::xxh3_128;

const FORMAT: u8 = 1;
const TAIL_BYTES_MAX: u64 = 4096;

/// A file's committed length and the hash of the content before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Bytes.
    pub length: u64,
    tail_hash: u128,
}

impl Mark {
    /// Returns the mark of `file` cut at `length`, which it must have at least.
    pub fn of(file: &mut File, length: u64) -> io::Result<Self> {
        let tail = tail(file, length)?;
        Ok(Self { length, tail_hash: xxh3_128(&tail) })
    }

    /// Returns the bytes stored with a checkpoint: a format byte, the length, the hash (16 bytes, big-endian).
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(FORMAT).varint(self.length).bytes(&self.tail_hash.to_be_bytes());
        out.bytes
    }

    /// Returns the mark in a checkpoint's detail.
    pub fn decode(detail: &[u8]) -> Result<Self, ReactionError> {
        Self::read(detail).map_err(|cause| ReactionError::Detail { cause })
    }

    fn read(detail: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("file position", detail);
        if reader.u8()? != FORMAT {
            return Err(reader.error("unknown format"));
        }
        let length = reader.varint()?;
        let hash = reader.bytes()?.try_into().map_err(|_| reader.error("not a hash of 16 bytes"))?;
        reader.finish()?;
        Ok(Self { length, tail_hash: u128::from_be_bytes(hash) })
    }
}

/// Returns the last bytes before `length`.
pub(super) fn tail(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    let size = length.min(TAIL_BYTES_MAX);
    let mut tail = vec![0; usize::try_from(size).expect("4 KiB fit in memory")];
    file.seek(SeekFrom::Start(length - size))?;
    file.read_exact(&mut tail)?;
    Ok(tail)
}
