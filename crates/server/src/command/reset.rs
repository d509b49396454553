//! `livewell reset`: rebuilds a query or a reaction, reads a source again, or copies some of its tables again.

use super::find::Found;
use super::{apply, component, offline};
use crate::cli::{Reset, TextFormat};
use crate::client::encoded;
use crate::failure::Failure;
use livewell::ComponentKind;
use serde_json::{Value as Json, json};
use std::io::{self, Write};
use std::path::Path;

/// Asks the server for the reset, or stores the request in a store that nobody runs.
pub fn run(reset: &Reset, found: &Found) -> Result<(), Failure> {
    let (id, _) = component::named(&reset.which)?;
    let tables = &reset.tables;
    let mut parameters: Vec<String> =
        tables.iter().map(|table| format!("table={}", encoded(table))).collect();
    if reset.dry_run {
        parameters.push("dry_run=true".to_owned());
        return component::foresee(found, "`livewell reset --dry-run`", reset.format, |client| {
            let path = component::path(client, &reset.which)?;
            client.post(&format!("{path}/reset?{}", parameters.join("&")))
        });
    }
    let client = match found {
        Found::Store(directory) => {
            let is_source = in_store(directory, id, tables)?;
            let then = "; queries over it that are `recovery: strict` stop then if it is read from its beginning, until \
                        each is reset, too: `livewell status` names them";
            let then = if is_source { then } else { "" };
            let text = format!("`{id}` will be reset as soon as `livewell run` has started it{then}");
            return say(reset, id, &text, &Json::Null);
        }
        Found::Server(client) => client,
    };
    let path = component::path(client, &reset.which)?;
    let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
    // Whether a query over it has stopped shows only in a while.
    let foreseen = if path.starts_with("/api/v1/sources/") && tables.is_empty() {
        client.post(&format!("{path}/reset?dry_run=true"))?
    } else {
        Json::Null
    };
    client.post(&format!("{path}/reset{query}"))?;
    let what = match tables.as_slice() {
        [] => format!("`{id}` is being reset"),
        [table] => format!("the table `{table}` of `{id}` is being copied again"),
        tables => format!("the tables `{}` of `{id}` are being copied again", tables.join("`, `")),
    };
    say(reset, id, &format!("{what}; `livewell status` shows when it has caught up"), &foreseen)
}

/// Says what was done, and which queries stop.
fn say(reset: &Reset, id: &str, text: &str, foreseen: &Json) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let document = || {
        let mut document = json!({ "id": id, "reset": true, "tables": reset.tables });
        if !foreseen.is_null() {
            document["stops"] = apply::receiving(foreseen, "stop").collect();
        }
        document
    };
    match reset.format {
        TextFormat::Json => writeln!(out, "{:#}", document())?,
        TextFormat::Text => {
            writeln!(out, "{text}")?;
            apply::stopped(&mut out, foreseen)?;
        }
    }
    Ok(())
}

/// Stores the request to reset the component when it runs next. Returns whether it is a source.
fn in_store(directory: &Path, id: &str, tables: &[String]) -> Result<bool, Failure> {
    if !tables.is_empty() {
        let message = "error: `--table` needs a running server; start it with `livewell run`, or leave it out: then all \
                       tables are copied\n";
        return Err(Failure::Usage(message.to_owned()));
    }
    offline::check_is_there(directory)?;
    let store = offline::open(directory)?;
    livewell::reset_stored(&store, id).map_err(Failure::failed)?;
    let component = offline::component(&store, id)?;
    let is_source =
        component.as_ref().is_some_and(|component| component.kind == ComponentKind::Source.noun());
    offline::record(&store, directory, "reset", component);
    Ok(is_source)
}
