//! Makes a store from a backup: copied aside, checked, given new epochs, and turned into a store by the last rename.

use super::epochs::begin_epochs;
use super::files::{copied, expect_outside_of_stores, failed};
use super::make::{remove, take};
use super::manifest::{DATA, Manifest, not_whole};
use super::refusal::Refusal;
use crate::IndexError;
use crate::embedded::{self, EmbeddedOptions, EmbeddedStore, RESTORING};
use livewell_model::Timestamp;
use std::fs::{self, File};
use std::path::Path;

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The manifest of the backup.
    pub manifest: Manifest,
    /// The sources and queries, each with its new epoch.
    pub epochs: Vec<(String, u64)>,
}

/// Makes a store in `into` from the backup in `directory`. Every source and query begins a new epoch. Its number is
/// beyond every epoch in the backup and at least the milliseconds from 1970 to `now`, so that results which were
/// delivered in epochs after the backup are never taken for this history.
///
/// # Errors
/// Returns [`Refusal::NotWhole`] if the backup is not as it was made, [`Refusal::Place`] if `into` holds anything but
/// what an interrupted restore has left, [`IndexError::Corrupted`] if its contents are damaged, or an I/O error of
/// the system.
pub fn restore(
    directory: &Path,
    into: &Path,
    now: Timestamp,
    check: &dyn Fn(&EmbeddedStore) -> Result<(), IndexError>,
) -> Result<Restored, IndexError> {
    let manifest = Manifest::read(directory)?;
    expect_outside_of_stores(into)?;
    embedded::make_directory(into)?;
    let _lock = take(into, "restore")?;
    let making = prepare(into)?;
    copy(directory, &making, &manifest)?;
    embedded::mark_ready(&making, manifest.store)?;
    let store = EmbeddedStore::open_with(&making, EmbeddedOptions { create: false, ..Default::default() })?;
    store.verify()?;
    check(&store)?;
    let least = u64::try_from(now.0 / 1_000_000).unwrap_or(0);
    let epochs = begin_epochs(&store, least)?;
    drop(store);
    for name in [DATA, embedded::SESSION_FILE] {
        let (from, to) = (making.join(name), into.join(name));
        fs::rename(&from, &to).map_err(|error| failed("move", &from, &error))?;
    }
    // From here on it is a store, whether or not the leftovers beside it can be removed.
    embedded::mark_ready(into, manifest.store)?;
    remove(fs::remove_dir_all(&making), &making)?;
    Ok(Restored { manifest, epochs })
}

/// Removes what an interrupted restore has left in `into`, and makes the folder for this one.
fn prepare(into: &Path) -> Result<std::path::PathBuf, IndexError> {
    let making = into.join(RESTORING);
    let is_ours = making.is_dir();
    let mut leftovers = Vec::new();
    for entry in fs::read_dir(into).map_err(|error| failed("list", into, &error))? {
        let name = entry.map_err(|error| failed("list", into, &error))?.file_name();
        if name == "lost+found" || name == RESTORING {
            continue;
        }
        let is_left = [DATA, embedded::SESSION_FILE, embedded::FORMAT_NEW].iter().any(|left| name == *left);
        if !is_ours || !is_left {
            let message = format!(
                "{} is not empty ({}), and a store is restored into a new or empty directory only; move what is there \
                 away first",
                into.display(),
                name.display()
            );
            return Err(Refusal::Place(message).into());
        }
        leftovers.push(into.join(name));
    }
    leftovers.iter().try_for_each(|path| remove(fs::remove_file(path), path))?;
    remove(fs::remove_dir_all(&making), &making)?;
    fs::create_dir(&making).map_err(|error| failed("make the directory", &making, &error))?;
    File::open(into).and_then(|into| into.sync_all()).map_err(|error| failed("flush", into, &error))?;
    Ok(making)
}

/// Copies the data file and compares it with the manifest.
fn copy(directory: &Path, making: &Path, manifest: &Manifest) -> Result<(), IndexError> {
    let (from, to) = (directory.join(DATA), making.join(DATA));
    if !from.is_file() {
        return Err(not_whole(format!("{} is missing; use another backup", from.display())));
    }
    let file = embedded::private_file(&to).map_err(|error| failed("make", &to, &error))?;
    let (bytes, hash) = copied(&from, &file)?;
    if (bytes, &hash) != (manifest.bytes, &manifest.hash) {
        return Err(not_whole(format!(
            "{} is not as it was written ({bytes} bytes, of {}); use another backup",
            from.display(),
            manifest.bytes
        )));
    }
    Ok(())
}
