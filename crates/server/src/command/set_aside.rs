//! What a component has set aside: listing it one a line, of a server or a store, and asking a server to do something
//! about it.

use super::{Failure, offline};
use crate::cli::At;
use crate::client::Client;
use livewell_store::{Snapshot, Store, catalog};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

/// How much is asked for at once.
const PAGE: usize = 100;

/// What one component has set aside.
pub struct SetAside<'a> {
    /// The command that lists it.
    pub command: &'static str,
    /// What the component is, as it is called and as the catalog has it.
    pub kind: (&'static str, catalog::Kind),
    /// The component's id.
    pub id: &'a str,
    /// Where it is.
    pub at: &'a At,
    /// Where the server has it.
    pub path: String,
    /// All of it in a store.
    pub read: fn(&dyn Snapshot, u32) -> Result<Vec<Json>, livewell::Error>,
}

impl SetAside<'_> {
    /// Prints it, one a line as JSON.
    pub fn list(&self) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        if let Some(directory) = &self.at.store {
            return self.of_store(directory).and_then(|all| show(&mut out, &all));
        }
        let client = Client::new(self.at.server.as_deref())?;
        let mut after = 0;
        loop {
            let page = client.get(&format!("{}?after={after}&limit={PAGE}", self.path))?;
            let page = page.as_array().cloned().unwrap_or_default();
            let Some(last) = page.last().and_then(|last| last["number"].as_u64()) else { return Ok(()) };
            show(&mut out, &page)?;
            after = last;
        }
    }

    /// Has the server do this about those of these numbers, or all where none is given.
    pub fn ask(&self, verb: &str, numbers: &[u64], text: Option<&str>) -> Result<(), Failure> {
        if self.at.store.is_some() {
            let message = format!("error: `--{verb}` needs a running server; start it with `livewell run`\n");
            return Err(Failure::Usage(message));
        }
        let client = Client::new(self.at.server.as_deref())?;
        let path = format!("{}/{verb}", self.path);
        if numbers.is_empty() {
            client.post(&path)?;
        }
        // In the order in which it was set aside, in whichever they were given.
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
        let entry = entry.filter(|entry| entry.kind == kind).ok_or_else(|| {
            let id = self.id;
            Failure::failed(format!(
                "there is no {name} `{id}` here; `livewell status` lists what there is [LW0501]"
            ))
        })?;
        (self.read)(&*snapshot, entry.number).map_err(Failure::failed)
    }
}

fn show(out: &mut dyn Write, all: &[Json]) -> Result<(), Failure> {
    Ok(all.iter().try_for_each(|one| writeln!(out, "{one}"))?)
}
