//! Makes a backup: the data file is written aside, checked as a store, and named by the manifest at the very end.

use super::files::{copied, expect_outside_of_stores, failed};
use super::manifest::{DATA, MANIFEST, MANIFEST_NEW, Manifest, UNFINISHED};
use super::refusal::Refusal;
use crate::catalog::{self, Kind};
use crate::embedded::{self, EmbeddedOptions, EmbeddedStore};
use crate::{Head, IndexError, Snapshot, Store, StoreId};
use livewell_model::Timestamp;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A backup in the making. If its process is killed, the next backup in the same place removes what is left of it.
#[derive(Debug)]
pub struct Unfinished {
    directory: PathBuf,
    /// Held as long as this lives, so that no two processes write in one place.
    lock: Lock,
}

/// A locked directory.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child of this process that is just being started holds the file open as well.
        let _ = self.0.unlock();
    }
}

/// Backs up `store` into `directory`, which is created, or empty.
///
/// # Errors
/// Returns the errors of [`Unfinished::begin`], [`Store::copy`] and [`Unfinished::finish`].
pub fn write(store: &dyn Store, directory: &Path, taken: Timestamp) -> Result<Manifest, IndexError> {
    let unfinished = Unfinished::begin(directory)?;
    store.copy(&mut io::BufWriter::new(unfinished.data()?))?;
    unfinished.finish(store.id(), taken, &|_| Ok(()))
}

impl Unfinished {
    /// Takes `directory`, which is created, or is empty, or holds what an interrupted backup has left.
    ///
    /// # Errors
    /// Returns [`Refusal::Place`] if something else is there, or an I/O error of the system.
    pub fn begin(directory: &Path) -> Result<Self, IndexError> {
        expect_outside_of_stores(directory)?;
        embedded::make_directory(directory)?;
        let lock = take(directory, "backup")?;
        let leftovers = directory.join(UNFINISHED);
        let is_ours = leftovers.is_dir();
        for entry in fs::read_dir(directory).map_err(|error| failed("list", directory, &error))? {
            let name = entry.map_err(|error| failed("list", directory, &error))?.file_name();
            let is_left = is_ours && (name == UNFINISHED || name == DATA || name == MANIFEST_NEW);
            if name == MANIFEST || !is_left && name != "lost+found" {
                let place = directory.display();
                let what = if name == MANIFEST { "there is a backup in" } else { "there are files in" };
                let message = format!("{what} {place}; name a directory that is new or empty");
                return Err(Refusal::Place(message).into());
            }
        }
        for path in [directory.join(DATA), directory.join(MANIFEST_NEW)] {
            remove(fs::remove_file(&path), &path)?;
        }
        remove(fs::remove_dir_all(&leftovers), &leftovers)?;
        fs::create_dir(&leftovers).map_err(|error| failed("make the directory", &leftovers, &error))?;
        Ok(Self { directory: directory.to_owned(), lock })
    }

    /// Opens the file to write the data file to.
    ///
    /// # Errors
    /// Returns an I/O error of the system.
    pub fn data(&self) -> Result<File, IndexError> {
        let path = self.directory.join(UNFINISHED).join(DATA);
        embedded::private_file(&path).map_err(|error| failed("make", &path, &error))
    }

    /// Checks what was written as a store, with `check` for what the store itself cannot know, and ends the backup,
    /// which is durable then.
    ///
    /// # Errors
    /// Returns [`IndexError::Corrupted`] if what was written is not whole, or an I/O error of the system. The backup
    /// then stays unfinished.
    pub fn finish(
        self,
        store: StoreId,
        taken: Timestamp,
        check: &dyn Fn(&EmbeddedStore) -> Result<(), IndexError>,
    ) -> Result<Manifest, IndexError> {
        let Self { directory, lock } = &self;
        let making = directory.join(UNFINISHED);
        embedded::mark_ready(&making, store)?;
        let opened =
            EmbeddedStore::open_with(&making, EmbeddedOptions { create: false, ..Default::default() })?;
        let entries = opened.verify()?;
        check(&opened)?;
        let snapshot = opened.snapshot()?;
        let (position, feeds) = (catalog::position(&*snapshot)?, feeds(&*snapshot)?);
        drop(snapshot);
        drop(opened);
        let (from, to) = (making.join(DATA), directory.join(DATA));
        fs::rename(&from, &to).map_err(|error| failed("move", &from, &error))?;
        let (bytes, hash) = copied(&to, io::sink())?;
        let manifest = Manifest { store, taken, position, entries, bytes, hash, feeds };
        embedded::replace_file(directory, MANIFEST, MANIFEST_NEW, &manifest.text())?;
        // From here on nobody looks at what is left of this.
        remove(fs::remove_dir_all(&making), &making)?;
        lock.0.sync_all().map_err(|error| failed("flush", directory, &error))?;
        Ok(manifest)
    }
}

/// Locks a directory for `what`, which is being made in it.
pub(super) fn take(directory: &Path, what: &str) -> Result<Lock, IndexError> {
    let opened = File::open(directory).map_err(|error| failed("open", directory, &error))?;
    match opened.try_lock() {
        Ok(()) => Ok(Lock(opened)),
        Err(TryLockError::WouldBlock) => {
            let message = format!(
                "{} is in use: a {what} is being made there, or a store is open",
                directory.display()
            );
            Err(Refusal::Place(message).into())
        }
        Err(TryLockError::Error(error)) => Err(failed("lock", directory, &error)),
    }
}

/// Passes the outcome of a removal on; it is not an error if there was nothing to remove.
pub(super) fn remove(outcome: io::Result<()>, path: &Path) -> Result<(), IndexError> {
    match outcome {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Describes how far each source and query is: kind, epoch, sequence, rows, id.
fn feeds(snapshot: &dyn Snapshot) -> Result<Vec<String>, IndexError> {
    let mut feeds = Vec::new();
    for entry in catalog::all(snapshot)? {
        let Some(head) = Head::read(snapshot, entry.number)? else { continue };
        let kind = match entry.kind {
            Kind::Source => "source",
            Kind::Query => "query",
            Kind::Reaction => "reaction",
            Kind::Bare => "bare",
        };
        let Head { epoch, sequence, rows, .. } = head;
        feeds.push(format!("{kind} {epoch} {sequence} {rows} {}", entry.id.escape_default()));
    }
    Ok(feeds)
}
