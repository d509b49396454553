//! `mode: table`: the current rows, one a line, sorted by row signature, replaced as a whole.
//!
//! A snapshot is streamed into a temporary file beside the table, synced, and renamed over it, so a reader
//! sees one snapshot or the next and memory stays the same for any number of rows.

use super::compare::Whole;
use super::found::{LINE_START, find, foreign};
use super::mark::Mark;
use super::place;
use crate::target::Target;
use crate::{Reaction, ReactionError, Role, SnapshotOf, Start, Started, Style};
use livewell_model::json::{Data, RowShape};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// Keeps a query's live results in a file.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    take_over: bool,
}

impl Table {
    /// Keeps the table at `path`, which is created (with its directories) if missing. Does no I/O yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), take_over: false }
    }

    /// Sets whether a file that is not a table is replaced. Otherwise it is refused.
    #[must_use]
    pub fn taking_over(mut self, take_over: bool) -> Self {
        self.take_over = take_over;
        self
    }

    fn io(&self, doing: &'static str) -> impl FnOnce(io::Error) -> ReactionError + use<> {
        ReactionError::io(doing, &self.path)
    }

    /// Returns the path of the temporary file, which is beside the table because a rename is atomic within one file
    /// system only.
    fn temporary(&self) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(".new");
        self.path.with_file_name(name)
    }

    fn refuse_foreign(&self, mut file: File) -> Result<(), ReactionError> {
        let mut start = Vec::new();
        file.rewind()
            .and_then(|()| file.take(LINE_START.len() as u64).read_to_end(&mut start))
            .map_err(self.io("read"))?;
        if start.is_empty() || start == LINE_START {
            return Ok(());
        }
        Err(foreign(&self.path))
    }

    fn write(&self, snapshot: &mut SnapshotOf<'_>) -> Result<Mark, ReactionError> {
        let temporary = self.temporary();
        let io = |doing| ReactionError::io(doing, &temporary);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&temporary)
            .map_err(io("create"))?;
        let mut out = BufWriter::new(&file);
        let mut last = None;
        for row in &mut *snapshot.rows {
            let (row_signature, columns) = row
                .map_err(|cause| ReactionError::Snapshot { query_id: snapshot.query_id.to_owned(), cause })?;
            debug_assert!(last < Some(row_signature), "a snapshot ascends by signature");
            last = Some(row_signature);
            let data = Data { names: snapshot.columns, columns: &columns };
            serde_json::to_writer(&mut out, &RowShape { row_signature, data })
                .map_err(|cause| io("write")(cause.into()))?;
            out.write_all(b"\n").map_err(io("write"))?;
        }
        out.flush().map_err(io("write"))?;
        drop(out);
        file.sync_all().map_err(io("sync"))?;
        let length = file.stream_position().map_err(io("read"))?;
        let mark = Mark::of(&mut file, length).map_err(io("read"))?;
        fs::rename(&temporary, &self.path).map_err(self.io("replace"))?;
        Ok(mark)
    }
}

impl Reaction for Table {
    fn role(&self) -> Role {
        Role::StateKeeper
    }

    fn style(&self) -> Style {
        Style::Snapshots
    }

    fn identity(&self) -> String {
        "rows of a file".to_owned()
    }

    /// Asks for a rebuild if the table is gone or is not the one of the checkpoint.
    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        let detail = start.detail;
        // Before the first snapshot the stored detail is empty.
        let expected = detail.filter(|detail| !detail.is_empty()).map(Mark::decode).transpose()?;
        let found = match find(&self.path)? {
            Some((_, mark)) if Some(mark) == expected => {
                return Ok(Started { detail: mark.encode(), ..Started::default() });
            }
            Some((file, _)) => Some(file),
            None => None,
        };
        if let Some(file) = found.filter(|_| !self.take_over) {
            self.refuse_foreign(file)?;
        }
        Ok(Started { detail: detail.unwrap_or_default().to_owned(), rebuild: true, ..Started::default() })
    }

    fn replace(&mut self, mut snapshot: SnapshotOf<'_>) -> Result<Vec<u8>, ReactionError> {
        place::make_directory(&self.path)?;
        let written = self.write(&mut snapshot);
        if written.is_err() {
            // Best effort: the next snapshot starts the temporary file over in any case.
            let _ = fs::remove_file(self.temporary());
        }
        let mark = written?;
        place::sync_directory(&self.path)?;
        Ok(mark.encode())
    }

    fn target(&self) -> Option<Arc<dyn Target>> {
        Some(Arc::new(Whole::new(&self.path)))
    }
}
