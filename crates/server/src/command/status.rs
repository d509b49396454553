//! `livewell status`: what every source, query and reaction is doing, or what a store holds.

use super::find::{self, Found};
use super::{offline, remarks};
use crate::cli::{At, Status, StatusFormat};
use crate::failure::Failure;
use comfy_table::{Table, presets};
use livewell_config as config;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

const KINDS: [(&str, &str); 3] = [("sources", "source"), ("queries", "query"), ("reactions", "reaction")];

/// Shows the status.
pub fn run(status: &Status, found: &Found) -> Result<(), Failure> {
    let all = match found {
        Found::Store(directory) => of_store(directory, configured(&status.at).as_ref())?,
        Found::Server(client) => {
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

/// Returns the status in a store that nobody runs: the position of each component, without states and errors. With the
/// ids of the configuration it also tells whether each component is in it.
fn of_store(directory: &Path, ids: Option<&BTreeSet<String>>) -> Result<Json, Failure> {
    let store = offline::open(directory)?;
    let mut all = json!({ "sources": [], "queries": [], "reactions": [] });
    for one in livewell::stored_status(&store).map_err(Failure::failed)? {
        let shown = json!({
            "id": one.id, "state": one.state.name(), "epoch": one.epoch.to_string(), "sequence": one.sequence,
            "lag": one.lag, "checked": one.checked, "position": one.position, "rows": one.rows,
            "log_entries": one.log_entries, "parked": one.parked, "dead_letters": one.dead_letters,
            "configured": ids.map(|ids| ids.contains(&one.id)),
        });
        all[one.kind.plural()].as_array_mut().expect("it was made as an array").push(shown);
    }
    Ok(all)
}

/// Returns the ids of the configuration by which the store was found, if it can be read.
fn configured(at: &At) -> Option<BTreeSet<String>> {
    let config = config::load(find::config(at)?).ok()?;
    Some(config.ids().map(ToOwned::to_owned).collect())
}

/// Writes the table, with columns that only some components have if one has them; then the remarks.
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
    // A reaction has no rows of its own.
    let rows = if kind == "reaction" { String::new() } else { text("rows") };
    let mut row = vec![kind.to_owned(), text("id"), text("state"), at, text("lag"), seconds, rows, parked];
    if can_tell {
        let checked = one["checked"].as_bool();
        row.push(checked.map_or("", |checked| if checked { "yes" } else { "no" }).to_owned());
    }
    row
}
