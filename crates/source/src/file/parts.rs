//! The files of a list, as a report names them.

use super::format::{Compression, Format};
use crate::report::{Part, PartState, Unit, window};
use crate::settings::FileEntry;

/// Files around the one that is read.
#[derive(Debug, Default)]
pub(super) struct Parts {
    parts: Vec<Part>,
    total: usize,
}

impl Parts {
    /// Returns the files around number `at`, which is read; all before it are done.
    pub(super) fn around(entries: &[FileEntry], at: usize) -> Self {
        let part = |number: usize| {
            let (entry, length) = (&entries[number], length(&entries[number]));
            let (state, done) = match number.cmp(&at) {
                std::cmp::Ordering::Less => (PartState::Done, length.unwrap_or_default()),
                std::cmp::Ordering::Equal => (PartState::UnderWay, 0),
                std::cmp::Ordering::Greater => (PartState::Waiting, 0),
            };
            let name = entry.path.display().to_string();
            Part { name, state, done, total: length, unit: Unit::Bytes }
        };
        Self { parts: window(at, entries.len()).map(part).collect(), total: entries.len() }
    }

    /// Returns them, the one that is read with its length and how much of it is left; and how many there are.
    pub(super) fn shown(&self, here: Option<(u64, u64)>) -> (Vec<Part>, usize) {
        let mut parts = self.parts.clone();
        let read = parts.iter_mut().find(|part| part.state == PartState::UnderWay);
        if let (Some(part), Some((length, left))) = (read, here) {
            (part.total, part.done) = (Some(length), length.saturating_sub(left));
        }
        (parts, self.total)
    }
}

/// Returns how many bytes a file has; `None` if that is not known before it is read.
pub(super) fn length(entry: &FileEntry) -> Option<u64> {
    match Format::of(&entry.path)?.1 {
        Compression::None => std::fs::metadata(&entry.path).ok().map(|file| file.len()),
        Compression::Gzip | Compression::Zstd => None,
    }
}
