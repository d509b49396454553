//! Finds the component that a command is about, and starts, stops or removes it.

use super::find::{self, Found};
use super::{apply, offline, pages};
use crate::cli::{At, Remove, Switch, TextFormat, Which};
use crate::client::{Client, encoded};
use crate::failure::Failure;
use livewell::{ComponentKind, Removed, unknown};
use livewell_config as config;
use std::io::{self, Write};
use std::path::Path;

/// Returns the id, and the kind if it was given.
pub fn named(which: &Which) -> Result<(&str, Option<ComponentKind>), Failure> {
    which.read().map_err(|message| Failure::Usage(format!("error: {message}\n")))
}

/// Returns the path of a component on a server.
///
/// # Errors
/// Returns a failure with the id that was probably meant if there is no such component.
pub fn path(client: &Client, which: &Which) -> Result<String, Failure> {
    let (id, kind) = named(which)?;
    let kinds = || ComponentKind::ALL.into_iter().filter(|one| kind.is_none_or(|kind| kind == *one));
    for one in kinds() {
        let path = format!("/api/v1/{}/{}", one.plural(), encoded(id));
        if client.find(&path)?.is_some() {
            return Ok(path);
        }
    }
    let mut all = Vec::new();
    for one in kinds() {
        all.extend(pages::all(client, one, None)?);
    }
    let names: Vec<&str> = all.iter().filter_map(|one| one["id"].as_str()).collect();
    Err(Failure::failed(unknown(noun(kind), id, &names)))
}

/// Starts a component of a server.
pub fn start(start: &Switch, found: &Found) -> Result<(), Failure> {
    let one = switch(start, found, "start")?;
    let (id, _) = named(&start.which)?;
    if start.format == TextFormat::Json {
        writeln!(io::stdout(), "{one:#}")?;
    }
    match (one["state"].as_str(), one["error"].as_str()) {
        (Some("error"), Some(error)) => Err(Failure::failed(format!("`{id}` is in error: {error}"))),
        _ if start.format == TextFormat::Json => Ok(()),
        _ => Ok(writeln!(io::stdout(), "`{id}` is started; `livewell status` shows what it does")?),
    }
}

/// Stops a component of a server.
pub fn stop(stop: &Switch, found: &Found) -> Result<(), Failure> {
    let one = switch(stop, found, "stop")?;
    let (id, _) = named(&stop.which)?;
    if stop.format == TextFormat::Json {
        return Ok(writeln!(io::stdout(), "{one:#}")?);
    }
    Ok(writeln!(io::stdout(), "`{id}` is stopped until `livewell start {id}`, or until the next run")?)
}

fn switch(switch: &Switch, found: &Found, verb: &str) -> Result<serde_json::Value, Failure> {
    match found {
        Found::Store(directory) => Err(offline::needs_a_run(&format!("`livewell {verb}`"), directory)),
        Found::Server(client) => client.post(&format!("{}/{verb}", path(client, &switch.which)?)),
    }
}

/// Removes a component from a server, or from a store that nobody runs.
pub fn remove(remove: &Remove, found: &Found) -> Result<(), Failure> {
    let (id, kind) = named(&remove.which)?;
    if remove.dry_run {
        return foresee(found, "`livewell remove --dry-run`", remove.format, |client| {
            client.delete(&format!("{}?dry_run=true", path(client, &remove.which)?))
        });
    }
    let slot = match found {
        Found::Server(client) => {
            let removed = client.delete(&path(client, &remove.which)?)?;
            removed["slot"].as_str().map(ToOwned::to_owned)
        }
        Found::Store(directory) => in_store(directory, &remove.at, id, kind)?.slot,
    };
    if remove.format == TextFormat::Json {
        let document = serde_json::json!({ "id": id, "removed": true, "slot": slot });
        return Ok(writeln!(io::stdout(), "{document:#}")?);
    }
    writeln!(io::stdout(), "`{id}` is removed with all it stored")?;
    if let Some(slot) = slot {
        writeln!(
            io::stderr(),
            "note: its replication slot is still in its database, which keeps its log for it; once nothing uses it, drop \
             it there: SELECT pg_drop_replication_slot('{slot}')"
        )?;
    }
    Ok(())
}

/// Shows what a call with `dry_run` answers.
pub fn foresee(
    found: &Found,
    command: &str,
    format: TextFormat,
    ask: impl FnOnce(&Client) -> Result<serde_json::Value, Failure>,
) -> Result<(), Failure> {
    let client = match found {
        Found::Store(directory) => return Err(offline::needs_a_run(command, directory)),
        Found::Server(client) => client,
    };
    let step = ask(client)?;
    match format {
        TextFormat::Json => Ok(writeln!(io::stdout(), "{step:#}")?),
        TextFormat::Text => apply::foreseen(&step),
    }
}

/// Removes a component from the store, unless the configuration of the store is known to contain it.
fn in_store(directory: &Path, at: &At, id: &str, kind: Option<ComponentKind>) -> Result<Removed, Failure> {
    if let Some(file) = find::config(at) {
        let config = config::load(file).map_err(|problems| Failure::Usage(problems.to_string()))?;
        if config.ids().any(|known| known == id) {
            return Err(Failure::failed(format!(
                "`{id}` is in {}, so the next run would make it again; take it out there first, or use `livewell reset \
                 {id}` [LW0723]",
                file.display()
            )));
        }
    }
    let store = offline::open(directory)?;
    if let Some(kind) = kind {
        let stored = livewell::stored_status(&store).map_err(Failure::failed)?;
        if let Some(other) = stored.iter().find(|one| one.id == id && one.kind != kind) {
            let message =
                format!("`{id}` is a {}, not a {} [LW0501]", noun(Some(other.kind)), noun(Some(kind)));
            return Err(Failure::failed(message));
        }
    }
    let component = offline::component(&store, id)?;
    let removed = livewell::remove_stored(&store, id).map_err(Failure::failed)?;
    offline::record(&store, directory, "remove", component);
    Ok(removed)
}

fn noun(kind: Option<ComponentKind>) -> &'static str {
    kind.map_or("source, query or reaction", ComponentKind::noun)
}
