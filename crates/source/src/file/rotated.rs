//! The files of a log that is rotated by renaming: `PATH` is written to, and `PATH.1`, `PATH.2` and so on, also
//! compressed, were before, the higher the earlier.

use super::input::{Identity, Input};
use super::{Compression, FilePosition};
use crate::SourceError;
use crate::error::{ErrorKind, STRICT_STOPS, code};
use std::fs;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

/// How often names that change while they are read are read again: for a good part of a second.
const LOOKS_MAX: usize = 1_000;

/// One of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Generation {
    /// How many rotations ago it was written to.
    age: u32,
    pub path: PathBuf,
    pub compression: Compression,
    pub identity: Identity,
    pub is_empty: bool,
}

impl Generation {
    /// Opens the file; `None` if it has another name by now.
    pub fn open(&self) -> Result<Option<Input>, SourceError> {
        match Input::open(&self.path, self.compression) {
            Ok(input) => Ok((input.identity == self.identity).then_some(input)),
            Err(error) => {
                let is_there = |found: fs::Metadata| Identity::of(&found) == self.identity;
                if fs::metadata(&self.path).is_ok_and(is_there) { Err(error) } else { Ok(None) }
            }
        }
    }
}

/// Returns the files of the log at `path`, from the oldest on.
fn generations(path: &Path) -> Result<Vec<Generation>, SourceError> {
    let mut before = list(path)?;
    for _ in 0..LOOKS_MAX {
        // A directory is not read atomically: only names that come out the same twice are right.
        let now = list(path)?;
        if now == before {
            return Ok(now);
        }
        before = now;
    }
    Err(restless(path))
}

/// Returns what `look` finds among the files; looks again if it finds nothing and they were renamed meanwhile.
fn among<T>(
    path: &Path,
    look: impl Fn(&[Generation]) -> Result<Option<T>, SourceError>,
) -> Result<Option<T>, SourceError> {
    let mut files = generations(path)?;
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look(&files)? {
            return Ok(Some(found));
        }
        let now = generations(path)?;
        if now == files {
            return Ok(None);
        }
        files = now;
    }
    Err(restless(path))
}

fn restless(path: &Path) -> SourceError {
    let message = format!("`{}` and its older files are renamed all the time; let them rest", path.display());
    SourceError::new(ErrorKind::Unavailable, code::UNREADABLE, message)
}

fn list(path: &Path) -> Result<Vec<Generation>, SourceError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let fail = |error: std::io::Error| SourceError::io(folder, false, &error);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut found: Vec<Generation> = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let (age, compression) = match entry.file_name().to_str().and_then(|found| age(found, name)) {
            Some(known) => known,
            None => continue,
        };
        match fs::metadata(entry.path()) {
            Ok(metadata) if metadata.is_file() => found.push(Generation {
                age,
                path: folder.join(entry.file_name()),
                compression,
                identity: Identity::of(&metadata),
                is_empty: metadata.len() == 0,
            }),
            // Not a file of the log, or gone since.
            _ => {}
        }
    }
    // While one is being compressed, it is there in both forms, and whole only in the first.
    found.sort_by_key(|file| (std::cmp::Reverse(file.age), file.compression != Compression::None));
    found.dedup_by_key(|file| file.age);
    Ok(found)
}

/// Returns how old the file `found` of the log `name` is and how it is packed; `None` if it does not belong to that
/// log.
fn age(found: &str, name: &str) -> Option<(u32, Compression)> {
    let rest = found.strip_prefix(name)?;
    if rest.is_empty() {
        return Some((0, Compression::None));
    }
    let rest = rest.strip_prefix('.')?;
    let (digits, compression) = match rest.split_once('.') {
        None => (rest, Compression::None),
        Some((digits, "gz")) => (digits, Compression::Gzip),
        Some((digits, "zst")) => (digits, Compression::Zstd),
        Some(_) => return None,
    };
    let age: u32 = digits.parse().ok().filter(|age| *age > 0)?;
    // `+1` and `01` are read as numbers, too, and no rotation writes them.
    (age.to_string() == digits).then_some((age, compression))
}

/// Returns the file that `position` is in, opened; the oldest one if nothing was read yet. `None` if there are no
/// files.
pub(super) fn locate(
    path: &Path,
    position: &FilePosition,
) -> Result<Option<(Generation, Input)>, SourceError> {
    let look = |files: &[Generation]| -> Result<Option<Generation>, SourceError> {
        let at = if position.offset == 0 { Some(0) } else { find(files, position)? };
        Ok(at.and_then(|at| files.get(at).cloned()))
    };
    let located = among(path, |files| {
        let Some(file) = look(files)? else { return Ok(None) };
        let Some(input) = file.open()? else { return Ok(None) };
        // No other file has its number while it is open.
        let still = look(&generations(path)?)?.is_some_and(|found| found.identity == file.identity);
        Ok(still.then_some((file, input)))
    })?;
    match located {
        None if position.offset > 0 => Err(not_found(path, position.offset)),
        located => Ok(located),
    }
}

/// Returns the files that came after the one of this identity, which `position` is in.
pub(super) fn after(
    path: &Path,
    identity: &Identity,
    position: &FilePosition,
) -> Result<Vec<Generation>, SourceError> {
    let after = among(path, |files| {
        let at = match files.iter().position(|file| file.identity == *identity) {
            Some(at) => Some(at + 1),
            None if position.offset == 0 => Some(0),
            None => find(files, position)?.map(|at| at + 1),
        };
        Ok(at.map(|at| files[at..].to_vec()))
    })?;
    after.ok_or_else(|| not_found(path, position.offset))
}

/// Returns the file that `position` is in.
///
/// The file with the number that the system gave it, if what was read is still there; else, since compressing and
/// copying make new files, the only one that begins with what was read.
fn find(files: &[Generation], position: &FilePosition) -> Result<Option<usize>, SourceError> {
    let is_same =
        |file: &Generation| file.identity.inode().is_some_and(|inode| Some(inode) == position.inode);
    let same = files.iter().position(is_same);
    if let Some(same) = same
        && begins_with(&files[same], position)?
    {
        return Ok(Some(same));
    }
    let mut found = None;
    for (at, file) in files.iter().enumerate().filter(|(at, _)| Some(*at) != same) {
        if begins_with(file, position)? && found.replace(at).is_some() {
            return Ok(None);
        }
    }
    Ok(found)
}

fn begins_with(file: &Generation, position: &FilePosition) -> Result<bool, SourceError> {
    let Some(mut input) = file.open()? else { return Ok(false) };
    let (mut digest, mut left) = (Xxh3::new(), position.offset);
    while left > 0 {
        let chunk = input.chunk()?;
        if chunk.is_empty() {
            return Ok(false);
        }
        let count = chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        digest.update(&chunk[..count]);
        input.consume(count);
        left -= count as u64;
    }
    Ok(digest.digest128() == position.digest)
}

/// Returns the error about a file that cannot be found again.
fn not_found(path: &Path, read: u64) -> SourceError {
    let path = path.display();
    let message = format!(
        "neither `{path}` nor one of its older files `{path}.1`, `{path}.2`, ... is surely the one whose first {read} bytes were read: it was removed, renamed or edited since; put it back under its name, or reset the source to read what is there from the oldest file on: `livewell reset SOURCE` ({STRICT_STOPS})"
    );
    SourceError::new(ErrorKind::Changed, code::ROTATED, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_how_old_its_file_is() {
        for (name, known) in [
            ("x.jsonl", Some((0, Compression::None))),
            ("x.jsonl.1", Some((1, Compression::None))),
            ("x.jsonl.12.gz", Some((12, Compression::Gzip))),
            ("x.jsonl.2.zst", Some((2, Compression::Zstd))),
        ] {
            assert_eq!(age(name, "x.jsonl"), known, "{name}");
        }
        for name in
            ["y.jsonl.1", "x.jsonl.", "x.jsonl.0", "x.jsonl.01", "x.jsonl.+1", "x.jsonl.1.xz", "x.jsonl.gz"]
        {
            assert_eq!(age(name, "x.jsonl"), None, "{name}");
        }
    }
}
