//! Compares the file of `mode: table` with the live results of its checkpoint.
//!
//! The file does not hold its checkpoint: the store does, with the mark of the file. A file that was replaced by hand
//! has another mark, and so has one that was written just now, until its checkpoint is stored; the latter passes.

use super::found::{LINE_START, find};
use super::mark::Mark;
use crate::expected::{Expected, Match};
use crate::target::{
    Compared, Difference, Held, Kept, Live, Stored, Target, given_up, moved, no_checkpoint, row_text,
};
use crate::{Reached, ReactionError};
use livewell_model::json::{Data, RowShape};
use livewell_model::row::signature_text;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long, and how often, to wait for the checkpoint of a file.
const PAUSE: Duration = Duration::from_millis(50);
const TRIES: usize = 20;
/// How much of a line is read at once. A longer line is not a row that was written here.
const LINE_BYTES_MAX: u64 = 256 << 20;

/// The file of a table.
#[derive(Debug)]
pub(super) struct Whole {
    path: PathBuf,
}

/// A file with the checkpoint that it is of.
struct Settled {
    file: Option<File>,
    reached: Reached,
    /// Whether it is the one that was written at that checkpoint.
    is_as_written: bool,
}

impl Whole {
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    fn target(&self) -> String {
        format!("the file `{}`", self.path.display())
    }

    /// Opens the file as of a stored checkpoint.
    fn settle(&self, kept: &Kept<'_>) -> Result<Settled, ReactionError> {
        for tried in 1.. {
            given_up(kept, &self.target())?;
            let before = self.stored(kept)?;
            let (file, mark) = find(&self.path)?.unzip();
            let is_of = |stored: &Stored| Ok::<_, ReactionError>(mark == Some(Mark::decode(&stored.detail)?));
            if is_of(&before)? {
                return Ok(Settled { file, reached: before.reached, is_as_written: true });
            }
            let after = self.stored(kept)?;
            if is_of(&after)? {
                return Ok(Settled { file, reached: after.reached, is_as_written: true });
            }
            if tried < TRIES {
                std::thread::park_timeout(PAUSE);
            } else if before == after {
                return Ok(Settled { file, reached: after.reached, is_as_written: false });
            } else {
                return Err(moved(self.target(), &before.reached, Some(&after.reached)));
            }
        }
        unreachable!("the last try returns")
    }

    fn stored(&self, kept: &Kept<'_>) -> Result<Stored, ReactionError> {
        let stored = (kept.stored)()?;
        if stored.detail.is_empty() { Err(no_checkpoint(self.target())) } else { Ok(stored) }
    }

    /// Calls `each` with every line, without its end.
    fn each_line(
        &self,
        file: Option<File>,
        mut each: impl FnMut(&[u8]) -> Result<(), ReactionError>,
    ) -> Result<(), ReactionError> {
        let io = |doing| ReactionError::io(doing, &self.path);
        let Some(mut file) = file else { return Ok(()) };
        file.rewind().map_err(io("read"))?;
        let (mut reader, mut line) = (BufReader::new(file), Vec::new());
        loop {
            line.clear();
            let length = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
            if length.map_err(io("read"))? == 0 {
                return Ok(());
            }
            each(line.strip_suffix(b"\n").unwrap_or(&line))?;
        }
    }
}

impl Target for Whole {
    fn look(&self, kept: &Kept<'_>) -> Result<Held, ReactionError> {
        let Settled { file, reached, is_as_written } = self.settle(kept)?;
        let mut rows = 0;
        self.each_line(file, |_| {
            rows += 1;
            given_up(kept, "")
        })?;
        Ok(Held { target: self.target(), rows, reached: Some(reached).filter(|_| is_as_written) })
    }

    fn compare(&self, kept: &Kept<'_>, live: &mut dyn Live) -> Result<Compared, ReactionError> {
        let Settled { file, reached, .. } = self.settle(kept)?;
        let names = live.begin(&reached)?;
        let mut expected = Expected::read(live, |signature, columns| {
            let shape = RowShape { row_signature: signature, data: Data { names: &names, columns } };
            let line = serde_json::to_string(&shape).expect("a row always has a JSON form");
            (signature.to_be_bytes().to_vec(), line)
        })?;
        let mut compared = Compared::begin(self.target(), reached);
        compared.live = expected.len();
        self.each_line(file, |line| {
            compared.there += 1;
            live.hold(0)?;
            let signature = signature_of(line);
            let key = signature.map_or_else(|| format!("line {}", compared.there), signature_text);
            let found = || Some(String::from_utf8_lossy(line).into_owned());
            // A signature has eight bytes, so nothing is found by none.
            let bytes = signature.map(u64::to_be_bytes);
            match expected.find(bytes.as_ref().map_or(&[], <[u8; 8]>::as_slice), line) {
                Match::Same => Ok(()),
                Match::Changed(signature) => compared.changed.add(|| {
                    let row = live.row(signature)?.map(|row| row_text(&names, &row));
                    Ok(Difference::new(key, row, found()))
                }),
                Match::Again | Match::None => compared.extra.add(|| Ok(Difference::new(key, None, found()))),
            }
        })?;
        for signature in expected.missing() {
            compared.missing.add(|| {
                let row = live.row(signature)?.map(|row| row_text(&names, &row));
                Ok::<_, ReactionError>(Difference::new(signature_text(signature), row, None))
            })?;
        }
        Ok(compared)
    }
}

/// Returns the signature that a line begins with.
fn signature_of(line: &[u8]) -> Option<u64> {
    let digits = line.strip_prefix(LINE_START)?.get(..16)?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
