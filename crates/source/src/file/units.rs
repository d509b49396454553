//! Cuts a file into units: lines, or the rows of a table, which may span lines within quotes.
//!
//! A unit is first looked at and then accepted; what was not accepted is not part of the position.

use super::input::{Input, edited, shortened};
use super::record::Boundary;
use super::{FileMark, Format};
use crate::SourceError;
use xxhash_rust::xxh3::Xxh3;

/// How much of an over-long unit is kept, to show and to park.
const KEPT_OF_TOO_LONG: usize = 4 << 10;

/// What [`Units::look`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A unit: see [`Units::content`].
    Unit,
    /// A unit beyond the limit: its beginning is the content.
    TooLong,
    /// The end of the file, which for a followed file is its end for now.
    End,
}

/// A file, unit by unit.
#[derive(Debug)]
pub(super) struct Units {
    pub input: Input,
    format: Format,
    unit_bytes_max: usize,
    /// What is accepted.
    accepted: Accepted,
    /// What has been taken of the unit that is being looked at.
    pending: Vec<u8>,
    boundary: Boundary,
    complete: bool,
    /// If the unit is too long: what is accepted once it is skipped.
    beyond: Option<Box<Accepted>>,
}

#[derive(Clone, Default)]
struct Accepted {
    digest: Xxh3,
    offset: u64,
    line_breaks: u64,
    ends_in_line: bool,
}

impl std::fmt::Debug for Accepted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accepted").field("offset", &self.offset).finish_non_exhaustive()
    }
}

impl Accepted {
    fn add(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.offset += bytes.len() as u64;
        self.line_breaks += memchr::memchr_iter(b'\n', bytes).count() as u64;
        if let Some(last) = bytes.last() {
            self.ends_in_line = *last != b'\n';
        }
    }
}

impl Units {
    pub fn new(input: Input, format: Format, unit_bytes_max: usize) -> Self {
        let (accepted, boundary) = (Accepted::default(), Boundary::default());
        Self {
            input,
            format,
            unit_bytes_max,
            accepted,
            pending: Vec::new(),
            boundary,
            complete: false,
            beyond: None,
        }
    }

    /// Reads the next unit. At the end, text without a line break is a unit if `take_partial`, and otherwise waits for
    /// the rest.
    pub fn look(&mut self, take_partial: bool) -> Result<Found, SourceError> {
        while !self.complete {
            let chunk = self.input.chunk()?;
            if chunk.is_empty() {
                if self.taken() == 0 || !take_partial {
                    return Ok(Found::End);
                }
                self.complete = true;
                break;
            }
            let end = match self.format {
                Format::Jsonl => memchr::memchr(b'\n', chunk).map(|at| at + 1),
                Format::Csv => self.boundary.find(chunk),
            };
            let count = end.unwrap_or(chunk.len());
            let part = &chunk[..count];
            if self.beyond.is_none() && self.pending.len() + count > self.unit_bytes_max + b"\r\n".len() {
                let mut beyond = Box::new(self.accepted.clone());
                beyond.add(&self.pending);
                self.beyond = Some(beyond);
            }
            match &mut self.beyond {
                Some(beyond) => {
                    beyond.add(part);
                    let room = KEPT_OF_TOO_LONG.saturating_sub(self.pending.len());
                    self.pending.extend_from_slice(&part[..count.min(room)]);
                    self.pending.truncate(KEPT_OF_TOO_LONG);
                }
                None => self.pending.extend_from_slice(part),
            }
            self.input.consume(count);
            self.complete = end.is_some();
        }
        let too_long = self.beyond.is_some() || self.content().len() > self.unit_bytes_max;
        Ok(if too_long { Found::TooLong } else { Found::Unit })
    }

    /// Returns the unit that was looked at, without its line break and a byte order mark.
    pub fn content(&self) -> &[u8] {
        let line = self.pending.strip_suffix(b"\n").unwrap_or(&self.pending);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.accepted.offset == 0 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line }
    }

    /// Makes the unit that was looked at part of the position.
    pub fn accept(&mut self) {
        match self.beyond.take() {
            Some(beyond) => self.accepted = *beyond,
            None => self.accepted.add(&self.pending),
        }
        self.pending.clear();
        self.boundary = Boundary::default();
        self.complete = false;
    }

    /// Returns the number of the line that the unit which was looked at begins on, from 1.
    pub fn line_of_unit(&self) -> u64 {
        self.accepted.line_breaks + 1
    }

    /// Returns how many lines were accepted, a last one without a line break included.
    pub fn lines(&self) -> u64 {
        self.accepted.line_breaks + u64::from(self.accepted.ends_in_line)
    }

    /// Returns what was accepted.
    pub fn mark(&self) -> FileMark {
        FileMark { bytes: self.accepted.offset, digest: self.accepted.digest.digest128() }
    }

    /// Returns how many bytes were accepted.
    pub fn offset(&self) -> u64 {
        self.accepted.offset
    }

    /// Returns how many bytes were read, accepted or not.
    pub fn bytes_read(&self) -> u64 {
        self.accepted.offset + self.taken()
    }

    /// Returns whether what was accepted ends in the middle of a line, so that what follows must be its line break.
    pub fn ends_in_line(&self) -> bool {
        self.accepted.ends_in_line
    }

    fn taken(&self) -> u64 {
        self.beyond.as_ref().map_or(self.pending.len() as u64, |beyond| beyond.offset - self.accepted.offset)
    }

    /// Reads again what was read before and compares it with its mark.
    pub fn skip_to(&mut self, mark: &FileMark) -> Result<(), SourceError> {
        while self.accepted.offset < mark.bytes {
            let chunk = self.input.chunk()?;
            if chunk.is_empty() {
                return Err(shortened(&self.input.path.display(), self.accepted.offset, mark.bytes));
            }
            let wanted = usize::try_from(mark.bytes - self.accepted.offset).unwrap_or(usize::MAX);
            let count = chunk.len().min(wanted);
            self.accepted.add(&chunk[..count]);
            self.input.consume(count);
        }
        if self.mark() == *mark { Ok(()) } else { Err(edited(&self.input.path.display(), mark.bytes)) }
    }
}
