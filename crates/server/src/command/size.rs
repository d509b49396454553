//! `livewell store size`: how much each component takes in a store, and what is left over.

use super::find::Found;
use super::offline;
use crate::api::overview::store::{Held, LIMIT_MAX, Store};
use crate::api::wire;
use crate::cli::{Size, TextFormat};
use crate::client::Client;
use crate::failure::Failure;
use crate::render::{Grid, Screen, Shown, size};
use livewell::holdings::holdings;
use serde_json::Value as Json;
use std::io::{self, Write};
use std::path::Path;

/// Shows what a store holds.
pub fn run(asked: &Size, found: &Found) -> Result<(), Failure> {
    let store = match found {
        Found::Store(directory) => of_directory(directory)?,
        Found::Server(client) => of_server(client)?,
    };
    let mut out = io::stdout().lock();
    if asked.format == TextFormat::Json {
        return Ok(writeln!(out, "{store:#}")?);
    }
    for line in room(&store) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)?;
    parts(&store).write(&mut out, &Screen::of_stdout())?;
    writeln!(out)?;
    components(&store).write(&mut out, &Screen::of_stdout())?;
    let left: Vec<&str> = sorted(&store).filter(|one| one["added"] == false).filter_map(id).collect();
    if !left.is_empty() {
        writeln!(
            out,
            "\nnot in the configuration: {}; `livewell remove ID` deletes what is left",
            left.join(", ")
        )?;
    }
    Ok(())
}

/// Asks a server, page by page.
fn of_server(client: &Client) -> Result<Json, Failure> {
    let mut store = client.get("/api/v1/store")?;
    while let Some(next) = store["next"].as_str() {
        let mut page = client.get(&format!("/api/v1/store?after={next}"))?;
        if let (Some(all), Some(more)) =
            (store["components"].as_array_mut(), page["components"].as_array_mut())
        {
            all.append(more);
        }
        store["next"] = page["next"].take();
    }
    Ok(store)
}

/// Reads a store that nobody runs.
fn of_directory(directory: &Path) -> Result<Json, Failure> {
    let store = offline::open(directory)?;
    let (mut all, mut after) = (Json::Null, None::<String>);
    loop {
        let held = holdings(&store, after.as_deref(), LIMIT_MAX, &|| false).map_err(Failure::failed)?;
        let held = held.expect("an embedded store estimates, and nobody cancels");
        let mut page = wire::json(&Store::of(&store, Held::of(held, |_| None)));
        after = page["next"].as_str().map(ToOwned::to_owned);
        match (all["components"].as_array_mut(), page["components"].as_array_mut()) {
            (Some(all), Some(more)) => all.append(more),
            _ => all = page,
        }
        if after.is_none() {
            all["next"] = Json::Null;
            return Ok(all);
        }
    }
}

fn id(one: &Json) -> Option<&str> {
    one["id"].as_str()
}

/// Returns the lines about the room that there is.
fn room(store: &Json) -> Vec<String> {
    let bytes = |json: &Json| json.as_u64().map(size);
    let room = &store["room"];
    let mut lines = vec![format!("position  {}", store["position"])];
    if let Some(file) = bytes(&room["file_bytes"]) {
        let free = bytes(&store["reusable_bytes"])
            .map_or_else(String::new, |free| format!(", of which {free} are free"));
        let limit =
            bytes(&room["limit_bytes"]).map_or_else(String::new, |limit| format!(" of at most {limit}"));
        lines.push(format!("file      {file}{limit}{free}"));
    }
    if let Some((free, all)) = bytes(&room["available_bytes"]).zip(bytes(&room["disk_bytes"])) {
        lines.push(format!("disk      {free} of {all} free"));
    }
    if store["deleting"]["entries"].as_u64().is_some_and(|entries| entries > 0) {
        let [entries, bytes] = measured(&store["deleting"]);
        lines.push(format!("deleting  {entries} entries, {bytes}"));
    }
    for kept in store["kept_elsewhere"].as_array().into_iter().flatten() {
        let safe =
            bytes(&kept["safe_bytes"]).map_or_else(String::new, |safe| format!(", and {safe} are left"));
        let kept_bytes = bytes(&kept["kept_bytes"]).unwrap_or_default();
        lines.push(format!(
            "elsewhere the server of {} keeps {kept_bytes} for it{safe}",
            id(kept).unwrap_or_default()
        ));
    }
    lines
}

/// Returns the entries and bytes of something as people read them.
fn measured(of: &Json) -> [String; 2] {
    let about = if of["exact"] == true { "" } else { "~" };
    let number = |field: &str| of[field].as_u64().unwrap_or_default();
    [format!("{about}{}", number("entries")), format!("{about}{}", size(number("bytes")))]
}

fn parts(store: &Json) -> Grid {
    let mut grid = Grid::new(["part", "entries", "bytes"]);
    for part in store["parts"].as_array().into_iter().flatten() {
        let [entries, bytes] = measured(part);
        let name = part["part"].as_str().unwrap_or_default().replace('_', " ");
        grid.add(vec![Shown::text(&name), Shown::number(entries), Shown::number(bytes)]);
    }
    grid
}

/// Returns the components, the largest first.
fn sorted(store: &Json) -> impl Iterator<Item = &Json> {
    let mut all: Vec<&Json> = store["components"].as_array().into_iter().flatten().collect();
    all.sort_by_key(|one| std::cmp::Reverse(one["bytes"].as_u64()));
    all.into_iter()
}

fn components(store: &Json) -> Grid {
    let mut grid = Grid::new(["", "id", "epoch", "sequence", "entries", "bytes", "most of it"]);
    for one in sorted(store) {
        let text = |field: &str| Shown::text(one[field].as_str().unwrap_or_default());
        let sequence = one["sequence"].as_u64().map_or_else(String::new, |sequence| sequence.to_string());
        let epoch = Shown::number(one["epoch"].as_str().unwrap_or_default());
        let [entries, bytes] = measured(one).map(Shown::number);
        let largest = one["parts"].as_array().into_iter().flatten();
        let largest = largest.max_by_key(|part| part["bytes"].as_u64()).unwrap_or(&Json::Null);
        let largest = largest["part"].as_str().unwrap_or_default().replace('_', " ");
        grid.add(vec![
            text("kind"),
            text("id"),
            epoch,
            Shown::number(sequence),
            entries,
            bytes,
            Shown::text(&largest),
        ]);
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_estimated_is_marked() {
        assert_eq!(measured(&json!({ "entries": 3, "bytes": 1200, "exact": true })), ["3", "1.2 kB"]);
        assert_eq!(
            measured(&json!({ "entries": 3000, "bytes": 12, "exact": false })),
            ["~3000", "~12 bytes"]
        );
    }

    #[test]
    fn the_room_says_what_is_free_and_what_others_keep() {
        let store = json!({
            "position": 7, "reusable_bytes": 1000, "deleting": { "entries": 0, "bytes": 0, "exact": true },
            "room": { "file_bytes": 4000, "limit_bytes": 9000, "available_bytes": null, "disk_bytes": null },
            "kept_elsewhere": [{ "id": "shop", "kept_bytes": 5000, "safe_bytes": 2000 }],
        });
        assert_eq!(
            room(&store),
            [
                "position  7",
                "file      4.0 kB of at most 9.0 kB, of which 1.0 kB are free",
                "elsewhere the server of shop keeps 5.0 kB for it, and 2.0 kB are left",
            ]
        );
    }
}
