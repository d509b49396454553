//! The file that is being read: a unit at a time becomes a transaction, is parked, or stops the source.

use super::input::{Identity, Input, edited};
use super::table::Table;
use super::units::{Found, Units};
use super::{Batch, Compression, FileMark, FilePosition, Format, Line, Parked};
use crate::error::code;
use crate::json::Reader;
use crate::settings::{FileEntry, FileSettings};
use crate::{InputError, Place, SourceError, json};
use livewell_model::Transaction;
use std::borrow::Cow;
use std::path::Path;

#[derive(Debug)]
pub(super) struct Current {
    units: Units,
    content: Content,
    entry: FileEntry,
    follow: bool,
    /// Whether the file belongs to a log that is rotated, where a file may be empty.
    rotates: bool,
    /// How long the header line of a table is.
    header_bytes: u64,
}

/// What the units of the file are.
#[derive(Debug)]
enum Content {
    Json(Reader),
    /// A table, once its header line is there.
    Table(Option<Table>),
}

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A unit was taken in.
    Taken,
    /// Nothing more for now.
    Waiting,
    /// The end: nothing will follow.
    End,
}

impl Current {
    /// Continues the opened file of `entry` at `position`, which is a position in this file.
    pub fn open(
        input: Input,
        format: Format,
        entry: &FileEntry,
        settings: &FileSettings,
        follow: bool,
        position: &FilePosition,
    ) -> Result<Self, SourceError> {
        let follow = follow && input.compression == Compression::None;
        let units = Units::new(input, format, settings.limits.line_bytes_max);
        let content = match format {
            Format::Jsonl => Content::Json(entry.reader(settings)?),
            Format::Csv => Content::Table(None),
        };
        let rotates = settings.rotation.is_some();
        let mut current = Self { units, content, entry: entry.clone(), follow, rotates, header_bytes: 0 };
        let header = current.header()?;
        let mark = FileMark { bytes: position.offset, digest: position.digest };
        if position.offset > 0 {
            if current.units.offset() > mark.bytes {
                return Err(edited(&entry.path.display(), mark.bytes));
            }
            current.units.skip_to(&mark)?;
        }
        // Only now: that a table was changed is the better message than that its header is wrong.
        if let Some(header) = header {
            current.content = Content::Table(Some(Table::compile(&header, entry, settings)?));
        }
        Ok(current)
    }

    /// Returns the table's mapping, to read rows from elsewhere; `None` for a file of JSON.
    pub fn into_table(self) -> Option<Table> {
        match self.content {
            Content::Json(_) => None,
            Content::Table(table) => table,
        }
    }

    /// Returns the header line of a table, if it is there.
    fn header(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        if matches!(self.content, Content::Json(_)) {
            return Ok(None);
        }
        match self.units.look(!self.follow)? {
            Found::Unit => {
                let header = self.units.content().to_vec();
                self.units.accept();
                self.header_bytes = self.units.offset();
                Ok(Some(header))
            }
            Found::End if self.follow || self.rotates => Ok(None),
            Found::End => Err(without_header(&self.entry.path)),
            Found::TooLong => Err(SourceError::settings(format!(
                "`{}`: the header line is too long",
                self.entry.path.display()
            ))),
        }
    }

    /// Takes in the next unit, or says why there is none. `park` is the number of this file in the list if lines that
    /// are not changes are to be parked.
    pub fn step(
        &mut self,
        settings: &FileSettings,
        park: Option<usize>,
        batch: &mut Batch,
    ) -> Result<Step, SourceError> {
        if matches!(self.content, Content::Table(None)) {
            return match self.header()? {
                None => Ok(self.at_end()),
                Some(header) => {
                    self.content = Content::Table(Some(Table::compile(&header, &self.entry, settings)?));
                    Ok(Step::Taken)
                }
            };
        }
        let found = self.units.look(!self.follow)?;
        let outcome = match found {
            Found::End => return Ok(self.at_end()),
            _ if self.units.ends_in_line() => {
                self.finish_line()?;
                return Ok(Step::Taken);
            }
            Found::TooLong => Err(json::too_long(&settings.limits)),
            Found::Unit => self.transaction(),
        };
        match outcome {
            Ok(None) => {}
            Ok(Some(transaction)) => {
                batch.transactions.push(transaction);
                if let Some(file) = park {
                    let text = String::from_utf8_lossy(self.units.content()).into_owned();
                    batch.lines.push(Line { file, line: self.units.line_of_unit(), text });
                }
            }
            Err(error) => {
                let line = self.units.line_of_unit();
                let place = Place {
                    file: self.entry.path.clone(),
                    line: line + error.lines_below,
                    column: error.column,
                };
                let text = String::from_utf8_lossy(self.units.content());
                let Some(file) = park else {
                    return Err(SourceError::stopped_at(place, &error, &text));
                };
                let is_whole = found == Found::Unit && matches!(text, Cow::Borrowed(_));
                let (after, text) = (batch.transactions.len(), text.into_owned());
                batch.parked.push(Parked { after, file, line, is_whole, text, place, error });
            }
        }
        self.units.accept();
        Ok(Step::Taken)
    }

    fn at_end(&self) -> Step {
        if self.follow { Step::Waiting } else { Step::End }
    }

    /// Checks, at the end of a file that is followed, that it is still the file that was opened.
    pub fn check_followed(&self) -> Result<(), SourceError> {
        self.units.input.check_followed(self.units.bytes_read())
    }

    /// Returns whether the file is the one at `path` now.
    pub fn is_at(&self, path: &Path) -> Result<bool, SourceError> {
        self.units.input.is_at(path, self.units.bytes_read())
    }

    /// Treats what is there as the whole file.
    pub fn finish(&mut self) {
        self.follow = false;
    }

    /// Returns whether nothing of the file was taken in yet.
    pub fn is_fresh(&self) -> bool {
        self.units.offset() == self.header_bytes
    }

    pub fn identity(&self) -> &Identity {
        &self.units.input.identity
    }

    pub fn path(&self) -> &Path {
        &self.entry.path
    }

    /// Returns the unit's transaction; `None` for a blank line.
    fn transaction(&self) -> Result<Option<Transaction>, InputError> {
        let content = self.units.content();
        match &self.content {
            Content::Json(_) if content.iter().all(u8::is_ascii_whitespace) => Ok(None),
            Content::Json(reader) => reader.transaction(content).map(Some),
            Content::Table(Some(table)) if !content.is_empty() => table.transaction(content).map(Some),
            Content::Table(_) => Ok(None),
        }
    }

    /// Finishes a last line that was taken without its line break: only the line break may have come since.
    fn finish_line(&mut self) -> Result<(), SourceError> {
        if !self.units.content().is_empty() {
            return Err(SourceError::new(
                crate::ErrorKind::Changed,
                code::CHANGED,
                format!(
                    "`{}` was extended in the middle of line {}, which had been taken as complete at the end of the file; end it with a line break and put what is new after it",
                    self.entry.path.display(),
                    self.units.lines()
                ),
            ));
        }
        self.units.accept();
        Ok(())
    }

    pub fn mark(&self) -> FileMark {
        self.units.mark()
    }

    /// Returns how many bytes the file has and how many of them are left, if its length says so.
    pub fn bytes(&self) -> Option<(u64, u64)> {
        let input = &self.units.input;
        let is_plain = input.compression == Compression::None;
        let length = is_plain.then(|| std::fs::metadata(&input.path).ok()).flatten()?.len();
        Some((length, length.saturating_sub(self.offset())))
    }

    pub fn offset(&self) -> u64 {
        self.units.offset()
    }

    pub fn line(&self) -> u64 {
        self.units.lines()
    }
}

/// Returns the error about a table that is empty.
pub(super) fn without_header(path: &Path) -> SourceError {
    let path = path.display();
    SourceError::settings(format!("`{path}` is empty: a table begins with a line of column names"))
}
