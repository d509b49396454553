//! What the settings of every kind of source have in common.

use crate::expire::Expire;
use crate::unwind::Unwind;
use crate::{Limits, SourceError};
use livewell_model::component::is_component_id;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The settings of a source of any kind.
pub trait Settings {
    /// Returns the source's id.
    fn id(&self) -> &str;

    /// Returns which clock its time follows while nothing comes.
    fn clock(&self) -> Clock;

    /// Checks what the types do not guarantee.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Settings`](crate::ErrorKind::Settings) with the field and what to write instead.
    fn check(&self) -> Result<(), SourceError>;

    /// Returns the files that it reads, also those of certificates.
    fn files(&self) -> Vec<PathBuf>;

    /// Makes relative paths start at `base`, the directory of the configuration.
    fn resolve(&mut self, base: &Path) {
        let _ = base;
    }

    /// Lists in its nodes whose items become nodes of their own.
    fn unwind(&self) -> &[Unwind] {
        &[]
    }

    /// Returns how long elements that do not change are kept; `None` if for ever.
    fn expire(&self) -> Option<&Expire> {
        None
    }

    /// Returns the sources that must have ended before this one begins.
    fn after(&self) -> &[String] {
        &[]
    }

    /// Returns the longest line or message, in bytes.
    fn line_bytes_max(&self) -> usize {
        Limits::default().line_bytes_max
    }

    /// Makes the source end with what is there now, if it reads something that has an end.
    fn end_with_input(&mut self) {}

    /// Returns the labels and types of everything that the source makes, except by `unwind`; `None` if others may come.
    fn made(&self) -> Option<BTreeSet<String>> {
        None
    }
}

/// Which clock a source's time follows while nothing comes. Time moves with the input, and so do the functions of time
/// in its queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// The wall clock: a timer that is due fires even if nothing comes.
    Wall,
    /// The time of its input: events recorded in 2013 happen in 2013, at whatever pace they are read.
    Input,
}

pub(super) fn wall() -> Clock {
    Clock::Wall
}

pub(crate) fn validate_common(id: &str, limits: &Limits) -> Result<(), SourceError> {
    if !is_component_id(id) {
        return Err(SourceError::settings(format!(
            "`id: {id:?}`: an id is a letter or digit, then at most 62 letters, digits, `-` or `_`"
        )));
    }
    let limits = [
        ("id_bytes_max", limits.id_bytes_max == 0),
        ("line_bytes_max", limits.line_bytes_max == 0),
        ("changes_max", limits.changes_max == 0),
        ("parked_max", limits.parked_max == 0),
        ("parked_bytes", limits.parked_bytes == 0),
    ];
    match limits.iter().find(|(_, is_zero)| *is_zero) {
        Some((name, _)) => {
            Err(SourceError::settings(format!("source `{id}`: `limits.{name}` must be at least 1")))
        }
        None => Ok(()),
    }
}
