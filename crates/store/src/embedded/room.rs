//! Blocks for the data file, allocated before they are needed, so that a full disk is an error and not a signal.
//!
//! A write through a map into a hole of the file ends the process if the disk is full. And a commit that allocates
//! its room beforehand either has it or has written nothing.

use super::fault;
use crate::IndexError;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const STEP_MIN: u64 = 1 << 20;
const STEP_MAX: u64 = 64 << 20;

/// The room of a data file.
pub(super) struct Room {
    file: File,
    path: PathBuf,
    /// Bytes from the start of the file that are known to have blocks.
    taken: u64,
    limit: u64,
    supported: bool,
    /// The size for which there was no room when it was last needed.
    lacking: Option<u64>,
}

impl Room {
    /// Looks after the file at `path`, which never grows beyond `limit` bytes; creates it if it is missing.
    pub(super) fn of(path: PathBuf, limit: u64) -> Result<Self, IndexError> {
        let opened =
            File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = opened.map_err(|error| fault::io("open", &path, &error))?;
        let mut room = Self { file, path, taken: 0, limit, supported: true, lacking: None };
        // Without changing the length: LMDB takes a file of length zero, and no other, for a new one.
        room.take(limit.min(STEP_MIN), FallocateFlags::KEEP_SIZE)?;
        Ok(room)
    }

    /// Returns whether the file system can allocate blocks in advance.
    pub(super) fn is_supported(&self) -> bool {
        self.supported
    }

    /// Makes sure that the first `bytes` bytes have blocks.
    pub(super) fn ensure(&mut self, bytes: u64) -> Result<(), IndexError> {
        let bytes = bytes.min(self.limit);
        if bytes <= self.taken {
            return Ok(());
        }
        if !self.supported {
            return self.lengthen(bytes);
        }
        let step = (bytes / 8).clamp(STEP_MIN, STEP_MAX);
        let ample = bytes.next_multiple_of(step).min(self.limit);
        let taken = match self.take(ample, FallocateFlags::empty()) {
            Err(IndexError::Full(_)) => self.take(bytes, FallocateFlags::empty()),
            other => other,
        };
        self.lacking = matches!(taken, Err(IndexError::Full(_))).then_some(bytes);
        taken
    }

    /// Makes sure that there is the room that was lacking when it was last needed.
    pub(super) fn ensure_lacking(&mut self) -> Result<(), IndexError> {
        self.lacking.map_or(Ok(()), |bytes| self.ensure(bytes))
    }

    fn take(&mut self, bytes: u64, flags: FallocateFlags) -> Result<(), IndexError> {
        loop {
            match fallocate(&self.file, flags, self.taken, bytes - self.taken) {
                Err(Errno::INTR) => {}
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                    self.supported = false;
                    return Ok(());
                }
                Err(error) => return Err(fault::io("make room in", &self.path, &error.into())),
                Ok(()) => break,
            }
        }
        // Blocks that were allocated beyond the end are allocated again within the length.
        if flags.is_empty() {
            self.taken = bytes;
        }
        Ok(())
    }

    /// Keeps the file at least as long as its last page, which LMDB itself does not promise.
    fn lengthen(&mut self, bytes: u64) -> Result<(), IndexError> {
        let failed = |error| fault::io("lengthen", &self.path, &error);
        if self.file.metadata().map_err(failed)?.len() < bytes {
            self.file.set_len(bytes).map_err(failed)?;
        }
        self.taken = bytes;
        Ok(())
    }

    /// Releases the blocks beyond `used` bytes. Only while nobody maps the file.
    pub(super) fn give_back(&mut self, used: u64) -> Result<(), IndexError> {
        let cut = self.file.set_len(used).and_then(|()| self.file.sync_all());
        cut.map_err(|error| fault::io("cut", &self.path, &error))?;
        self.taken = used;
        Ok(())
    }
}

/// Allocates blocks for the first `bytes` bytes of the file at `path` without changing its length. For LMDB's table
/// of readers, which is written through a map too.
pub(super) fn set_aside(path: &Path, bytes: u64) -> Result<(), IndexError> {
    Room::of(path.to_owned(), bytes).map(|_| ())
}
