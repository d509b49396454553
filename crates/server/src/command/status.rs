//! `livewell status`: what every source, query and reaction is doing; of a store, what it holds.

use super::{Failure, offline, remarks};
use crate::cli::{Status, StatusFormat};
use crate::client::Client;
use comfy_table::{Table, presets};
use livewell_store::catalog::{self, Kind};
use livewell_store::{Head, Store};
use serde_json::{Value as Json, json};
use std::io::{self, Write};
use std::path::Path;

const KINDS: [(&str, &str); 3] = [("sources", "source"), ("queries", "query"), ("reactions", "reaction")];

/// Shows the status.
pub fn run(status: &Status) -> Result<(), Failure> {
    let all = match &status.at.store {
        Some(directory) => of_store(directory)?,
        None => {
            let client = Client::new(status.at.server.as_deref())?;
            let mut all = json!({});
            for (kinds, _) in KINDS {
                all[kinds] = client.get(&format!("/api/v1/{kinds}"))?;
            }
            all
        }
    };
    let mut out = io::stdout().lock();
    match status.format {
        StatusFormat::Json => writeln!(out, "{all:#}")?,
        StatusFormat::Table => table(&all, &mut out)?,
    }
    Ok(())
}

/// What a store that nobody runs says: where everything stands. No store tells states or errors.
fn of_store(directory: &Path) -> Result<Json, Failure> {
    let store = offline::open(directory)?;
    let failed = |error| Failure::failed(livewell::Error::from(error));
    let snapshot = store.snapshot().map_err(failed)?;
    let mut all = json!({ "sources": [], "queries": [], "reactions": [] });
    for entry in catalog::all(&*snapshot).map_err(failed)? {
        let kinds = match entry.kind {
            Kind::Source => "sources",
            Kind::Query | Kind::Bare => "queries",
            Kind::Reaction => "reactions",
        };
        let head = Head::read(&*snapshot, entry.number).map_err(failed)?.unwrap_or_default();
        let place = livewell::stored_place(&snapshot, &entry).map_err(Failure::failed)?;
        let shown = json!({
            "id": entry.id, "state": "stopped", "epoch": place.epoch.to_string(), "sequence": place.sequence,
            "lag": place.lag,
            "checked": livewell::checked::stored(&snapshot, &entry).map_err(Failure::failed)?,
            "position": place.position, "rows": head.rows, "log_entries": head.log_entries,
            "parked": livewell::parked::count(&*snapshot, entry.number).map_err(Failure::failed)?,
            "dead_letters": livewell::dead_letters::count(&*snapshot, entry.number).map_err(Failure::failed)?,
        });
        all[kinds].as_array_mut().expect("it was made as an array").push(shown);
    }
    Ok(all)
}

/// The table, with a column for what only some components can tell if one can; then what does not fit into it.
fn table(all: &Json, out: &mut dyn Write) -> io::Result<()> {
    let all = || {
        KINDS.iter().flat_map(|(kinds, kind)| {
            all[*kinds].as_array().into_iter().flatten().map(move |one| (*kind, one))
        })
    };
    let can_tell = all().any(|(_, one)| one["checked"].is_boolean());
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    let mut header = vec!["", "id", "state", "epoch-sequence", "lag", "seconds", "rows", "parked"];
    header.extend(can_tell.then_some("checked"));
    table.set_header(header);
    for (kind, one) in all() {
        table.add_row(row(kind, one, can_tell));
    }
    writeln!(out, "{table}")?;
    let notes = all().flat_map(|(_, one)| remarks::of(one));
    notes.into_iter().try_for_each(|note| writeln!(out, "{note}"))
}

fn row(kind: &str, one: &Json, can_tell: bool) -> Vec<String> {
    let text = |field: &str| match &one[field] {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    };
    let at =
        if kind == "reaction" { text("sequence") } else { format!("{}-{}", text("epoch"), text("sequence")) };
    let seconds = one["lag_seconds"].as_f64().map_or_else(String::new, |seconds| format!("{seconds:.1}"));
    let parked = if kind == "source" { text("parked") } else { String::new() };
    let mut row =
        vec![kind.to_owned(), text("id"), text("state"), at, text("lag"), seconds, text("rows"), parked];
    if can_tell {
        let checked = one["checked"].as_bool();
        row.push(checked.map_or("", |checked| if checked { "yes" } else { "no" }).to_owned());
    }
    row
}
