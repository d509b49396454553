//! Rotating a file: `PATH` becomes `PATH.1`, that `PATH.2` and so on, and the oldest are deleted.
//!
//! Each step leaves the files in their order, so an interrupted rotation resumes where it stopped.

use super::{Rotate, place};
use crate::ReactionError;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the older file of this age, 1 the newest.
pub(super) fn older(path: &Path, age: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{age}"));
    name.into()
}

/// Makes the file an older one, durably; afterwards there is no file at `path`.
pub(super) fn rotate(path: &Path, rotate: Rotate) -> Result<(), ReactionError> {
    let keep = rotate.keep.get();
    // If one is missing, as after a rotation that was undone, the files before it have moved up already.
    let last = (1..).take_while(|age| older(path, *age).exists()).last().unwrap_or(0);
    for age in (keep..=last).rev() {
        let file = older(path, age);
        fs::remove_file(&file).map_err(ReactionError::io("remove", &file))?;
    }
    for age in (1..=last.min(keep - 1)).rev() {
        rename(&older(path, age), &older(path, age + 1))?;
    }
    rename(path, &older(path, 1))?;
    place::sync_directory(path)
}

/// Undoes a rotation: the newest older file replaces what is at `path` by now.
pub(super) fn take_back(path: &Path) -> Result<(), ReactionError> {
    rename(&older(path, 1), path)?;
    place::sync_directory(path)
}

fn rename(from: &Path, to: &Path) -> Result<(), ReactionError> {
    fs::rename(from, to).map_err(ReactionError::io("rename", from))
}
