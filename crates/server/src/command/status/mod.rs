//! `livewell status`: what every source, query and reaction is doing, or what a store holds.

mod remarks;
mod table;

use super::find::{self, Found};
use super::{offline, pages};
use crate::api::overview::needs;
use crate::cli::{At, Status, StatusFormat};
use crate::failure::Failure;
use crate::render::Screen;
use livewell::{ComponentKind, State};
use livewell_config as config;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

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
            all["needs"] = client.get("/api/v1/needs")?["needs"].take();
            all
        }
    };
    let mut out = io::stdout().lock();
    match status.format {
        StatusFormat::Json => writeln!(out, "{all:#}")?,
        StatusFormat::Table => table::write(&all, &mut out, &Screen::of_stdout())?,
    }
    Ok(())
}

/// Returns the status in a store that nobody runs: the position of each component, without states and errors. With the
/// ids of the configuration it also tells whether each component is in it.
fn of_store(directory: &Path, ids: Option<&BTreeSet<String>>, wanted: &Wanted) -> Result<Json, Failure> {
    let store = offline::open(directory)?;
    let mut all = json!({ "sources": [], "queries": [], "reactions": [] });
    let mut needs = Vec::new();
    let mut stored = livewell::stored_status(&store).map_err(Failure::failed)?;
    // As a server lists them.
    stored.sort_by(|one, other| one.id.cmp(&other.id));
    let is_wanted = |state: State| wanted.state.is_none_or(|wanted| wanted == state);
    for one in stored.into_iter().filter(|one| wanted.has_kind(one.kind) && is_wanted(one.state)) {
        let shown = json!({
            "id": one.id, "kind": one.kind.noun(), "state": one.state.name(), "epoch": one.epoch.to_string(),
            "sequence": one.sequence,
            "lag": one.lag, "checked": one.checked, "position": one.position, "rows": one.rows,
            "log_entries": one.log_entries, "parked": one.parked, "dead_letters": one.dead_letters,
            "configured": ids.map(|ids| ids.contains(&one.id)),
        });
        all[one.kind.plural()].as_array_mut().expect("it was made as an array").push(shown);
        needs.extend(needs::of(&one, None));
    }
    all["needs"] = json!(needs);
    Ok(all)
}

/// Returns the ids of the configuration by which the store was found, if it can be read.
fn configured(at: &At) -> Option<BTreeSet<String>> {
    let config = config::load(find::config(at)?).ok()?;
    Some(config.ids().map(ToOwned::to_owned).collect())
}
