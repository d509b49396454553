//! Files as a source: reads them in batches from the stored position, to their end or as long as they grow.

use super::definition::{check, definition, explain};
use super::parts::{Parts, length};
use super::{Batch, FilePosition, FileSource, Line, Parked, Parser};
use crate::profile::Profile;
use crate::settings::{Clock, FileEntry, FileSettings};
use crate::source::{
    Commit, Input, POSITION, PartReport, Patience, Read, ReadLimits, Report, Source, Stored,
};
use crate::{InputError, SourceError};
use livewell_model::Recovery;
use livewell_model::Transaction;
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// How often a followed file is checked while it has nothing more.
const FOLLOW: Duration = Duration::from_millis(100);
/// How long a source rests once it has read everything there will be; a request wakes it earlier.
const REST: Duration = Duration::from_millis(500);

/// A source that reads files, as its settings say.
#[derive(Debug)]
pub struct Files {
    settings: FileSettings,
    entries: Vec<FileEntry>,
    state: State,
    /// Reads parked lines again. Created when needed, and dropped when a file is read further, since its header may
    /// change.
    parser: Option<Parser>,
    /// Bytes in the files before the one that is read, and after it, if that is known.
    bytes_besides: Option<(Option<u64>, u64)>,
    /// The files to name in a report, as they were when the one that is read was begun.
    parts: Parts,
}

/// The state of the source.
#[derive(Debug)]
enum State {
    Closed,
    Reading {
        files: Box<FileSource>,
        batch: Option<Batch>,
    },
    /// Everything was read, and nothing will follow.
    Ended,
}

impl Files {
    /// Creates a source with these settings.
    pub fn new(settings: FileSettings) -> Self {
        let entries = settings.entries();
        Self {
            settings,
            entries,
            state: State::Closed,
            parser: None,
            bytes_besides: None,
            parts: Parts::default(),
        }
    }
}

impl Source for Files {
    fn profile(&self) -> Profile {
        let FileSettings { id, clock, rate, after, unwind, expire, limits, .. } = &self.settings;
        Profile {
            id: id.clone(),
            definition: definition(&self.settings),
            copies: false,
            clock: clock.unwrap_or(Clock::Input),
            rate: *rate,
            after: after.clone(),
            unwind: unwind.clone(),
            expire: expire.clone(),
            parked_max: limits.parked_max,
            parked_bytes: limits.parked_bytes,
            recovery: Recovery::Strict,
        }
    }

    fn open(&mut self, stored: &dyn Stored) -> Result<(), SourceError> {
        (self.state, self.parser) = (State::Closed, None);
        let position = stored.note(POSITION)?.map(|bytes| FilePosition::decode(&bytes)).transpose()?;
        let was = stored.definition()?;
        if let Some(was) = &was {
            check(was, &self.settings, position.as_ref())?;
        }
        let opened = FileSource::open(self.settings.clone(), position);
        let files = opened.map_err(|error| match &was {
            Some(was) => explain(was, &self.settings, error),
            None => error,
        })?;
        self.bytes_besides = bytes_besides(&self.entries, files.done());
        self.parts = Parts::around(&self.entries, files.done());
        self.state = State::Reading { files: Box::new(files), batch: None };
        Ok(())
    }

    fn read(&mut self, limits: ReadLimits, _: Duration, _: &dyn Patience) -> Result<Read, SourceError> {
        self.parser = None;
        let State::Reading { files, batch } = &mut self.state else { return Ok(Read::nothing(REST)) };
        let done = files.done();
        let read = files.read(limits.transactions, limits.bytes)?;
        if files.done() != done {
            self.bytes_besides = bytes_besides(&self.entries, files.done());
            self.parts = Parts::around(&self.entries, files.done());
        }
        if read.transactions.is_empty() && read.parked.is_empty() && !read.end {
            return Ok(Read::nothing(FOLLOW));
        }
        *batch = Some(read);
        Ok(Read::TRANSACTIONS)
    }

    fn take_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        let State::Reading { files, batch } = &mut self.state else { return Ok(()) };
        let Some(Batch { transactions, lines, parked, position, end }) = batch.take() else { return Ok(()) };
        let (entries, last) = (&self.entries, LastLine { files, entries: &self.entries });
        let mut parked = parked.iter().peekable();
        for (at, transaction) in transactions.into_iter().enumerate() {
            while let Some(parked) = parked.next_if(|parked| parked.after <= at) {
                park(entries, commit, parked)?;
            }
            let Some(Line { file, line, text }) = lines.get(at) else {
                // Lines are kept only if they may be set aside.
                commit.add_read(transaction, &Input { place: &last, part: 0, text: None, is_whole: true })?;
                continue;
            };
            let place = At { entries, file: *file, line: *line };
            commit.add_read(
                transaction,
                &Input { place: &place, part: *file, text: Some(text), is_whole: true },
            )?;
        }
        parked.try_for_each(|parked| park(entries, commit, parked))?;
        commit.put_note(POSITION, Some(position));
        if end {
            self.state = State::Ended;
            self.parts = Parts::around(&self.entries, self.entries.len());
        }
        Ok(())
    }

    fn parse_again(&mut self, part: Option<usize>, text: &str) -> Result<Transaction, InputError> {
        self.parser.get_or_insert_with(|| Parser::new(&self.settings)).parse(part, text)
    }

    fn report(&self) -> Report {
        let State::Reading { files, .. } = &self.state else {
            let behind_bytes = matches!(self.state, State::Ended).then_some(0);
            let total_bytes = behind_bytes.and_then(|_| bytes_of(&self.entries));
            let (parts, parts_total) = self.parts.shown(None);
            return Report { behind_bytes, total_bytes, parts, parts_total, ..Report::default() };
        };
        let of = self.entries.len();
        let part = || PartReport { name: files.path().display().to_string(), number: files.done() + 1, of };
        let (here, bytes) = (files.bytes(), files.bytes().zip(self.bytes_besides));
        let (parts, parts_total) = self.parts.shown(here);
        Report {
            behind_bytes: bytes.map(|((_, left), (_, after))| left + after),
            total_bytes: bytes.and_then(|((here, _), (before, after))| Some(before? + here + after)),
            part: (of > 1).then(part),
            parts,
            parts_total,
            ..Report::default()
        }
    }
}

/// Sets aside a line that is not a change.
fn park(entries: &[FileEntry], commit: &mut dyn Commit, parked: &Parked) -> Result<(), SourceError> {
    let place = At { entries, file: parked.file, line: parked.line };
    let (text, is_whole) = (Some(parked.text.as_str()), parked.is_whole);
    commit.park(&Input { place: &place, part: parked.file, text, is_whole }, &parked.to_string())
}

/// A line of a file of the list.
struct At<'a> {
    entries: &'a [FileEntry],
    file: usize,
    line: u64,
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.entries.get(self.file).map(|entry| entry.path.as_path()).unwrap_or(Path::new(""));
        write!(f, "{}:{}", path.display(), self.line)
    }
}

/// The last line that was read, which is the place of a refused transaction once lines are read one by one.
struct LastLine<'a> {
    files: &'a FileSource,
    entries: &'a [FileEntry],
}

impl fmt::Display for LastLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let position = self.files.position();
        match (position.line, position.done.len().checked_sub(1).and_then(|last| self.entries.get(last))) {
            // After a file's last line the position is before the next one's first.
            (0, Some(entry)) => write!(f, "{}, its last line", entry.path.display()),
            (line, _) => write!(f, "{}:{line}", self.files.path().display()),
        }
    }
}

/// Returns how many bytes are in the files before number `at`, unless one of them is gone, and how many are in those after
/// it; `None` if that is not known before they are read.
fn bytes_besides(entries: &[FileEntry], at: usize) -> Option<(Option<u64>, u64)> {
    let (before, from) = entries.split_at(at.min(entries.len()));
    Some((bytes_of(before), bytes_of(from.get(1..).unwrap_or_default())?))
}

/// Returns how many bytes are in these files; `None` if that is not known before they are read.
fn bytes_of(entries: &[FileEntry]) -> Option<u64> {
    entries.iter().map(length).sum()
}
