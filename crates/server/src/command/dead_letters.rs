//! `livewell dead-letters`: what a reaction's target would not take; sending it once more, or dropping it.

use super::{Failure, offline};
use crate::api::dead_letters::shape;
use crate::cli::DeadLetters;
use crate::client::Client;
use livewell_store::{Store, catalog};
use serde_json::Value as Json;
use std::io::{self, Write};
use std::path::Path;

/// How many letters are asked for at once.
const PAGE: usize = 100;

/// Lists the letters one a line as JSON, or has the server do something about them.
pub fn run(letters: &DeadLetters) -> Result<(), Failure> {
    let verb = match (letters.replay, letters.discard) {
        (true, _) => "replay",
        (_, true) => "discard",
        _ => return list(letters),
    };
    if letters.at.store.is_some() {
        let message = format!("error: `--{verb}` needs a running server; start it with `livewell run`\n");
        return Err(Failure::Usage(message));
    }
    let client = Client::new(letters.at.server.as_deref())?;
    let path = format!("/api/v1/reactions/{}/dead-letters/{verb}", letters.reaction);
    if letters.numbers.is_empty() {
        client.post(&path)?;
    }
    for number in &letters.numbers {
        client.post(&format!("{path}?number={number}"))?;
    }
    let id = &letters.reaction;
    Ok(writeln!(io::stdout(), "asked for; `livewell dead-letters {id}` lists those that are left")?)
}

fn list(letters: &DeadLetters) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let id = &letters.reaction;
    if let Some(directory) = &letters.at.store {
        return of_store(directory, id).and_then(|all| show(&mut out, &all));
    }
    let client = Client::new(letters.at.server.as_deref())?;
    let mut after = 0;
    loop {
        let page = client.get(&format!("/api/v1/reactions/{id}/dead-letters?after={after}&limit={PAGE}"))?;
        let page = page.as_array().cloned().unwrap_or_default();
        let Some(last) = page.last().and_then(|last| last["number"].as_u64()) else { return Ok(()) };
        show(&mut out, &page)?;
        after = last;
    }
}

fn of_store(directory: &Path, id: &str) -> Result<Vec<Json>, Failure> {
    let store = offline::open(directory)?;
    let failed = |error| Failure::failed(livewell::Error::from(error));
    let snapshot = store.snapshot().map_err(failed)?;
    let entry = catalog::find(&*snapshot, id).map_err(failed)?;
    let entry = entry.filter(|entry| entry.kind == catalog::Kind::Reaction).ok_or_else(|| {
        Failure::failed(format!(
            "there is no reaction `{id}` here; `livewell status` lists what there is [LW0501]"
        ))
    })?;
    let letters = livewell::dead_letters::list(&*snapshot, entry.number, 0, usize::MAX);
    Ok(letters.map_err(Failure::failed)?.iter().map(shape).collect())
}

fn show(out: &mut dyn Write, letters: &[Json]) -> Result<(), Failure> {
    Ok(letters.iter().try_for_each(|letter| writeln!(out, "{letter}"))?)
}
