//! `livewell why`: why a row is in the results of a query, why it is not, or where the rows end.

mod tree;

use super::find::Found;
use super::{behind, offline};
use crate::api::why::Asked;
use crate::cli::{TextFormat, Why};
use crate::client::parameters;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::render::Screen;
use livewell::Values;
use livewell::why::{Within, funnel, why};
use serde_json::{Map, Value as Json, json};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// Asks, and prints the answer.
pub fn run(asked: &Why, found: &Found) -> Result<(), Failure> {
    let shown = Progress::of_unknown(format!("evaluating `{}`", asked.query));
    let row = row(asked);
    let answer = match found {
        Found::Store(directory) => from_store(directory, asked, row.as_ref())?,
        Found::Server(client) => {
            let path = |call| format!("/api/v1/queries/{}/{call}{}", asked.query, parameters(&asked.values));
            match &row {
                None => client.get(&path("funnel"))?,
                Some(row) => client.post_text(&path("why"), &row.to_string())?,
            }
        }
    };
    drop(shown);
    match found {
        Found::Store(directory) => behind::say_of_store(&offline::open(directory)?, &asked.query)?,
        Found::Server(client) => behind::say_of_server(client, &asked.query)?,
    }
    if asked.format == TextFormat::Json {
        return Ok(writeln!(io::stdout(), "{answer:#}")?);
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    tree::write(&mut out, &Screen::of_stdout(), &answer)?;
    Ok(out.flush()?)
}

/// Returns the body of the call that asks about a row; `None` if none is named.
fn row(asked: &Why) -> Option<Json> {
    let Why { row, columns, bindings, .. } = asked;
    if row.is_none() && columns.is_empty() && bindings.is_empty() {
        return None;
    }
    let columns: Map<String, Json> =
        columns.iter().map(|(name, value)| (name.clone(), Json::from(value.as_str()))).collect();
    let element = |(name, (source, id)): &(String, (String, String))| {
        (name.clone(), json!({ "source": source, "id": id }))
    };
    let bindings: Map<String, Json> = bindings.iter().map(element).collect();
    Some(match row {
        Some(signature) => json!({ "row_signature": signature }),
        None => json!({ "where": columns, "bindings": bindings }),
    })
}

fn from_store(directory: &Path, asked: &Why, row: Option<&Json>) -> Result<Json, Failure> {
    let store = offline::open(directory)?;
    let values = match asked.values.as_slice() {
        [] => None,
        values => Some(Values::of_text(values.iter().cloned())),
    };
    // Ctrl-C ends it.
    let within = Within::new(usize::MAX, Duration::MAX);
    let answer = match row {
        None => serde_json::to_value(
            funnel(&store, &asked.query, values.as_ref(), &within).map_err(Failure::failed)?,
        ),
        Some(row) => {
            let question = Asked::read(row.clone(), values)
                .map_err(|refused| Failure::Usage(format!("error: {}\n", refused.on_one_line())))?;
            serde_json::to_value(why(&store, &asked.query, &question, &within).map_err(Failure::failed)?)
        }
    };
    answer.map_err(Failure::failed)
}
