//! The settings of `kind: file`.

use crate::settings_error::{SettingsError, one_query};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// The settings of `kind: file`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    /// Where it writes.
    pub path: PathBuf,
    /// What it writes.
    #[serde(default)]
    pub mode: FileMode,
    /// In `mode: append`, when a new file is begun; never if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate: Option<Rotate>,
    /// Whether a file with content of another kind may be appended to, or replaced by a table.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub take_over: bool,
}

/// When a file is rotated, and how many older files are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// How large a file may get, in bytes, unless a single line is larger.
    #[serde(deserialize_with = "crate::size::deserialize")]
    pub bytes: u64,
    /// How many older files there are at most.
    pub keep: NonZeroU32,
}

/// What a file reaction writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileMode {
    /// One query result a line.
    #[default]
    Append,
    /// The current rows, one a line, replaced as a whole.
    Table,
}

impl FileSettings {
    /// Checks the settings by themselves.
    pub(super) fn check(&self, queries: usize) -> Result<(), SettingsError> {
        if self.path.as_os_str().is_empty() {
            return Err(SettingsError::NoPath);
        }
        let wrong = |message: &str| Err(SettingsError::Field { field: "rotate", message: message.into() });
        match (self.mode, self.rotate) {
            (FileMode::Table, Some(_)) => {
                wrong("a table is replaced as one and never rotated; take `rotate` away")
            }
            (FileMode::Append, Some(Rotate { bytes: 0, .. })) => {
                wrong("`bytes` is how large a file may get, from 1 on")
            }
            (FileMode::Table, None) => one_query(queries),
            (FileMode::Append, _) => Ok(()),
        }
    }

    /// Returns whether `other` is a name that the file at `path` gets once it is rotated.
    pub(crate) fn rotates_to(&self, path: &Path, other: &Path) -> bool {
        let age = || {
            let name = other.file_name()?.to_str()?.strip_prefix(path.file_name()?.to_str()?)?;
            let digits = name.strip_prefix('.')?;
            digits.parse::<u32>().ok().filter(|age| *age > 0 && age.to_string() == digits)
        };
        self.rotate.is_some() && path.parent() == other.parent() && age().is_some()
    }
}
