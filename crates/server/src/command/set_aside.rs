//! What a component has set aside: lists it one a line, from a server or a store, and asks a server to handle it.

use super::find::Found;
use super::offline;
use crate::client::Client;
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
    /// Prints it as JSON, one piece a line: those with these numbers, or all if none is given.
    ///
    /// # Errors
    /// Returns a failure that names the numbers that there are not.
    pub fn list(&self, numbers: &[u64]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let client = match &self.found {
            Found::Store(directory) => {
                let mut all = self.of_store(directory)?;
                let there = all.iter().filter_map(number).collect();
                self.check(numbers, &there)?;
                all.retain(|one| numbers.is_empty() || number(one).is_some_and(|one| numbers.contains(&one)));
                return show(&mut out, &all);
            }
            Found::Server(client) => client,
        };
        if !numbers.is_empty() {
            return show(&mut out, &self.pieces(client, numbers)?);
        }
        let mut after = 0;
        loop {
            let page = client.get(&format!("{}?after={after}&limit={PAGE}", self.path))?;
            let page = page.as_array().cloned().unwrap_or_default();
            let Some(last) = page.last().and_then(number) else { return Ok(()) };
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
        // Of several, all are looked for before anything is done.
        if numbers.len() > 1 {
            self.pieces(client, numbers)?;
        }
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

    /// Returns the pieces with these numbers, in their order.
    fn pieces(&self, client: &Client, numbers: &[u64]) -> Result<Vec<Json>, Failure> {
        let mut pieces = Vec::new();
        for wanted in BTreeSet::from_iter(numbers) {
            let Some(before) = wanted.checked_sub(1) else { continue };
            let page = client.get(&format!("{}?after={before}&limit=1", self.path))?;
            pieces.extend(
                page.as_array()
                    .and_then(|page| page.first())
                    .filter(|one| number(one) == Some(*wanted))
                    .cloned(),
            );
        }
        self.check(numbers, &pieces.iter().filter_map(number).collect())?;
        Ok(pieces)
    }

    /// Checks that all of these numbers are there.
    fn check(&self, numbers: &[u64], there: &BTreeSet<u64>) -> Result<(), Failure> {
        let missing: Vec<String> =
            numbers.iter().filter(|number| !there.contains(number)).map(ToString::to_string).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let Self { command, id, .. } = self;
        Err(Failure::failed(format!(
            "`{id}` has nothing with the number {}; `livewell {command} {id}` lists what there is",
            missing.join(", ")
        )))
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

fn number(piece: &Json) -> Option<u64> {
    piece["number"].as_u64()
}

fn show(out: &mut dyn Write, all: &[Json]) -> Result<(), Failure> {
    Ok(all.iter().try_for_each(|one| writeln!(out, "{one}"))?)
}
