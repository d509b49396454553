//! The position of a file source, with a fingerprint of everything that was read.

use crate::SourceError;
use crate::error::{ErrorKind, STRICT_STOPS, code};
use livewell_model::codec::{DecodeError, Reader, Writer};
use xxhash_rust::xxh3::xxh3_128;

const FORMAT: u8 = 1;
/// The format that includes the number of the file.
const FORMAT_ROTATED: u8 = 2;

/// A beginning of a file: its length and fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMark {
    /// How many bytes of decompressed content.
    pub bytes: u64,
    /// Their XXH3-128.
    pub digest: u128,
}

/// A position in a list of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePosition {
    /// The files that were read to their end, in the order of the list; the position is in the file after them.
    pub done: Vec<FileMark>,
    /// How many bytes of that file's decompressed content were read.
    pub offset: u64,
    /// How many of its lines.
    pub line: u64,
    /// The XXH3-128 of those bytes.
    pub digest: u128,
    /// The number of that file in the file system, if it may be found under another name later.
    pub inode: Option<u64>,
}

impl Default for FilePosition {
    /// Returns the beginning of the first file.
    fn default() -> Self {
        Self { done: Vec::new(), offset: 0, line: 0, digest: xxh3_128(&[]), inode: None }
    }
}

impl FilePosition {
    /// Returns the stored form: see `docs/format/`.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(if self.inode.is_some() { FORMAT_ROTATED } else { FORMAT });
        out.varint(self.done.len() as u64);
        for mark in &self.done {
            out.varint(mark.bytes);
            out.bytes.extend_from_slice(&mark.digest.to_be_bytes());
        }
        out.varint(self.offset).varint(self.line);
        out.bytes.extend_from_slice(&self.digest.to_be_bytes());
        if let Some(inode) = self.inode {
            out.varint(inode);
        }
        out.bytes
    }

    /// Decodes a position that [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Position`] if the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, SourceError> {
        read(Reader::new("file position", bytes)).map_err(|error| {
            let message = format!(
                "{error}; restore the store from a copy, or `livewell reset SOURCE` to read its files again ({STRICT_STOPS})"
            );
            SourceError::new(ErrorKind::Position, code::POSITION, message)
        })
    }
}

fn read(mut from: Reader<'_>) -> Result<FilePosition, DecodeError> {
    let format = from.u8()?;
    if format != FORMAT && format != FORMAT_ROTATED {
        return Err(from.error("another version wrote it"));
    }
    let count = from.count()?;
    let done = (0..count)
        .map(|_| Ok(FileMark { bytes: from.varint()?, digest: digest(&mut from)? }))
        .collect::<Result<_, DecodeError>>()?;
    let (offset, line, digest) = (from.varint()?, from.varint()?, digest(&mut from)?);
    let inode = (format == FORMAT_ROTATED).then(|| from.varint()).transpose()?;
    from.finish()?;
    Ok(FilePosition { done, offset, line, digest, inode })
}

fn digest(from: &mut Reader<'_>) -> Result<u128, DecodeError> {
    Ok(u128::from_be_bytes(from.take(16)?.try_into().expect("sixteen bytes were taken")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_storing_and_nothing_else_passes_for_one() {
        let mark = FileMark { bytes: 300, digest: 7 };
        for inode in [None, Some(77)] {
            let done = vec![mark, mark];
            let position = FilePosition { done, offset: 1 << 40, line: 12, digest: u128::MAX, inode };
            let bytes = position.encode();
            assert_eq!(FilePosition::decode(&bytes), Ok(position));
            for end in 0..bytes.len() {
                assert_eq!(FilePosition::decode(&bytes[..end]).unwrap_err().kind, ErrorKind::Position);
            }
            assert!(FilePosition::decode(&[&bytes[..], &[0]].concat()).is_err());
            assert!(FilePosition::decode(&[&[3], &bytes[1..]].concat()).is_err());
        }
    }
}
