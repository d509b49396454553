//! Who has the store open: a locked file, which the system releases however the owner ends.

use super::fault;
use crate::IndexError;
use livewell_model::Timestamp;
use std::fs::{self, File, Metadata, TryLockError};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// The name of the file.
pub(super) const FILE: &str = "OWNER";
const MAGIC: &str = "Livewell store owner";

/// The ownership of a store's directory, as long as this lives.
///
/// The directory is locked as well: if somebody removes the file, the next owner would lock another one.
pub(super) struct Owner {
    locked: Mutex<File>,
    directory: Option<File>,
    path: PathBuf,
}

impl Owner {
    /// Takes the directory; the error names its owner.
    pub(super) fn take(directory: &Path) -> Result<Self, IndexError> {
        let path = directory.join(FILE);
        // On a file system that does not lock directories, the file alone is locked.
        let whole = File::open(directory).ok();
        let whole = match whole.as_ref().map(File::try_lock) {
            Some(Err(TryLockError::WouldBlock)) => return Err(taken(directory, &path)),
            Some(Ok(())) => whole,
            Some(Err(TryLockError::Error(_))) | None => None,
        };
        let locked = lock(&path)?.ok_or_else(|| taken(directory, &path))?;
        Ok(Self { locked: Mutex::new(locked), directory: whole, path })
    }

    /// Checks that the locked file is still the one in the directory. Writes it again if it was removed or replaced.
    ///
    /// # Errors
    /// Returns [`IndexError::Fenced`] if another process has taken the directory meanwhile.
    pub(super) fn check(&self) -> Result<(), IndexError> {
        let mut locked = self.locked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same =
            |found: &Metadata, ours: &Metadata| (found.dev(), found.ino()) == (ours.dev(), ours.ino());
        if let (Ok(found), Ok(ours)) = (fs::metadata(&self.path), locked.metadata())
            && is_same(&found, &ours)
        {
            return Ok(());
        }
        let again = lock(&self.path)?.ok_or_else(|| {
            IndexError::fenced(format!(
                "{} was removed while this process had the store open, and another process has opened it since; stop \
                 both, then start one",
                self.path.display()
            ))
        })?;
        tracing::warn!(
            code = "LW0301",
            "{} was removed while the store is open, and is written again",
            self.path.display()
        );
        *locked = again;
        Ok(())
    }
}

/// Locks the file and writes this process' name into it; `None` if another process has it.
fn lock(path: &Path) -> Result<Option<File>, IndexError> {
    let opened = File::options().read(true).write(true).create(true).truncate(false).open(path);
    let mut file = opened.map_err(|error| fault::io("open", path, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(fault::io("lock", path, &error)),
    }
    let written = file.set_len(0).and_then(|()| file.write_all(describe().as_bytes()));
    written.map_err(|error| fault::io("write", path, &error))?;
    Ok(Some(file))
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Closing is not enough: a child of this process that is just being started holds the file open as well,
        // until it runs its own program. If unlocking fails, closing is the second try.
        let _ = self.locked.get_mut().unwrap_or_else(PoisonError::into_inner).unlock();
        let _ = self.directory.as_ref().map(File::unlock);
    }
}

/// Returns whether the file in `directory` was made by [`Owner::take`].
pub(super) fn is_ours(directory: &Path) -> bool {
    fs::read_to_string(directory.join(FILE)).is_ok_and(|text| text.is_empty() || text.starts_with(MAGIC))
}

fn taken(directory: &Path, path: &Path) -> IndexError {
    let text = fs::read_to_string(path).unwrap_or_default();
    let since = since(path).map(|since| format!("since {since}"));
    let who: Vec<&str> = text.lines().skip(1).chain(since.as_deref()).collect();
    IndexError::fenced(format!(
        "{} is already open: {}. One process at a time can own a store; stop that one first",
        directory.display(),
        if who.is_empty() { "its owner has left no name".to_owned() } else { who.join(", ") }
    ))
}

/// Returns when the owner wrote its name, by the file system's clock.
fn since(path: &Path) -> Option<String> {
    let written = fs::metadata(path).ok()?.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp(i64::try_from(written.as_nanos()).ok()?).to_rfc3339())
}

fn describe() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_else(|_| "unknown".to_owned());
    let command: Vec<String> = std::env::args_os().map(|part| part.to_string_lossy().into_owned()).collect();
    // One line each, whatever the command line contains.
    let command: String = command.join(" ").chars().filter(|letter| !letter.is_control()).take(200).collect();
    let pid = std::process::id();
    let host = host.trim();
    format!("{MAGIC}\npid {pid}\nhost {host}\ncommand {command}\n")
}
