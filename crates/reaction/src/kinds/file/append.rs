//! `mode: append`: one query result a line, exactly once.
//!
//! The committed length is the checkpoint's detail. Whatever comes after it was written by a delivery whose checkpoint
//! was never stored, and is cut off before the next one; what comes before it is checked at its end and never touched.
//!
//! A file that is full is rotated at the beginning of a delivery, never within one. So the checkpoint is about the file
//! or, if the delivery was interrupted, about the newest of the older files, which is then moved back. Where one file
//! ends and the next begins follows from the lines alone.

use super::mark::{self, Mark};
use super::{Rotate, place, rotate};
use crate::{Delivered, Outgoing, Reaction, ReactionError, Role, Start, Started, Style};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// How a line of query results begins.
const LINE_START: &[u8] = b"{\"query_id\":\"";

/// Appends query results to a file.
#[derive(Debug)]
pub struct Append {
    path: PathBuf,
    rotate: Option<Rotate>,
    take_over: bool,
    /// The committed part; `None` before the start.
    committed: Option<Mark>,
}

impl Append {
    /// Appends to the file at `path`, which is created (with its directories) if missing. Does no I/O yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), rotate: None, take_over: true, committed: None }
    }

    /// Makes it begin a new file whenever one is full.
    #[must_use]
    pub fn rotated(mut self, rotate: Option<Rotate>) -> Self {
        self.rotate = rotate;
        self
    }

    /// Sets whether to append to a file that exists at the first start and holds something other than query results;
    /// the default is to append.
    #[must_use]
    pub fn taking_over(mut self, take_over: bool) -> Self {
        self.take_over = take_over;
        self
    }

    /// Refuses a file that holds something other than query results, unless it is to be taken over.
    fn check_own(&self, file: &mut File) -> Result<(), ReactionError> {
        let mut start = Vec::new();
        file.rewind()
            .and_then(|()| (&mut *file).take(LINE_START.len() as u64).read_to_end(&mut start))
            .map_err(self.io("read"))?;
        if self.take_over || start.is_empty() || start == LINE_START {
            return Ok(());
        }
        let (holds, fate) = ("query results", "appended to");
        Err(ReactionError::Foreign { path: self.path.clone(), holds, fate })
    }

    fn io(&self, doing: &'static str) -> impl FnOnce(io::Error) -> ReactionError + use<> {
        ReactionError::io(doing, &self.path)
    }

    fn open(&self) -> Result<File, ReactionError> {
        place::make_directory(&self.path)?;
        let is_new = !self.path.exists();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.path)
            .map_err(self.io("open"))?;
        if is_new {
            file.sync_all().map_err(self.io("sync"))?;
            place::sync_directory(&self.path)?;
        }
        Ok(file)
    }

    /// Opens the file and cuts it back to the committed part; undoes a rotation after that.
    fn open_at(&self, committed: &Mark) -> Result<File, ReactionError> {
        match self.open_as_it_is(committed) {
            Err(
                ReactionError::Missing { .. } | ReactionError::Shorter { .. } | ReactionError::Changed { .. },
            ) if self.rotate.is_some() && self.is_rotated(committed).map_err(self.io("read"))? => {
                rotate::take_back(&self.path)?;
                self.open_as_it_is(committed)
            }
            opened => opened,
        }
    }

    /// Returns whether the newest of the older files is the committed one.
    fn is_rotated(&self, committed: &Mark) -> io::Result<bool> {
        let mut file = match File::open(rotate::older(&self.path, 1)) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        Ok(file.metadata()?.len() == committed.length && Mark::of(&mut file, committed.length)? == *committed)
    }

    fn open_as_it_is(&self, committed: &Mark) -> Result<File, ReactionError> {
        let path = self.path.clone();
        let (length, committed_length) = match std::fs::metadata(&path) {
            Ok(found) => (found.len(), committed.length),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound && committed.length > 0 => {
                return Err(ReactionError::Missing { path, committed: committed.length });
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => (0, 0),
            Err(cause) => return Err(self.io("read")(cause)),
        };
        if length < committed_length {
            return Err(ReactionError::Shorter { path, length, committed: committed_length });
        }
        let mut file = self.open()?;
        if Mark::of(&mut file, committed_length).map_err(self.io("read"))? != *committed {
            return Err(ReactionError::Changed { path, committed: committed_length });
        }
        if length > committed_length {
            file.set_len(committed_length).map_err(self.io("cut back"))?;
        }
        Ok(file)
    }

    /// Writes the results that fit into the file; returns how many those are, and the new mark of the file.
    fn write(
        &self,
        file: &mut File,
        committed: u64,
        results: &[Outgoing<'_>],
    ) -> Result<(usize, Mark), ReactionError> {
        self.write_some(file, committed, results).map_err(self.io("write"))
    }

    fn write_some(
        &self,
        file: &mut File,
        committed: u64,
        results: &[Outgoing<'_>],
    ) -> io::Result<(usize, Mark)> {
        // A file that existed before may end without a line end; our results begin on a line of their own.
        let ends_open = mark::tail(file, committed)?.last().is_some_and(|byte| *byte != b'\n');
        file.seek(SeekFrom::Start(committed))?;
        let (mut out, mut line) = (BufWriter::new(&*file), Vec::new());
        if ends_open {
            line.push(b'\n');
        }
        let (mut length, mut count) = (committed, 0);
        for result in results {
            serde_json::to_writer(&mut line, &result.shape())?;
            line.push(b'\n');
            let grown = length + line.len() as u64;
            let begins = count == 0 && (length == 0 || ends_open);
            if !begins && self.rotate.is_some_and(|rotate| grown > rotate.bytes) {
                break;
            }
            out.write_all(&line)?;
            line.clear();
            (length, count) = (grown, count + 1);
        }
        out.flush()?;
        drop(out);
        file.sync_all()?;
        Ok((count, Mark::of(file, length)?))
    }
}

impl Reaction for Append {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn identity(&self) -> String {
        "lines of a file".to_owned()
    }

    /// Keeps a file that exists before anything was delivered, and appends to it if that is allowed.
    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        let committed = match start.detail {
            Some(detail) => {
                let committed = Mark::decode(detail)?;
                self.open_at(&committed)?;
                committed
            }
            None => {
                let mut file = self.open()?;
                self.check_own(&mut file)?;
                let length = file.metadata().map_err(self.io("read"))?.len();
                Mark::of(&mut file, length).map_err(self.io("read"))?
            }
        };
        self.committed = Some(committed);
        Ok(Started { detail: committed.encode(), ..Started::default() })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let committed = self.committed.ok_or(ReactionError::NotStarted)?;
        if results.is_empty() {
            return Ok(Delivered::all(results, committed.encode()));
        }
        // Opened again each time: a file that is moved away or edited meanwhile is noticed at once, and what a failed
        // delivery left behind is cut off.
        let mut file = self.open_at(&committed)?;
        let (mut written, mut mark) = self.write(&mut file, committed.length, results)?;
        if let (0, Some(rotate)) = (written, self.rotate) {
            rotate::rotate(&self.path, rotate)?;
            (written, mark) = self.write(&mut self.open()?, 0, results)?;
        }
        self.committed = Some(mark);
        Ok(Delivered { results: written, detail: mark.encode(), ..Delivered::default() })
    }
}
