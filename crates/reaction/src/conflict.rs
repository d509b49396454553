//! Reactions that would write to one place.

use crate::kinds::Connector;
use crate::kinds::file::FileSettings;
use crate::settings::Settings;
use crate::settings_error::SettingsError;
use smol_str::SmolStr;
use std::path::{Component, Path, PathBuf};

/// Returns every reaction that writes a file which an earlier one writes already, or rotates to: its index, and the
/// refusal.
///
/// Paths are compared as they resolve now: `./a` is `a`, and links count as what they point to.
pub fn shared_paths<'a>(reactions: impl IntoIterator<Item = &'a Settings>) -> Vec<(usize, SettingsError)> {
    let mut writers: Vec<(PathBuf, &FileSettings, &SmolStr)> = Vec::new();
    let mut refused = Vec::new();
    for (index, settings) in reactions.into_iter().enumerate() {
        let Connector::File(file) = &settings.connector else { continue };
        let path = resolved(&file.path);
        let is_shared = |(other, its, _): &&(PathBuf, &FileSettings, &SmolStr)| {
            path == *other || its.rotates_to(other, &path) || file.rotates_to(&path, other)
        };
        match writers.iter().find(is_shared) {
            Some((_, _, other)) => {
                let (path, other) = (file.path.clone(), (*other).clone());
                refused.push((index, SettingsError::SharedPath { path, other }));
            }
            None => writers.push((path, file, &settings.shared.id)),
        }
    }
    refused
}

/// Returns every reaction that keeps a copy where an earlier one keeps its own: its index, and the refusal.
pub fn shared_targets<'a>(reactions: impl IntoIterator<Item = &'a Settings>) -> Vec<(usize, SettingsError)> {
    let all: Vec<&Settings> = reactions.into_iter().collect();
    let refusal = |at: usize| {
        let here = &all[at].connector;
        let first = all[..at].iter().find_map(|other| {
            let field = here.shares_target(&other.connector)?;
            Some(SettingsError::SharedTarget { field, other: other.shared.id.clone() })
        });
        Some((at, first?))
    };
    (0..all.len()).filter_map(refusal).collect()
}

/// Returns the path with links, `.` and `..` resolved as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if let Ok(whole) = absolute.canonicalize() {
        return whole;
    }
    let mut resolved = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                resolved.pop();
            }
            other => resolved.push(other),
        }
        if let Ok(real) = resolved.canonicalize() {
            resolved = real;
        }
    }
    resolved
}
