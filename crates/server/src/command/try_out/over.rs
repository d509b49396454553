//! `livewell try --source`: the rows of a query over what a source holds, from its server or from a store.

use super::{QUERY, say_unknown};
use crate::api::elements::Counts;
use crate::api::try_out::Tried;
use crate::api::wire;
use crate::cli::Try;
use crate::client::{self, encoded};
use crate::command::find::Found;
use crate::command::offline;
use crate::command::results::show;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::render::Format;
use livewell::clock::{Clock, SystemClock};
use livewell::{Query, inventory, try_query};
use livewell_model::SmolStr;
use livewell_query::Engine;
use serde_json::{Value as Json, json};
use std::io::{self, IsTerminal, Write};

/// Shows the rows.
pub fn over_source(asked: &Try, found: &Found) -> Result<(), Failure> {
    let source = asked.source.as_deref().unwrap_or_default();
    let params = asked.params.iter().cloned().collect();
    let engine = Engine::compile(&asked.cypher, &params)
        .map_err(|problem| Failure::Usage(problem.render(&asked.cypher, QUERY)))?;
    if asked.plan {
        io::stderr().write_all(engine.explain().as_bytes())?;
    }
    let shown = Progress::of_unknown(format!("trying the query on `{source}`"));
    let (tried, counts) = match found {
        Found::Store(directory) => {
            let store = offline::open(directory)?;
            let query = Query { params, ..Query::cypher(QUERY, &asked.cypher).from(source) };
            let tried = try_query(&store, source, &query, SystemClock.now(), usize::MAX, || false);
            let counted = inventory::count(&store, source, &|| false).map_err(Failure::failed)?;
            let tried = Tried::of(source.to_owned(), tried.map_err(Failure::failed)?);
            (wire::json(&tried), wire::json(&Counts::of(source.to_owned(), counted)))
        }
        Found::Server(client) => {
            let path = format!("/api/v1/sources/{}", encoded(source));
            let params: serde_json::Map<String, Json> = asked
                .params
                .iter()
                .map(|(name, value)| Ok((name.clone(), serde_json::to_value(value)?)))
                .collect::<serde_json::Result<_>>()
                .map_err(Failure::failed)?;
            let body = json!({ "cypher": asked.cypher, "params": params }).to_string();
            (client.post_text(&format!("{path}/try"), &body)?, client.get(&format!("{path}/counts"))?)
        }
    };
    drop(shown);
    let names = tried["columns"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let names: Vec<SmolStr> = names.map(SmolStr::from).collect();
    let no_row = || io::Error::other("the server sent no row [LW0710]");
    let rows = tried["rows"].as_array().into_iter().flatten();
    let rows = rows.map(|row| client::row(row).map(|(row, _)| row).ok_or_else(no_row));
    let default = if io::stdout().is_terminal() { Format::Table } else { Format::Ndjson };
    show(asked.format.unwrap_or(default), &names, rows)?;
    let listed = |field: &str| -> Vec<String> {
        counts[field].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let is_complete = counts["others"] == 0;
    say_unknown(&asked.cypher, &listed("labels"), &listed("types"), is_complete, &format!("`{source}`"))
}
