//! Files of backups: copied with their hash, and never put into a store.

use super::refusal::Refusal;
use crate::IndexError;
use crate::embedded::EmbeddedStore;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

/// How much of a file is read at once, in bytes.
const PIECE: usize = 1 << 20;

/// Refuses a directory within a store: a backup there would be lost with the store.
pub(super) fn expect_outside_of_stores(directory: &Path) -> Result<(), IndexError> {
    let place = std::path::absolute(directory).map_err(|error| failed("find", directory, &error))?;
    let Some(parent) = place.ancestors().skip(1).find_map(|above| fs::canonicalize(above).ok()) else {
        return Ok(());
    };
    match parent.ancestors().find(|above| matches!(EmbeddedStore::exists(above), Ok(true))) {
        Some(store) => {
            let (directory, store) = (directory.display(), store.display());
            let message = format!(
                "{directory} is within the store {store}, and would be lost with it; name a directory elsewhere"
            );
            Err(Refusal::Place(message).into())
        }
        None => Ok(()),
    }
}

pub(super) fn failed(action: &str, path: &Path, error: &io::Error) -> IndexError {
    io::Error::new(error.kind(), format!("cannot {action} {}: {error}", path.display())).into()
}

/// Reads a file to its end and writes it to `out`; returns its length and hash.
pub(super) fn copied(from: &Path, mut out: impl Write) -> Result<(u64, String), IndexError> {
    let mut file = File::open(from).map_err(|error| failed("open", from, &error))?;
    let (mut hasher, mut piece, mut bytes) = (blake3::Hasher::new(), vec![0; PIECE], 0);
    loop {
        let read = file.read(&mut piece).map_err(|error| failed("read", from, &error))?;
        if read == 0 {
            return Ok((bytes, hasher.finalize().to_hex().to_string()));
        }
        hasher.update(&piece[..read]);
        out.write_all(&piece[..read])?;
        bytes += read as u64;
    }
}
