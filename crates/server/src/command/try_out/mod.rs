//! `livewell try`: runs a query over files of changes, from their first to their last line. Nothing is kept.

mod over;

use super::results::show;
use crate::cli::Try;
use crate::failure::Failure;
use crate::render::Format;
use livewell::inventory;
use livewell::{IntoSource, Livewell, MemoryStore, Query, ReactionSetup, Recovery, Setup};
use livewell_config::known;
use livewell_query::Engine;
use livewell_reaction::ReactionError;
use livewell_reaction::reaction::{Delivered, Outgoing, Reaction, Role, Start, Started, Style};
use livewell_source::file::Files;
use livewell_source::settings::{FileEntry, FileSettings};
use livewell_source::suggest;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use over::over_source;

/// The name of the query in its results.
const QUERY: &str = "query";
const SOURCE: &str = "data";

/// Shows the rows after the data, or every result on the way there.
pub fn run(asked: &Try) -> Result<(), Failure> {
    if asked.data.is_empty() {
        let message = "error: there is nothing to try it on: name files of changes with `--data FILE`, or a source that runs, \
                       or that a store has, with `--source ID`\n";
        return Err(Failure::Usage(message.to_owned()));
    }
    let query = Query {
        params: asked.params.iter().cloned().collect(),
        for_each: asked.for_each.clone(),
        ..Query::cypher(QUERY, &asked.cypher).from(SOURCE)
    };
    // Checked here for the place in the text, which later errors do not show.
    let engine = Engine::compile_with(&asked.cypher, &query.params, &query.engine_settings())
        .map_err(|problem| Failure::Usage(problem.render(&asked.cypher, QUERY)))?;
    if asked.plan {
        io::stderr().write_all(engine.explain().as_bytes())?;
    }
    let files = files(asked);
    if let Some(absent) = asked.data.iter().find(|path| !path.exists()) {
        return Err(Failure::failed(format!("`{}` does not exist [LW0206]", absent.display())));
    }
    files.validate().map_err(|error| Failure::Usage(format!("error: {error}\n")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let livewell = Livewell::builder().store(MemoryStore::new()).build().map_err(Failure::failed)?;
        let printed = Arc::default();
        let reactions = if asked.diffs { vec![printing(&printed)] } else { Vec::new() };
        let setup = Setup {
            sources: vec![Files::new(files).into_source()],
            queries: vec![query],
            reactions,
            ..Setup::default()
        };
        livewell.add(setup).await.map_err(Failure::failed)?;
        livewell.idle().await.map_err(Failure::failed)?;
        let ended = ended(&livewell);
        let shown = if asked.diffs || ended.is_err() { Ok(()) } else { rows(&livewell, asked) };
        // What was not read to its end says nothing of what occurs in it.
        let shown =
            if ended.is_ok() { shown.and_then(|()| say_unknown_in(&livewell, &asked.cypher)) } else { shown };
        livewell.shutdown().await;
        ended.and(shown)?;
        lock(&printed).take().map_or(Ok(()), |error| Err(error.into()))
    })
}

fn files(asked: &Try) -> FileSettings {
    let entry = |path: &std::path::PathBuf| FileEntry { path: path.clone(), ..FileEntry::default() };
    match asked.data.as_slice() {
        [path] => FileSettings { follow: Some(false), ..FileSettings::new(SOURCE, path) },
        paths => FileSettings {
            follow: Some(false),
            path: None,
            files: paths.iter().map(entry).collect(),
            ..FileSettings::new(SOURCE, "")
        },
    }
}

/// Returns a failure if the data or the query was refused: of several the first in the order of the data, for which the
/// others wait.
fn ended(livewell: &Livewell) -> Result<(), Failure> {
    let status = livewell.status().map_err(Failure::failed)?;
    let error = |id: &str| status.iter().find(|one| one.id == id).and_then(|one| one.error.clone());
    let Some(error) = error(SOURCE).or_else(|| error(QUERY)) else { return Ok(()) };
    // Nothing is parked here.
    let parking = ", or set `on_error: park` to set such lines aside and continue";
    Err(Failure::failed(error.replace(parking, "")))
}

/// Prints which labels and types of the query occur nowhere in the data.
fn say_unknown_in(livewell: &Livewell, cypher: &str) -> Result<(), Failure> {
    let counts = inventory::count(&**livewell.store(), SOURCE, &|| false).map_err(Failure::failed)?;
    let labels: Vec<String> = counts.labels.keys().map(ToString::to_string).collect();
    let types: Vec<String> = counts.types.keys().map(ToString::to_string).collect();
    say_unknown(cypher, &labels, &types, counts.others == 0, "the data")
}

/// Prints which labels and types of the query are not among these, since a typing error looks like an empty result.
/// `is_complete`: whether these are all there are.
fn say_unknown(
    cypher: &str,
    labels: &[String],
    types: &[String],
    is_complete: bool,
    place: &str,
) -> Result<(), Failure> {
    for (what, name) in known::matched(cypher) {
        let there = if what == "label" { labels } else { types };
        if !is_complete || there.contains(&name) {
            continue;
        }
        let names: Vec<&str> = there.iter().map(String::as_str).collect();
        let advice =
            if names.is_empty() { "there is none at all".to_owned() } else { suggest::advice(&name, &names) };
        writeln!(io::stderr(), "note: the {what} `{name}` occurs nowhere in {place}; {advice}")?;
    }
    Ok(())
}

fn rows(livewell: &Livewell, asked: &Try) -> Result<(), Failure> {
    let default = if io::stdout().is_terminal() { Format::Table } else { Format::Ndjson };
    let results = livewell.results(QUERY).map_err(Failure::failed)?;
    let rows = results.rows().map_err(Failure::failed)?;
    Ok(show(
        asked.format.unwrap_or(default),
        &results.columns,
        rows.map(|row| row.map_err(io::Error::other)),
    )?)
}

fn printing(failure: &Arc<Mutex<Option<io::Error>>>) -> ReactionSetup {
    ReactionSetup {
        id: "diffs".into(),
        queries: vec![QUERY.into()],
        recovery: Recovery::Strict,
        enabled: true,
        reaction: Box::new(Printing { failure: failure.clone() }),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints every result, one a line, until the output is closed.
struct Printing {
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl Reaction for Printing {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn start(&mut self, _: &Start<'_>) -> Result<Started, ReactionError> {
        Ok(Started::default())
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let mut failure = lock(&self.failure);
        if failure.is_none() {
            *failure = print(results).err();
        }
        Ok(Delivered::all(results, Vec::new()))
    }
}

fn print(results: &[Outgoing<'_>]) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for result in results {
        serde_json::to_writer(&mut out, &result.shape())?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
