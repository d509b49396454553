//! `livewell store inspect`: what a store directory holds, and whether it is whole.

use super::{Failure, offline};
use crate::cli::Store as Asked;
use comfy_table::{Table, presets};
use livewell_store::catalog::{self, Kind, Registered};
use livewell_store::embedded::FORMAT_VERSION;
use livewell_store::head::{Head, entry_hash};
use livewell_store::{EmbeddedStore, Feed, IndexError, Snapshot, Store};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// Looks into a store.
pub fn run(asked: &Asked) -> Result<(), Failure> {
    let Asked::Inspect { directory } = asked;
    look(directory)
}

fn look(directory: &Path) -> Result<(), Failure> {
    let store = offline::open(directory)?;
    let mut out = io::stdout().lock();
    writeln!(out, "store     {}", directory.display())?;
    writeln!(out, "format    {FORMAT_VERSION}")?;
    writeln!(out, "id        {:032x}", store.id().0)?;
    let mut damage = Vec::new();
    match inspect(&store, &mut damage) {
        Ok((position, table)) => writeln!(out, "position  {position}\n{table}")?,
        Err(error) => damage.push(error.to_string()),
    }
    match store.verify() {
        Ok(entries) => writeln!(out, "{entries} entries read, each with its checksum")?,
        Err(error) => damage.push(error.to_string()),
    }
    if damage.is_empty() {
        return Ok(writeln!(out, "no damage found")?);
    }
    damage.dedup();
    Err(offline::damaged(&damage))
}

fn inspect(store: &EmbeddedStore, damage: &mut Vec<String>) -> Result<(u64, Table), IndexError> {
    let snapshot = store.snapshot()?;
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["", "id", "epoch", "sequence", "rows", "row bytes", "log entries", "log bytes"]);
    for entry in catalog::all(&*snapshot)? {
        let head = Head::read(&*snapshot, entry.number)?;
        let bytes = match &head {
            Some(_) => recount(&snapshot, &entry, damage)?,
            None => 0,
        };
        let number =
            |value: fn(&Head) -> u64| head.as_ref().map_or_else(String::new, |head| value(head).to_string());
        table.add_row([
            kind(entry.kind).to_owned(),
            entry.id.clone(),
            number(|head| head.epoch),
            number(|head| head.sequence),
            number(|head| head.rows),
            bytes.to_string(),
            number(|head| head.log_entries),
            number(|head| head.log_bytes),
        ]);
    }
    Ok((catalog::position(&*snapshot)?, table))
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Source => "source",
        Kind::Query => "query",
        Kind::Reaction => "reaction",
        Kind::Bare => "live results",
    }
}

/// Reads a feed's snapshot and log and compares them with what its head says. Gives the snapshot's bytes.
fn recount(
    snapshot: &Arc<dyn Snapshot>,
    entry: &Registered,
    damage: &mut Vec<String>,
) -> Result<u64, IndexError> {
    let Some(feed) = Feed::open(snapshot.clone(), entry.number)? else { return Ok(0) };
    let (mut rows, mut hash, mut bytes) = (0u64, 0u64, 0u64);
    for row in feed.entries(None)? {
        let (key, value) = row?;
        rows += 1;
        hash = hash.wrapping_add(entry_hash(&key, &value));
        bytes += (key.len() + value.len()) as u64;
    }
    let Head { rows: said, rows_hash, .. } = feed.head;
    if rows != said {
        damage.push(format!("`{}` has {rows} rows, and its head says {said}", entry.id));
    } else if hash != rows_hash {
        damage.push(format!("`{}` has other rows than its head says", entry.id));
    }
    if entry.kind != Kind::Bare {
        log(&feed, &entry.id, damage)?;
    }
    Ok(bytes)
}

/// Reads the log through, in bounded pieces.
fn log(feed: &Feed, id: &str, damage: &mut Vec<String>) -> Result<(), IndexError> {
    let Head { epoch, sequence, low, log_entries, .. } = feed.head;
    let (mut after, mut entries) = (low.saturating_sub(1), 0u64);
    loop {
        let piece = feed.log(epoch, after, 1_000, 1 << 20)?;
        let Some(last) = piece.last() else { break };
        entries += piece.len() as u64;
        after = last.sequence;
    }
    if after != sequence.max(low.saturating_sub(1)) || entries != log_entries {
        damage.push(format!("the log of `{id}` has {entries} entries up to {after}, and its head says {log_entries} up to {sequence}"));
    }
    Ok(())
}
