//! Directories: created if missing, and synced so that a new name in them survives a power cut.

use crate::ReactionError;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Returns the directory of `path`.
pub(super) fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Creates the directory of `path` and all above it.
pub(super) fn make_directory(path: &Path) -> Result<(), ReactionError> {
    let mut missing: Vec<PathBuf> = Vec::new();
    let mut at = directory(path);
    while !at.exists() {
        missing.push(at.to_owned());
        at = directory(at);
    }
    for made in missing.iter().rev() {
        match fs::create_dir(made) {
            Err(cause) if cause.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(ReactionError::io("create the directory", made)(cause));
            }
            _ => sync_directory(made)?,
        }
    }
    Ok(())
}

/// Makes the entry of `path` in its directory durable.
pub(super) fn sync_directory(path: &Path) -> Result<(), ReactionError> {
    let directory = directory(path);
    // Only Unix opens a directory as a file; elsewhere the rename itself is as durable as it gets.
    if cfg!(unix) {
        File::open(directory)
            .and_then(|open| open.sync_all())
            .map_err(ReactionError::io("sync the directory", directory))?;
    }
    Ok(())
}
