//! Reads the decompressed bytes of a file and checks the identity of the file.

use super::gzip::Gzip;
use super::{Compression, FileMark};
use crate::SourceError;
use crate::error::STRICT_STOPS;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

/// Large enough that system calls are rare compared with the work on the data.
const BUFFER_BYTES: usize = 128 << 10;

/// An open file, decompressed as it is read.
pub(super) struct Input {
    pub path: PathBuf,
    pub compression: Compression,
    pub identity: Identity,
    bytes: BufReader<Box<dyn Read + Send>>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Input {
    pub fn open(path: &Path, compression: Compression) -> Result<Self, SourceError> {
        let compressed = compression != Compression::None;
        let fail = |error: std::io::Error| SourceError::io(path, compressed, &error);
        let file = File::open(path).map_err(fail)?;
        let metadata = file.metadata().map_err(fail)?;
        if metadata.is_dir() {
            return Err(fail(std::io::ErrorKind::IsADirectory.into()));
        }
        let identity = Identity::of(&metadata);
        let bytes: Box<dyn Read + Send> = match compression {
            Compression::None => Box::new(file),
            Compression::Gzip => Box::new(Gzip::new(file)),
            Compression::Zstd => Box::new(zstd::Decoder::new(file).map_err(fail)?),
        };
        let bytes = BufReader::with_capacity(BUFFER_BYTES, bytes);
        Ok(Self { path: path.to_owned(), compression, bytes, identity })
    }

    /// Returns the next bytes, at least one unless the file ends here (for now).
    pub fn chunk(&mut self) -> Result<&[u8], SourceError> {
        loop {
            match self.bytes.fill_buf() {
                // Asked again below: the borrow of a returned buffer would outlive the loop.
                Ok(_) => break,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let compressed = self.compression != Compression::None;
                    return Err(SourceError::io(&self.path, compressed, &error));
                }
            }
        }
        Ok(self.bytes.buffer())
    }

    /// Marks the first `count` bytes of the chunk as read.
    pub fn consume(&mut self, count: usize) {
        self.bytes.consume(count);
    }

    /// Checks, at the end of a file that is followed, that it is still the file that was opened and not
    /// shorter than what was read.
    pub fn check_followed(&self, read: u64) -> Result<(), SourceError> {
        if self.is_at(&self.path, read)? {
            return Ok(());
        }
        std::fs::metadata(&self.path).map_err(|error| SourceError::io(&self.path, false, &error))?;
        Err(SourceError::changed(format!(
            "`{}` was replaced by another file while it was followed; put the old file back, or reset the source to begin with the new one: `livewell reset SOURCE` ({STRICT_STOPS}); for a log that is rotated say `rotation: rename`",
            self.path.display()
        )))
    }

    /// Returns whether the file that was opened is the one at `path` now; it must not be shorter then than what was
    /// read.
    pub fn is_at(&self, path: &Path, read: u64) -> Result<bool, SourceError> {
        let metadata = match std::fs::metadata(path) {
            Ok(metadata) if Identity::of(&metadata) == self.identity => metadata,
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(SourceError::io(path, false, &error)),
        };
        if metadata.len() < read {
            return Err(shortened(&path.display(), metadata.len(), read));
        }
        Ok(true)
    }
}

/// Returns the error about a file shorter than what was read of it.
pub(super) fn shortened(path: &dyn std::fmt::Display, length: u64, read: u64) -> SourceError {
    SourceError::changed(format!(
        "`{path}` was shortened to {length} bytes, and reading stood at byte {read}; put back the file as it was, or reset the source to read it again from its beginning: `livewell reset SOURCE` ({STRICT_STOPS})"
    ))
}

/// Returns the error about a file whose first `read` bytes have changed.
pub(super) fn edited(path: &dyn std::fmt::Display, read: u64) -> SourceError {
    SourceError::changed(format!(
        "`{path}` was changed before byte {read}, where reading stood; put back the file as it was, or reset the source to read it again from its beginning: `livewell reset SOURCE` ({STRICT_STOPS}); new lines belong at the end of the last file"
    ))
}

/// Checks that the file at `path`, which was read to its end, is unchanged.
pub(super) fn verify_done(path: &Path, compression: Compression, mark: &FileMark) -> Result<(), SourceError> {
    let mut input = Input::open(path, compression)?;
    let mut digest = Xxh3::new();
    let mut bytes = 0u64;
    loop {
        let chunk = input.chunk()?;
        let (count, wanted) = (chunk.len(), mark.bytes - bytes);
        if count as u64 > wanted {
            digest.update(&chunk[..wanted as usize]);
            return Err(match digest.digest128() == mark.digest {
                false => edited(&path.display(), mark.bytes),
                true => SourceError::changed(format!(
                    "`{}` has grown since it was read to its end at byte {}; only the last file of the list may grow: put the new lines into a file of their own at the end of the list",
                    path.display(),
                    mark.bytes
                )),
            });
        }
        if count == 0 {
            break;
        }
        digest.update(chunk);
        bytes += count as u64;
        input.consume(count);
    }
    if bytes < mark.bytes {
        return Err(shortened(&path.display(), bytes, mark.bytes));
    }
    if digest.digest128() == mark.digest { Ok(()) } else { Err(edited(&path.display(), mark.bytes)) }
}

/// Distinguishes files under the same path, if the system can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity(Option<(u64, u64)>);

impl Identity {
    /// Returns the file's number in the file system.
    pub fn inode(&self) -> Option<u64> {
        self.0.map(|(_, inode)| inode)
    }

    #[cfg(unix)]
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(Some((metadata.dev(), metadata.ino())))
    }

    #[cfg(not(unix))]
    pub fn of(_: &std::fs::Metadata) -> Self {
        Self(None)
    }
}
