//! Which settings decide what the elements of files are made of, and whether they are still those of what was read.

use super::FilePosition;
use crate::definition::{Definition, differences, refuse, text};
use crate::error::{STRICT_STOPS, code};
use crate::settings::{FileEntry, FileSettings};
use crate::{ErrorKind, SourceError};
use serde_json::{Value as Json, json};

/// Returns what a source over these files remembers.
pub(super) fn definition(settings: &FileSettings) -> Definition {
    let entry = |entry: FileEntry| {
        let is_table = entry.path.file_name().is_some_and(|name| name.to_string_lossy().contains(".csv"));
        let mut shown = serde_json::to_value(&entry).unwrap_or_default();
        if is_table {
            shown["null_text"] = json!(settings.null_text);
        }
        shown
    };
    let files: Vec<Json> = settings.entries().into_iter().map(entry).collect();
    Definition::new("file", [("files".to_owned(), Json::Array(files))].into_iter().collect())
}

fn files(definition: &Definition) -> &[Json] {
    definition.setting("files").as_array().map_or(&[], Vec::as_slice)
}

/// Refuses settings that differ from those by which the elements of the begun files were made.
pub(super) fn check(
    was: &Definition,
    settings: &FileSettings,
    position: Option<&FilePosition>,
) -> Result<(), SourceError> {
    let is = definition(settings);
    let mut found = Vec::new();
    for (was, is_now) in files(was).iter().zip(files(&is)).take(begun(settings, position)) {
        let mut different = differences(was, is_now);
        different.retain(|field| !field.starts_with("`path`"));
        if files(&is).len() > 1 {
            let path = is_now["path"].as_str().unwrap_or_default();
            different.iter_mut().for_each(|field| *field = format!("{field} (`{path}`)"));
        }
        found.append(&mut different);
    }
    refuse(&settings.id, &found, &format!("reads its files again ({STRICT_STOPS})"))
}

/// Returns how many files were begun at this position.
fn begun(settings: &FileSettings, position: Option<&FilePosition>) -> usize {
    position.map_or(0, |position| {
        position.done.len() + usize::from(position.offset > 0 || settings.rotation.is_some())
    })
}

/// Names the changed path if a file is not the one that was read.
pub(super) fn explain(was: &Definition, settings: &FileSettings, error: SourceError) -> SourceError {
    if error.kind != ErrorKind::Changed {
        return error;
    }
    let is = definition(settings);
    let moved = files(was).iter().zip(files(&is)).find(|(was, is)| was["path"] != is["path"]);
    let Some((was, is)) = moved else { return error };
    let (was, is) = (text(&was["path"]), text(&is["path"]));
    let message = format!(
        "`path` was `{was}` and is `{is}`, which does not begin with what was read: {}",
        error.message
    );
    SourceError { code: code::MAPPING, message, ..error }
}
