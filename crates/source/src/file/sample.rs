//! The first records of files, to look at: nothing is stored, and nothing is followed.

use super::{Batch, FileSource, Parked};
use crate::settings::{FileSettings, OnError};
use crate::{InputError, SourceError};
use livewell_model::Transaction;

/// How many bytes are read between two looks at whether to go on.
const PIECE_BYTES: usize = 64 << 10;

/// A record as a file has it, and what becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The number of its file in the list, from 0.
    pub file: usize,
    /// Where it begins, in lines from 1.
    pub line: u64,
    /// What was read; of a record beyond the limit only the beginning.
    pub text: String,
    /// The transaction that it is, or why it is none.
    pub made: Result<Transaction, InputError>,
}

/// The first records of a source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampled {
    /// The records, in the order of the files.
    pub records: Vec<Sample>,
    /// Whether there are more, or might be: reading stopped at a limit.
    pub is_cut: bool,
}

/// Reads the first `most` records as a source with these settings would, and about `bytes` of decompressed content at
/// most. `is_over` is asked on the way whether to stop. A longer line than `bytes` counts as too long.
///
/// # Errors
/// Returns [`SourceError`] if the settings are not valid, a file cannot be read or is not a regular file, or a template
/// names a column that its table does not have.
pub fn sample(
    settings: &FileSettings,
    most: usize,
    bytes: usize,
    is_over: &dyn Fn() -> bool,
) -> Result<Sampled, SourceError> {
    let mut settings = settings.clone();
    // What cannot be taken in is one of the things to see.
    settings.on_error = OnError::Park;
    settings.limits.line_bytes_max = settings.limits.line_bytes_max.min(bytes);
    for entry in settings.entries() {
        // Opening a pipe waits for its other end.
        if std::fs::metadata(&entry.path).is_ok_and(|found| !found.is_file()) {
            let path = entry.path.display();
            return Err(SourceError::settings(format!(
                "`{path}` is not a regular file and cannot be looked at"
            )));
        }
    }
    let mut files = FileSource::open(settings, None)?;
    let (mut sampled, mut read) = (Sampled::default(), 0);
    loop {
        if is_over() || read >= bytes {
            sampled.is_cut = true;
            return Ok(sampled);
        }
        let before = (files.done(), files.position().offset);
        let batch = files.read(1, PIECE_BYTES)?;
        let after = (files.done(), files.position().offset);
        if before == after {
            return Ok(sampled);
        }
        read =
            read.saturating_add(
                if before.0 == after.0 { after.1.saturating_sub(before.1) } else { after.1 } as usize
            );
        let end = batch.end;
        for record in records(batch) {
            if sampled.records.len() == most {
                sampled.is_cut = true;
                return Ok(sampled);
            }
            sampled.records.push(record);
        }
        if end {
            return Ok(sampled);
        }
    }
}

/// Returns the records of a batch in their order.
fn records(batch: Batch) -> Vec<Sample> {
    let Batch { transactions, lines, parked, .. } = batch;
    let mut records = Vec::new();
    let mut parked = parked.into_iter().peekable();
    let aside =
        |Parked { file, line, text, error, .. }: Parked| Sample { file, line, text, made: Err(error) };
    for (at, (transaction, line)) in transactions.into_iter().zip(lines).enumerate() {
        while let Some(one) = parked.next_if(|one| one.after <= at) {
            records.push(aside(one));
        }
        records.push(Sample { file: line.file, line: line.line, text: line.text, made: Ok(transaction) });
    }
    records.extend(parked.map(aside));
    records
}
