//! `mode: append`: one query result a line, exactly once.
//!
//! The committed length is the checkpoint's detail. Whatever stands behind it was written by a delivery
//! whose checkpoint was never stored, and is cut away before the next one; what stands before it is checked
//! at its end and never touched.

use super::mark::{self, Mark};
use super::place;
use crate::{Delivered, Outgoing, Reaction, ReactionError, Role, Start, Started, Style};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// Appends query results to a file.
#[derive(Debug)]
pub struct Append {
    path: PathBuf,
    /// What is committed; `None` before the start.
    committed: Option<Mark>,
}

impl Append {
    /// Appends to the file at `path`, which is made (with its directories) where missing. Does no IO yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), committed: None }
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

    /// The file, open and cut back to what is committed.
    fn open_at(&self, committed: &Mark) -> Result<File, ReactionError> {
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

    fn write(file: &mut File, committed: u64, results: &[Outgoing<'_>]) -> io::Result<Mark> {
        // A file that was here before us may end without a line end; ours begin on a line of their own.
        let ends_open = mark::tail(file, committed)?.last().is_some_and(|byte| *byte != b'\n');
        file.seek(SeekFrom::Start(committed))?;
        let mut out = BufWriter::new(&*file);
        if ends_open {
            out.write_all(b"\n")?;
        }
        for result in results {
            serde_json::to_writer(&mut out, &result.shape())?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        drop(out);
        file.sync_all()?;
        let length = file.stream_position()?;
        Mark::of(file, length)
    }
}

impl Reaction for Append {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn style(&self) -> Style {
        Style::Results
    }

    /// A file that is there before anything was delivered is kept, and appended to.
    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        let committed = match start.detail {
            Some(detail) => {
                let committed = Mark::decode(detail)?;
                self.open_at(&committed)?;
                committed
            }
            None => {
                let mut file = self.open()?;
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
        // Opened anew each time: a file that is moved away or edited meanwhile is noticed at once, and what a
        // failed delivery left behind is cut away.
        let mut file = self.open_at(&committed)?;
        let mark = Self::write(&mut file, committed.length, results).map_err(self.io("write"))?;
        self.committed = Some(mark);
        Ok(Delivered::all(results, mark.encode()))
    }
}
