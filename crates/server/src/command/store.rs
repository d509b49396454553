//! `livewell store inspect` and `scrub`: what a store directory holds, and whether it is intact.

use super::offline;
use crate::cli::Store as Asked;
use crate::failure::Failure;
use crate::render::{Grid, Screen, Shown};
use livewell_store::catalog::{self, Kind, Registered};
use livewell_store::embedded::FORMAT_VERSION;
use livewell_store::{EmbeddedStore, Feed, Head, IndexError, Snapshot, Store};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// Inspects a store, or checks all of it.
pub fn run(asked: &Asked) -> Result<(), Failure> {
    match asked {
        Asked::Inspect { directory } => look(directory),
        Asked::Scrub { directory } => scrub(directory),
    }
}

fn look(directory: &Path) -> Result<(), Failure> {
    let store = offline::open(directory)?;
    let mut out = io::stdout().lock();
    writeln!(out, "store     {}", directory.display())?;
    writeln!(out, "format    {FORMAT_VERSION}")?;
    writeln!(out, "id        {:032x}", store.id().0)?;
    let mut damage = Vec::new();
    match inspect(&store) {
        Ok((position, grid)) => {
            writeln!(out, "position  {position}\n")?;
            grid.write(&mut out, &Screen::of_stdout())?;
            writeln!(out)?;
        }
        Err(error) => damage.push(error.to_string()),
    }
    check(&store, &mut out, damage)
}

fn scrub(directory: &Path) -> Result<(), Failure> {
    let store = offline::open(directory).map_err(|failure| match failure {
        Failure::Failed(text) if text.contains("[LW0301]") => Failure::Failed(format!(
            "{text}       a running server checks its store in the background: \
             `livewell_scrub_last_finished_timestamp_seconds` and `livewell_scrub_damaged` in its /metrics say what came \
             of it\n"
        )),
        other => other,
    })?;
    check(&store, &mut io::stdout().lock(), Vec::new())
}

/// Reads the pages first: their content is only checked if they can be read safely.
fn check(store: &EmbeddedStore, out: &mut impl Write, mut damage: Vec<String>) -> Result<(), Failure> {
    match store.verify() {
        Ok(entries) => {
            writeln!(out, "{entries} entries read, each with its checksum")?;
            let found = livewell::check_store(store).map_err(Failure::failed)?;
            damage.extend(found.iter().map(ToString::to_string));
        }
        Err(error) => damage.push(error.to_string()),
    }
    if damage.is_empty() {
        return Ok(writeln!(out, "no damage found")?);
    }
    damage.dedup();
    Err(offline::damaged(&damage))
}

/// Returns what each component has, by its head; for rows also the bytes, which no head counts.
fn inspect(store: &EmbeddedStore) -> Result<(u64, Grid), IndexError> {
    let snapshot = store.snapshot()?;
    let mut grid =
        Grid::new(["", "id", "epoch", "sequence", "rows", "row bytes", "log entries", "log bytes"]);
    for entry in catalog::all(&*snapshot)? {
        let head = Head::read(&*snapshot, entry.number)?;
        let bytes = match &head {
            Some(_) => row_bytes(&snapshot, &entry)?,
            None => 0,
        };
        let number = |value: fn(&Head) -> u64| {
            Shown::number(head.as_ref().map_or_else(String::new, |head| value(head).to_string()))
        };
        grid.add(vec![
            Shown::text(kind(entry.kind)),
            Shown::text(&entry.id),
            number(|head| head.epoch),
            number(|head| head.sequence),
            number(|head| head.rows),
            Shown::number(bytes),
            number(|head| head.log_entries),
            number(|head| head.log_bytes),
        ]);
    }
    Ok((catalog::position(&*snapshot)?, grid))
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Source => "source",
        Kind::Query => "query",
        Kind::Reaction => "reaction",
        Kind::Bare => "live results",
    }
}

/// Returns how many bytes a feed's rows have.
fn row_bytes(snapshot: &Arc<dyn Snapshot>, entry: &Registered) -> Result<u64, IndexError> {
    let Some(feed) = Feed::open(snapshot.clone(), entry.number)? else { return Ok(0) };
    feed.entries(None)?.try_fold(0, |bytes, row| {
        let (key, value) = row?;
        Ok(bytes + (key.len() + value.len()) as u64)
    })
}
