//! The ways in which records are compressed.

use super::error::Error;
use std::borrow::Cow;
use std::io::{Read, Write};

/// How records are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// By gzip.
    Gzip,
    /// By Snappy, in one block.
    Snappy,
    /// By LZ4, in frames.
    Lz4,
    /// By Zstandard.
    Zstd,
}

impl Compression {
    /// Returns the bits that name it in the attributes of a batch.
    pub(super) fn bits(self) -> i16 {
        self as i16
    }
}

/// Returns the bytes in compressed form.
pub(super) fn pack(compression: Compression, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::Malformed(format!("records cannot be compressed ({compression:?}): {error}"))
    };
    match compression {
        Compression::None => Ok(bytes),
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(&bytes).and_then(|()| encoder.finish()).map_err(|error| failed(&error))
        }
        Compression::Snappy => snap::raw::Encoder::new().compress_vec(&bytes).map_err(|error| failed(&error)),
        Compression::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(&bytes).map_err(|error| failed(&error))?;
            encoder.finish().map_err(|error| failed(&error))
        }
        Compression::Zstd => {
            zstd::encode_all(&*bytes, zstd::DEFAULT_COMPRESSION_LEVEL).map_err(|error| failed(&error))
        }
    }
}

/// Returns the compression that the attributes of a batch name.
pub(super) fn of(attributes: i16) -> Result<Compression, Error> {
    match attributes & 7 {
        0 => Ok(Compression::None),
        1 => Ok(Compression::Gzip),
        2 => Ok(Compression::Snappy),
        3 => Ok(Compression::Lz4),
        4 => Ok(Compression::Zstd),
        other => Err(Error::Refused(format!("records are compressed in a way that is not known: {other}"))),
    }
}

/// Returns the bytes before they were compressed, at most `max` of them.
pub(super) fn unpack(compression: Compression, bytes: &[u8], max: usize) -> Result<Cow<'_, [u8]>, Error> {
    let damaged = |error: &dyn std::fmt::Display| {
        Error::Malformed(format!("records cannot be decompressed ({compression:?}): {error}"))
    };
    let unpacked = match compression {
        Compression::None => return Ok(Cow::Borrowed(bytes)),
        Compression::Gzip => whole(flate2::read::MultiGzDecoder::new(bytes), max),
        Compression::Snappy => return snappy(bytes, max).map(Cow::Owned),
        Compression::Lz4 => whole(lz4_flex::frame::FrameDecoder::new(bytes), max),
        Compression::Zstd => zstd::Decoder::new(bytes).and_then(|decoder| whole(decoder, max)),
    };
    let unpacked = unpacked.map_err(|error| damaged(&error))?;
    if unpacked.len() > max { Err(too_long(max)) } else { Ok(Cow::Owned(unpacked)) }
}

fn whole(reader: impl Read, max: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(max as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads one block of Snappy, or the stream of blocks that Java's producer writes.
fn snappy(bytes: &[u8], max: usize) -> Result<Vec<u8>, Error> {
    /// A name, a version and the oldest version that can read it.
    const STREAM: &[u8] = b"\x82SNAPPY\0";
    const STREAM_HEAD: usize = 16;
    if !bytes.starts_with(STREAM) {
        return block(bytes, max);
    }
    let (mut rest, mut all) = (bytes.get(STREAM_HEAD..).unwrap_or_default(), Vec::new());
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let (one, behind) = behind.split_at_checked(length).ok_or_else(|| {
            Error::Malformed("records cannot be decompressed (Snappy): a block is not whole".into())
        })?;
        all.extend_from_slice(&block(one, max - all.len())?);
        rest = behind;
    }
    Ok(all)
}

fn block(bytes: &[u8], max: usize) -> Result<Vec<u8>, Error> {
    let damaged =
        |error: snap::Error| Error::Malformed(format!("records cannot be decompressed (Snappy): {error}"));
    if snap::raw::decompress_len(bytes).map_err(damaged)? > max {
        return Err(too_long(max));
    }
    snap::raw::Decoder::new().decompress_vec(bytes).map_err(damaged)
}

fn too_long(max: usize) -> Error {
    Error::Refused(format!("a batch of records is longer than {max} bytes once it is decompressed"))
}
