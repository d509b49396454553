//! Whether the store was closed cleanly, and if not, whether the machine has stayed up since.
//!
//! With durability `os` the newest commits are in the system's memory. They survive a killed process. After a reboot
//! nobody knows which pages reached the disk, so an unclean store of another boot is refused.

use super::{directory, fault};
use crate::IndexError;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

pub(crate) const FILE: &str = "SESSION";
const FILE_NEW: &str = "SESSION.new";
const MAGIC: &str = "Livewell store session";
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What the last session has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// All of it on the disk, closed, and the first pages of the data file with this checksum.
    Closed { seal: u64 },
    /// All of it on the disk.
    Durable,
    /// Some of it perhaps only in the system's memory, of this same boot.
    InMemory,
}

/// Returns the boot id of the machine, or the pretended one.
pub(super) fn boot_id(pretended: Option<String>) -> Option<String> {
    pretended.or_else(|| fs::read_to_string(BOOT_ID).ok().map(|id| id.trim().to_owned()))
}

/// Judges what the last session has left.
pub(super) fn look(path: &Path, boot: Option<&str>) -> Result<Left, IndexError> {
    let file = path.join(FILE);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Left::Durable),
        Err(error) => return Err(fault::io("read", &file, &error)),
    };
    let damaged = || IndexError::corrupted(format!("{} cannot be read; restore a backup", file.display()));
    let mut lines = text.lines();
    if lines.next() != Some(MAGIC) {
        return Err(damaged());
    }
    let closed = |line: &str| u64::from_str_radix(line.strip_prefix("closed ")?, 16).ok();
    match (lines.next(), lines.next()) {
        (Some("durable"), None) => Ok(Left::Durable),
        (Some("in memory"), Some(then)) if boot.is_some_and(|now| then == format!("boot {now}")) => {
            Ok(Left::InMemory)
        }
        (Some("in memory"), _) => Err(IndexError::corrupted(format!(
            "{} was open with durability `os` when the machine went down, so its last commits may be missing or \
             half written: restore a backup, or remove the directory to begin with an empty store",
            path.display()
        ))),
        (Some(line), None) => closed(line).map(|seal| Left::Closed { seal }).ok_or_else(damaged),
        _ => Err(damaged()),
    }
}

/// Notes, durably, what this session leaves if it ends without closing the store.
pub(super) fn mark(path: &Path, left: Left, boot: Option<&str>) -> Result<(), IndexError> {
    let text = match (left, boot) {
        (Left::Closed { seal }, _) => format!("{MAGIC}\nclosed {seal:016x}\n"),
        (Left::Durable, _) => format!("{MAGIC}\ndurable\n"),
        (Left::InMemory, Some(boot)) => format!("{MAGIC}\nin memory\nboot {boot}\n"),
        (Left::InMemory, None) => {
            let message = format!("durability `os` needs {BOOT_ID}, which cannot be read; use `sync`");
            return Err(IndexError::NotSupported(message.into()));
        }
    };
    directory::replace(path, FILE, FILE_NEW, &text)
}
