//! Reads files one after the other, from a position on.

use super::batch::Batch;
use super::current::{Current, Step};
use super::format::{Compression, Format};
use super::input::{self, Input};
use super::position::{FileMark, FilePosition};
use super::rotated::{self, Generation};
use crate::SourceError;
use crate::error::STRICT_STOPS;
use crate::settings::{FileEntry, FileSettings, OnError, Rotation};
use std::path::Path;
use std::sync::Arc;

/// A source over files (see the [module](super)). All calls block on reading.
#[derive(Debug)]
pub struct FileSource {
    settings: Arc<FileSettings>,
    entries: Vec<FileEntry>,
    done: Vec<FileMark>,
    current: Current,
    /// For a rotated log: the position as long as nothing of the current file is taken in.
    before: FilePosition,
    ended: bool,
    failed: Option<SourceError>,
}

impl FileSource {
    /// Opens the files and resumes at `resume`, or starts at the beginning.
    ///
    /// What was read before is read again and compared with the fingerprint in `resume`: linear in its length.
    ///
    /// # Errors
    /// Returns [`SourceError`] if the settings are not valid, a file cannot be read, a template names a column that its
    /// table does not have, or a file is not what it was when it was read.
    pub fn open(settings: FileSettings, resume: Option<FilePosition>) -> Result<Self, SourceError> {
        settings.validate()?;
        let settings = Arc::new(settings);
        let entries = settings.entries();
        let position = resume.unwrap_or_default();
        let index = position.done.len();
        let Some(entry) = entries.get(index) else {
            return Err(SourceError::changed(format!(
                "source `{}`: reading stood in file {} of its list, which now has {}; put the file back on the list, or `livewell reset {}` ({STRICT_STOPS})",
                settings.id,
                index + 1,
                entries.len(),
                settings.id
            )));
        };
        for (entry, mark) in entries.iter().zip(&position.done) {
            input::verify_done(&entry.path, kind(entry).1, mark)?;
        }
        let follow = |at: usize| at + 1 == entries.len() && settings.follow.unwrap_or(true);
        let open = |entry: &FileEntry, at: usize, position: &FilePosition| {
            open_file(entry, &settings, follow(at), position)
        };
        let located = match settings.rotation {
            Some(Rotation::Rename) => rotated::locate(&entry.path, &position)?,
            None => None,
        };
        let current = match located {
            Some((file, input)) => go_on_in(&file, input, entry, &settings, &position)?,
            None => open(entry, index, &position)?,
        };
        for (at, entry) in entries.iter().enumerate().skip(index + 1) {
            // Only to report now what would fail later.
            open(entry, at, &FilePosition::default())?;
        }
        let (done, before) = (position.done, FilePosition::default());
        Ok(Self { done, settings, entries, current, before, ended: false, failed: None })
    }

    /// Reads what comes next: at most `max_transactions` (parked lines counted) and about `max_bytes` of decompressed
    /// content, a single line beyond that included.
    ///
    /// An empty batch without `end` means that there is nothing more for now: call again later.
    ///
    /// # Errors
    /// Returns [`SourceError`] with file, line, column and reason. What comes before the bad line is returned first;
    /// the next call and every later one return the error.
    pub fn read(&mut self, max_transactions: usize, max_bytes: usize) -> Result<Batch, SourceError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let mut batch = Batch::default();
        let mut bytes = 0usize;
        while batch.transactions.len() + batch.parked.len() < max_transactions && bytes < max_bytes {
            let before = self.current.offset();
            match self.step(&mut batch) {
                Ok(Step::Taken) => bytes += self.current.offset().saturating_sub(before) as usize,
                Ok(Step::Waiting | Step::End) => break,
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        if let (Some(error), true) = (&self.failed, batch.transactions.is_empty() && batch.parked.is_empty())
        {
            return Err(error.clone());
        }
        batch.position = self.position().encode();
        batch.end = self.ended;
        Ok(batch)
    }

    /// Returns the position.
    pub fn position(&self) -> FilePosition {
        let rotates = self.settings.rotation.is_some();
        if rotates && self.current.is_fresh() {
            return self.before.clone();
        }
        let mark = self.current.mark();
        FilePosition {
            done: self.done.clone(),
            offset: mark.bytes,
            line: self.current.line(),
            digest: mark.digest,
            inode: self.current.identity().inode().filter(|_| rotates),
        }
    }

    /// Returns how many files of the list were read to their end.
    pub fn done(&self) -> usize {
        self.done.len()
    }

    /// Returns how many bytes the file has that is being read, and how many of them are left; `None` if that is not
    /// known before they are read.
    pub fn bytes(&self) -> Option<(u64, u64)> {
        self.current.bytes()
    }

    /// Returns the file that is being read, as it was named when it was opened.
    pub fn path(&self) -> &Path {
        self.current.path()
    }

    fn step(&mut self, batch: &mut Batch) -> Result<Step, SourceError> {
        if self.ended {
            return Ok(Step::End);
        }
        let park = self.settings.on_error == OnError::Park;
        match (
            self.current.step(&self.settings, park.then_some(self.done.len()), batch)?,
            self.settings.rotation,
        ) {
            (Step::Taken, _) => Ok(Step::Taken),
            (Step::Waiting, None) => self.current.check_followed().map(|()| Step::Waiting),
            (Step::Waiting, Some(Rotation::Rename)) => self.look_for_rotation(),
            (Step::End, None) => self.next_file(),
            (Step::End, Some(Rotation::Rename)) => self.next_generation(),
        }
    }

    fn next_file(&mut self) -> Result<Step, SourceError> {
        let next = self.done.len() + 1;
        let Some(entry) = self.entries.get(next) else {
            self.ended = true;
            return Ok(Step::End);
        };
        let follow = next + 1 == self.entries.len() && self.settings.follow.unwrap_or(true);
        let opened = open_file(entry, &self.settings, follow, &FilePosition::default())?;
        self.done.push(self.current.mark());
        self.current = opened;
        Ok(Step::Taken)
    }

    /// Checks, at the end of a file of a log, whether another file is written to now.
    fn look_for_rotation(&mut self) -> Result<Step, SourceError> {
        let path = &self.entries[0].path;
        if self.current.is_at(path)? {
            return Ok(Step::Waiting);
        }
        let newer = rotated::after(path, self.current.identity(), &self.position())?;
        // Until a newer file has content, the writer may still write to this one.
        if newer.iter().all(|file| file.is_empty) {
            return Ok(Step::Waiting);
        }
        self.current.finish();
        Ok(Step::Taken)
    }

    /// Continues to the next file of a log, if there is one.
    fn next_generation(&mut self) -> Result<Step, SourceError> {
        let (entry, position) = (&self.entries[0], self.position());
        let newer = rotated::after(&entry.path, self.current.identity(), &position)?;
        let follows = self.settings.follow.unwrap_or(true);
        let Some(next) = newer.first() else {
            self.ended = !follows;
            return Ok(if follows { Step::Waiting } else { Step::End });
        };
        // If it has another name by now, it is looked for again. The number of a file that is gone may be another's by
        // now, but not while the file is open: only then is it surely the next one.
        if let Some(input) = next.open()?
            && rotated::after(&entry.path, self.current.identity(), &position)?
                .first()
                .is_some_and(|found| found.identity == next.identity)
        {
            self.current = go_on_in(next, input, entry, &self.settings, &FilePosition::default())?;
            self.before = position;
        }
        Ok(Step::Taken)
    }
}

/// Returns the format that the name of a file indicates.
fn kind(entry: &FileEntry) -> (Format, Compression) {
    Format::of(&entry.path).expect("validated: the name says the format")
}

/// Opens a file of the list.
pub(super) fn open_file(
    entry: &FileEntry,
    settings: &FileSettings,
    follow: bool,
    position: &FilePosition,
) -> Result<Current, SourceError> {
    let (format, compression) = kind(entry);
    Current::open(Input::open(&entry.path, compression)?, format, entry, settings, follow, position)
}

/// Reads a file of a log that is rotated.
fn go_on_in(
    file: &Generation,
    input: Input,
    entry: &FileEntry,
    settings: &FileSettings,
    position: &FilePosition,
) -> Result<Current, SourceError> {
    let (format, follow) = (kind(entry).0, settings.follow.unwrap_or(true));
    let entry = FileEntry { path: file.path.clone(), ..entry.clone() };
    Current::open(input, format, &entry, settings, follow, position)
}
