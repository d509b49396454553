//! What a directory holds: nothing yet, a store, or something else.

use super::{fault, owner};
use crate::{IndexError, StoreId};
use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// The newest format that this build reads, and the one that it writes.
pub const FORMAT_VERSION: u32 = 1;
const MAGIC: &str = "Livewell store";
const FORMAT: &str = "FORMAT";
pub(crate) const FORMAT_NEW: &str = "FORMAT.new";
/// LMDB's name for its data file.
pub(crate) const DATA: &str = "data.mdb";
pub(super) const LOCK: &str = "lock.mdb";

/// The folder of a store that is being made from a backup, within its future directory.
pub(crate) const RESTORING: &str = "restoring";

/// The folder of the temporary stores that hold what a step cannot, below the store's own.
pub(super) const SCRATCH: &str = "scratch";

/// What the `FORMAT` file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) id: StoreId,
    /// False while the store is being made: it holds nothing yet.
    pub(super) ready: bool,
}

/// What a directory holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It is missing, or empty.
    Nothing,
    Store(Format),
}

/// Returns what the directory holds, without touching anything.
pub(super) fn look(path: &Path) -> Result<Found, IndexError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(fault::io("look at", path, &error)),
        Ok(metadata) if !metadata.is_dir() => {
            let error = std::io::Error::from(ErrorKind::NotADirectory);
            return Err(fault::io("open the store", path, &error));
        }
        Ok(_) => {}
    }
    match fs::read(path.join(FORMAT)) {
        Ok(bytes) => parse(path, &String::from_utf8_lossy(&bytes)).map(Found::Store),
        Err(error) if error.kind() == ErrorKind::NotFound => expect_empty(path).map(|()| Found::Nothing),
        Err(error) => Err(fault::io("read", &path.join(FORMAT), &error)),
    }
}

/// Refuses a directory that holds anything but what an interrupted creation of a store leaves.
fn expect_empty(path: &Path) -> Result<(), IndexError> {
    let entries = fs::read_dir(path).map_err(|error| fault::io("list", path, &error))?;
    for entry in entries {
        let name = entry.map_err(|error| fault::io("list", path, &error))?.file_name();
        if name == RESTORING {
            return Err(IndexError::unknown_store(format!(
                "a store was being restored into {}, and that was not finished; run `livewell restore` again, or \
                 remove the directory to begin with an empty store",
                path.display()
            )));
        }
        let ours = name == FORMAT_NEW || name == "lost+found" || name == owner::FILE && owner::is_ours(path);
        if !ours {
            let inside = path.join(&name);
            let advice = if inside.join(FORMAT).is_file() {
                format!("did you mean {}?", inside.display())
            } else {
                "name a store, or for a new one an empty directory or a new one".to_owned()
            };
            return Err(IndexError::unknown_store(format!(
                "{} is not a Livewell store: it is not empty ({}) and has no FORMAT file. Nothing in it was \
                 touched; {advice}",
                path.display(),
                name.display()
            )));
        }
    }
    Ok(())
}

fn parse(path: &Path, text: &str) -> Result<Format, IndexError> {
    let mut lines = text.lines();
    if lines.next() != Some(MAGIC) {
        let message =
            format!("{} is not a Livewell store: its FORMAT file is another program's", path.display());
        return Err(IndexError::unknown_store(message));
    }
    let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned);
    let version: Option<u32> = field("format").and_then(|version| version.parse().ok());
    match version {
        Some(FORMAT_VERSION) => {}
        Some(newer) if newer > FORMAT_VERSION => {
            return Err(IndexError::unknown_store(format!(
                "{} was written by a newer Livewell (format {newer}; this one reads up to {FORMAT_VERSION}): \
                 use that version or a later one",
                path.display()
            )));
        }
        _ => return Err(damaged(path)),
    }
    let id = field("id").filter(|id| id.len() == 32).and_then(|id| u128::from_str_radix(&id, 16).ok());
    let ready = match field("state").as_deref() {
        Some("ready") => true,
        Some("new") => false,
        _ => return Err(damaged(path)),
    };
    Ok(Format { id: StoreId(id.ok_or_else(|| damaged(path))?), ready })
}

fn damaged(path: &Path) -> IndexError {
    let file = path.join(FORMAT);
    IndexError::corrupted(format!("{} cannot be read; restore it from a backup", file.display()))
}

/// Creates the directory, durably; only its owner may list it or open anything in it.
pub(crate) fn make(path: &Path) -> Result<(), IndexError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let made = parent.map_or(Ok(()), fs::create_dir_all);
    let made = made.and_then(|()| DirBuilder::new().mode(0o700).create(path));
    made.map_err(|error| fault::io("make the directory", path, &error))?;
    parent.map_or(Ok(()), sync)
}

/// Notes, durably, that the directory holds the store `id`.
pub(crate) fn mark_ready(path: &Path, id: StoreId) -> Result<(), IndexError> {
    write_format(path, Format { id, ready: true })
}

/// Creates a file that only its owner may read.
pub(crate) fn private_file(path: &Path) -> std::io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// Writes the `FORMAT` file, durably.
pub(super) fn write_format(path: &Path, format: Format) -> Result<(), IndexError> {
    let state = if format.ready { "ready" } else { "new" };
    let text = format!("{MAGIC}\nformat {FORMAT_VERSION}\nid {:032x}\nstate {state}\n", format.id.0);
    replace(path, FORMAT, FORMAT_NEW, &text)
}

/// Replaces a file by `text`, whole or not at all, durably.
pub(crate) fn replace(path: &Path, name: &str, temporary: &str, text: &str) -> Result<(), IndexError> {
    let (target, fresh) = (path.join(name), path.join(temporary));
    let write = || {
        let mut file = File::create(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, &target)
    };
    write().map_err(|error| fault::io("write", &target, &error))?;
    sync(path)
}

/// Makes the names in a directory durable.
pub(super) fn sync(path: &Path) -> Result<(), IndexError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| fault::io("flush", path, &error))
}

/// Removes LMDB's files that an interrupted creation has left.
pub(super) fn remove_data(path: &Path) -> Result<(), IndexError> {
    for name in [DATA, LOCK] {
        match fs::remove_file(path.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(fault::io("remove", &path.join(name), &error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes the temporary stores of a process that was killed, and what is left of a finished restore.
pub(super) fn clear(path: &Path) -> Result<(), IndexError> {
    [SCRATCH, RESTORING].into_iter().try_for_each(|name| {
        let folder = path.join(name);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(fault::io("remove", &folder, &error)),
            _ => Ok(()),
        }
    })
}
