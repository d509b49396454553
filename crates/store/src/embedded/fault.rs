//! Failures of the system and of LMDB, as the error that says what the caller must do.

use crate::IndexError;
use heed::MdbError;
use rustix::fs::statvfs;
use std::io::{Error, ErrorKind};
use std::path::Path;

/// The system's error for a disk that does not read or write, and LMDB's for a write that stopped short.
const EIO: i32 = 5;
/// A file system with less free space than this counts as full.
const SPARE: u64 = 1 << 20;

/// Maps a failed call of the system, with the path in the message.
pub(super) fn io(action: &str, path: &Path, error: &Error) -> IndexError {
    let advice = match (error.kind(), error.raw_os_error()) {
        (ErrorKind::StorageFull | ErrorKind::QuotaExceeded, _) => "; free space on that disk",
        (_, Some(EIO)) => "; look at that disk and at the system's log",
        _ => "",
    };
    Error::new(error.kind(), format!("cannot {action} {}: {error}{advice}", path.display())).into()
}

/// Maps an error of LMDB in the store at `path`.
pub(super) fn lmdb(path: &Path, map_size: u64, error: heed::Error) -> IndexError {
    let place = path.display();
    match error {
        heed::Error::Mdb(MdbError::MapFull) => IndexError::Full(
            format!(
                "{place} has used up its map of {map_size} bytes; reopen it with a larger `map_size_bytes`"
            )
            .into(),
        ),
        heed::Error::Mdb(MdbError::ReadersFull) => IndexError::Connection(
            format!("all snapshots that {place} allows are in use; drop some, or raise `readers_max`").into(),
        ),
        heed::Error::Mdb(MdbError::TxnFull) => {
            IndexError::NotSupported(format!("a commit of so many pages at once in {place}; split it").into())
        }
        heed::Error::Mdb(MdbError::Panic) => IndexError::Io(
            format!("an earlier write to {place} failed half way; close the store and open it again").into(),
        ),
        heed::Error::Mdb(MdbError::VersionMismatch) => {
            IndexError::unknown_store(format!("the data file in {place} is of another version of LMDB"))
        }
        heed::Error::EnvAlreadyOpened => {
            IndexError::fenced(format!("{place} is already open in this process ({})", std::process::id()))
        }
        heed::Error::Io(error) => system(path, &error),
        error => IndexError::corrupted(format!("{place}: {error}; restore a backup, or wipe the store")),
    }
}

fn system(path: &Path, error: &Error) -> IndexError {
    let short = error.raw_os_error() == Some(EIO) && is_full(path);
    if short {
        return io("write to", path, &Error::from(ErrorKind::StorageFull));
    }
    io("use the store in", path, error)
}

/// Returns whether the file system that holds `path` has next to nothing left.
fn is_full(path: &Path) -> bool {
    statvfs(path).is_ok_and(|found| found.f_bavail.saturating_mul(found.f_frsize) < SPARE)
}
