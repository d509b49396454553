//! What a component has set aside: lists it one a line, from a server or a store, and asks a server to handle it.

use super::find::Found;
use super::offline;
use crate::failure::Failure;
use livewell_store::{Snapshot, Store, catalog};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

/// How many pieces are requested at once.
const PAGE: usize = 100;

/// What one component has set aside.
pub struct SetAside<'a> {
    /// The command that lists it.
    pub command: &'static str,
    /// The kind of the component, in words and in the catalog.
    pub kind: (&'static str, catalog::Kind),
    /// The component's id.
    pub id: &'a str,
    /// The server or the store.
    pub found: Found,
    /// Its path on the server.
    pub path: String,
    /// Reads all of it from a store.
    pub read: fn(&dyn Snapshot, u32) -> Result<Vec<Json>, livewell::Error>,
}

impl SetAside<'_> {
    /// Prints it as JSON, one piece a line.
    pub fn list(&self) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let client = match &self.found {
            Found::Store(directory) => return self.of_store(directory).and_then(|all| show(&mut out, &all)),
            Found::Server(client) => client,
        };
        let mut after = 0;
        loop {
            let page = client.get(&format!("{}?after={after}&limit={PAGE}", self.path))?;
            let page = page.as_array().cloned().unwrap_or_default();
            let Some(last) = page.last().and_then(|last| last["number"].as_u64()) else { return Ok(()) };
            show(&mut out, &page)?;
            after = last;
        }
    }

    /// Asks the server to do this for the pieces with these numbers, or for all if none is given.
    pub fn ask(&self, verb: &str, numbers: &[u64], text: Option<&str>) -> Result<(), Failure> {
        let client = match &self.found {
            Found::Store(directory) => return Err(offline::needs_a_run(&format!("`--{verb}`"), directory)),
            Found::Server(client) => client,
        };
        let path = format!("{}/{verb}", self.path);
        if numbers.is_empty() {
            client.post(&path)?;
        }
        // In the order in which the pieces were set aside, whatever the order of the arguments.
        for number in &BTreeSet::from_iter(numbers) {
            client.post_text(&format!("{path}?number={number}"), text.unwrap_or_default())?;
        }
        let Self { command, id, .. } = self;
        Ok(writeln!(io::stdout(), "asked for; `livewell {command} {id}` lists what is left")?)
    }

    fn of_store(&self, directory: &Path) -> Result<Vec<Json>, Failure> {
        let store = offline::open(directory)?;
        let failed = |error| Failure::failed(livewell::Error::from(error));
        let snapshot = store.snapshot().map_err(failed)?;
        let entry = catalog::find(&*snapshot, self.id).map_err(failed)?;
        let (name, kind) = self.kind;
        let Some(entry) = entry.filter(|entry| entry.kind == kind) else {
            let mut all = catalog::all(&*snapshot).map_err(failed)?;
            all.retain(|entry| entry.kind == kind);
            let names: Vec<&str> = all.iter().map(|entry| entry.id.as_str()).collect();
            return Err(Failure::failed(livewell::unknown(name, self.id, &names)));
        };
        (self.read)(&*snapshot, entry.number).map_err(Failure::failed)
    }
}

fn show(out: &mut dyn Write, all: &[Json]) -> Result<(), Failure> {
    Ok(all.iter().try_for_each(|one| writeln!(out, "{one}"))?)
}
