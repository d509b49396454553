//! `livewell store inspect` and `scrub`: what a store directory holds, and whether it is intact.

use super::offline;
use crate::cli::{Store as Asked, TextFormat};
use crate::failure::Failure;
use crate::progress::{Progress, Unit};
use crate::render::{Grid, Screen, Shown};
use livewell_store::catalog::{self, Kind, Registered};
use livewell_store::embedded::FORMAT_VERSION;
use livewell_store::{EmbeddedStore, Feed, Head, IndexError, Snapshot, Store};
use serde_json::{Value as Json, json};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// Inspects a store, or checks all of it.
pub fn run(asked: &Asked) -> Result<(), Failure> {
    match asked {
        Asked::Inspect { directory, format } => look(directory, *format),
        Asked::Scrub { directory, format } => scrub(directory, *format),
        Asked::Size(_) => unreachable!("what it is about was found first"),
    }
}

fn look(directory: &Path, format: TextFormat) -> Result<(), Failure> {
    let store = offline::open(directory)?;
    let mut damage = Vec::new();
    let inspected = inspect(&store).map_err(|error| damage.push(error.to_string())).ok();
    let id = format!("{:032x}", store.id().0);
    if format == TextFormat::Json {
        let (position, components) = inspected.unzip();
        let mut document = json!({
            "store": directory, "format": FORMAT_VERSION, "id": id, "position": position, "components": components,
        });
        return report(&store, damage, &mut document);
    }
    let mut out = io::stdout().lock();
    writeln!(out, "store     {}", directory.display())?;
    writeln!(out, "format    {FORMAT_VERSION}")?;
    writeln!(out, "id        {id}")?;
    if let Some((position, components)) = inspected {
        writeln!(out, "position  {position}\n")?;
        grid(&components).write(&mut out, &Screen::of_stdout())?;
        writeln!(out)?;
    }
    check(&store, &mut out, damage)
}

fn scrub(directory: &Path, format: TextFormat) -> Result<(), Failure> {
    let store = offline::open(directory).map_err(|failure| match failure {
        Failure::Failed(text) if text.contains("[LW0301]") => Failure::Failed(format!(
            "{text}       a running server checks its store in the background: \
             `livewell_scrub_last_finished_timestamp_seconds` and `livewell_scrub_damaged` in its /metrics say what came \
             of it\n"
        )),
        other => other,
    })?;
    match format {
        TextFormat::Json => report(&store, Vec::new(), &mut json!({ "store": directory })),
        TextFormat::Text => check(&store, &mut io::stdout().lock(), Vec::new()),
    }
}

/// Reads and checks everything: the pages first, since their content can only be read safely if they are intact.
/// Returns the number of entries, unless a page is damaged.
fn read(store: &EmbeddedStore, damage: &mut Vec<String>) -> Result<Option<u64>, Failure> {
    let shown = Progress::of_unknown("reading the pages of the store");
    let verified = store.verify();
    drop(shown);
    let entries = match verified {
        Ok(entries) => {
            let shown = Progress::of("checking the store");
            let on_progress = |read| shown.at(read, Some(entries), Unit::Things("entries"));
            let found = livewell::check_store_within(store, &on_progress).map_err(Failure::failed)?;
            damage.extend(found.iter().map(ToString::to_string));
            Some(entries)
        }
        Err(error) => {
            damage.push(error.to_string());
            None
        }
    };
    damage.dedup();
    Ok(entries)
}

fn check(store: &EmbeddedStore, out: &mut impl Write, mut damage: Vec<String>) -> Result<(), Failure> {
    if let Some(entries) = read(store, &mut damage)? {
        writeln!(out, "{entries} entries read, each with its checksum")?;
    }
    if damage.is_empty() { Ok(writeln!(out, "no damage found")?) } else { Err(offline::damaged(&damage)) }
}

/// Like [`check`], with the outcome in the document.
fn report(store: &EmbeddedStore, mut damage: Vec<String>, document: &mut Json) -> Result<(), Failure> {
    document["entries"] = read(store, &mut damage)?.into();
    document["damage"] = damage.as_slice().into();
    writeln!(io::stdout(), "{document:#}")?;
    if damage.is_empty() { Ok(()) } else { Err(Failure::Failed(String::new())) }
}

/// Returns the position, and what each component has, by its head; for rows also the bytes, which no head counts.
fn inspect(store: &EmbeddedStore) -> Result<(u64, Vec<Json>), IndexError> {
    let snapshot = store.snapshot()?;
    let mut components = Vec::new();
    for entry in catalog::all(&*snapshot)? {
        let head = Head::read(&*snapshot, entry.number)?;
        let bytes = match &head {
            Some(_) => row_bytes(&snapshot, &entry)?,
            None => 0,
        };
        let number = |value: fn(&Head) -> u64| head.as_ref().map(value);
        components.push(json!({
            "kind": kind(entry.kind), "id": entry.id,
            "epoch": number(|head| head.epoch), "sequence": number(|head| head.sequence),
            "rows": number(|head| head.rows), "row_bytes": bytes,
            "log_entries": number(|head| head.log_entries), "log_bytes": number(|head| head.log_bytes),
        }));
    }
    Ok((catalog::position(&*snapshot)?, components))
}

fn grid(components: &[Json]) -> Grid {
    let mut grid =
        Grid::new(["", "id", "epoch", "sequence", "rows", "row bytes", "log entries", "log bytes"]);
    for one in components {
        let text = |field: &str| Shown::text(one[field].as_str().unwrap_or_default());
        let numbers = ["epoch", "sequence", "rows", "row_bytes", "log_entries", "log_bytes"];
        let numbers = numbers.map(|field| one[field].as_u64());
        let numbers = numbers.map(|number| Shown::number(number.map_or_else(String::new, |n| n.to_string())));
        grid.add([text("kind"), text("id")].into_iter().chain(numbers).collect());
    }
    grid
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
