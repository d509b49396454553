//! `livewell server`: what runs, over which store and with how much room, and what the caller may do.

use super::find::Found;
use super::offline;
use crate::cli::{Server, TextFormat};
use crate::failure::Failure;
use crate::render::size;
use indicatif::HumanDuration;
use serde_json::Value as Json;
use std::io::{self, Write};
use std::time::Duration;

/// Shows what runs.
pub fn run(asked: &Server, found: &Found) -> Result<(), Failure> {
    let server = match found {
        Found::Store(directory) => return Err(offline::needs_a_run("`livewell server`", directory)),
        Found::Server(client) => client.get("/api/v1/server")?,
    };
    let mut out = io::stdout().lock();
    if asked.format == TextFormat::Json {
        return Ok(writeln!(out, "{server:#}")?);
    }
    for (name, value) in lines(&server) {
        writeln!(out, "{name:<9}{value}")?;
    }
    Ok(())
}

/// Returns the lines for people, each with its name.
fn lines(server: &Json) -> Vec<(&'static str, String)> {
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let names = |json: &Json| {
        let names: Vec<&str> = json.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let bytes = |json: &Json| json.as_u64().map(size);
    let uptime = server["uptime_seconds"].as_f64().map_or(0, |seconds| seconds as u64);
    let store = &server["store"];
    let mut room: Vec<String> = [store["kind"].as_str(), store["engine"].as_str()]
        .into_iter()
        .flatten()
        .map(ToOwned::to_owned)
        .collect();
    room.extend(bytes(&store["file_bytes"]).map(|taken| format!("takes {taken}")));
    let disk = bytes(&store["available_bytes"]).zip(bytes(&store["disk_bytes"]));
    room.extend(disk.map(|(left, all)| format!("{left} of {all} free on its disk")));
    let mut all = vec![
        ("version", text(&server["version"])),
        ("store", room.join(", ")),
        ("store id", text(&server["store_id"])),
        (
            "started",
            format!("{}, {} ago", text(&server["started"]), HumanDuration(Duration::from_secs(uptime))),
        ),
    ];
    all.extend(bytes(&server["memory_bytes"]).map(|bytes| ("memory", bytes)));
    all.push(("caller", format!("{}, may {}", text(&server["caller"]), names(&server["scopes"]))));
    all.push(("features", names(&server["features"])));
    all
}
