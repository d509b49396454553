//! `livewell status`: what every source, query and reaction is doing, or what a store holds.

use super::find::{self, Found};
use super::{offline, pages, remarks};
use crate::cli::{At, Status, StatusFormat};
use crate::failure::Failure;
use comfy_table::{Table, presets};
use livewell::{ComponentKind, State};
use livewell_config as config;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

/// How many components of a kind a table shows.
const ROWS_MAX: usize = 1_000;

/// Which components are shown.
struct Wanted {
    kind: Option<ComponentKind>,
    state: Option<State>,
}

impl Wanted {
    fn has_kind(&self, kind: ComponentKind) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind)
    }
}

/// Shows the status.
pub fn run(status: &Status, found: &Found) -> Result<(), Failure> {
    let wanted = Wanted { kind: status.kind.map(Into::into), state: status.state };
    let all = match found {
        Found::Store(directory) => of_store(directory, configured(&status.at).as_ref(), &wanted)?,
        Found::Server(client) => {
            let mut all = json!({ "sources": [], "queries": [], "reactions": [] });
            for kind in ComponentKind::ALL.into_iter().filter(|kind| wanted.has_kind(*kind)) {
                all[kind.plural()] = pages::all(client, kind, wanted.state)?.into();
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
fn of_store(directory: &Path, ids: Option<&BTreeSet<String>>, wanted: &Wanted) -> Result<Json, Failure> {
    let store = offline::open(directory)?;
    let mut all = json!({ "sources": [], "queries": [], "reactions": [] });
    let stored = livewell::stored_status(&store).map_err(Failure::failed)?.into_iter();
    let is_wanted = |state: State| wanted.state.is_none_or(|wanted| wanted == state);
    for one in stored.filter(|one| wanted.has_kind(one.kind) && is_wanted(one.state)) {
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
    let of_kind = |kind: ComponentKind| all[kind.plural()].as_array().into_iter().flatten();
    let all = || {
        ComponentKind::ALL
            .into_iter()
            .flat_map(|kind| of_kind(kind).take(ROWS_MAX).map(move |one| (kind.noun(), one)))
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
    all().flat_map(|(_, one)| remarks::of(one)).try_for_each(|note| writeln!(out, "{note}"))?;
    for kind in ComponentKind::ALL {
        if let Some(more @ 1..) = of_kind(kind).count().checked_sub(ROWS_MAX) {
            writeln!(
                out,
                "{more} more {} are not shown; `livewell status --kind {} --state STATE` shows those in a state, \
                 `--format json` all",
                kind.plural(),
                kind.noun()
            )?;
        }
    }
    Ok(())
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
