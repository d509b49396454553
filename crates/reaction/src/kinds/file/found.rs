//! The file of a table as it is found.

use super::mark::Mark;
use crate::ReactionError;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// How a line of a table begins; a file that begins otherwise is not ours to replace.
pub(super) const LINE_START: &[u8] = b"{\"row_signature\":\"";

/// Opens the table, if there is a file.
pub(super) fn find(path: &Path) -> Result<Option<(File, Mark)>, ReactionError> {
    let io = |doing| ReactionError::io(doing, path);
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(io("read")(cause)),
    };
    if found.is_dir() {
        return Err(io("replace")(io::ErrorKind::IsADirectory.into()));
    }
    // Checked without opening it: opening a pipe waits for its other end.
    if !found.is_file() {
        return Err(foreign(path));
    }
    let mut file = File::open(path).map_err(io("open"))?;
    // Another file may have been put in its place.
    let length = file.metadata().map_err(io("read"))?.len();
    let mark = Mark::of(&mut file, length).map_err(io("read"))?;
    Ok(Some((file, mark)))
}

/// Returns the error that the file is not a table.
pub(super) fn foreign(path: &Path) -> ReactionError {
    ReactionError::Foreign { path: path.to_owned(), holds: "a table of rows", fate: "replaced" }
}
