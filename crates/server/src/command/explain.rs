//! `livewell explain`: the page of an error code, or how a query is maintained: a text, or one that is there.

use super::find::Found;
use super::offline;
use crate::cli::{At, Explain, TextFormat};
use crate::explain;
use crate::failure::Failure;
use livewell_query::{Engine, Settings};
use serde_json::{Value as Json, json};
use std::io::{self, Read, Write};

/// Prints the explanation of a query that is there.
pub fn of_query(explain: &Explain, id: &str, found: &Found) -> Result<(), Failure> {
    if !explain.params.is_empty() || !explain.for_each.is_empty() {
        let message = format!(
            "error: `{id}` is the id of a query, which has its own parameters; `--param` and `--for-each` are for a text\n"
        );
        return Err(Failure::Usage(message));
    }
    let (cypher, columns, plan) = match found {
        Found::Server(client) => {
            let told = client.get(&format!("/api/v1/queries/{id}/explain"))?;
            let text = |field: &str| told[field].as_str().unwrap_or_default().to_owned();
            (text("cypher"), told["columns"].clone(), text("plan"))
        }
        Found::Store(directory) => {
            let query = livewell::stored_query(&offline::open(directory)?, id).map_err(Failure::failed)?;
            let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())
                .map_err(|problem| Failure::failed(problem.render(&query.cypher, id)))?;
            (query.cypher, columns(&engine), engine.explain())
        }
    };
    show(explain.format, &cypher, &columns, &plan)
}

/// Prints the explanation of a text or a code.
pub fn run(explain: &Explain) -> Result<(), Failure> {
    let At { server, store, config, .. } = &explain.at;
    if server.is_some() || store.is_some() || config.is_some() {
        let message =
            "error: `--server`, `--store` and `--config` are for the id of a query, and this is not one\n";
        return Err(Failure::Usage(message.to_owned()));
    }
    let mut read = String::new();
    if explain.subject == "-" {
        io::stdin().read_to_string(&mut read)?;
    }
    let subject = if explain.subject == "-" { read.trim() } else { explain.subject.trim() };
    if explain::is_code(subject) {
        let page = explain::page(subject)
            .ok_or_else(|| Failure::Usage(format!("error: there is no error code `{subject}`\n")))?;
        if explain.format == TextFormat::Json {
            let code = subject.to_ascii_uppercase();
            let document = json!({ "code": code, "title": explain::title(&code), "page": page });
            return Ok(writeln!(io::stdout(), "{document:#}")?);
        }
        return Ok(io::stdout().write_all(page.as_bytes())?);
    }
    let params = explain.params.iter().cloned().collect();
    let settings = Settings { for_each: explain.for_each.clone(), ..Settings::default() };
    let engine = Engine::compile_with(subject, &params, &settings)
        .map_err(|problem| Failure::Usage(problem.render(subject, "query")))?;
    show(explain.format, subject, &columns(&engine), &engine.explain())
}

fn columns(engine: &Engine) -> Json {
    engine.columns().iter().map(|name| name.as_str()).collect()
}

fn show(format: TextFormat, cypher: &str, columns: &Json, plan: &str) -> Result<(), Failure> {
    if format == TextFormat::Json {
        let document = json!({ "cypher": cypher, "columns": columns, "plan": plan });
        return Ok(writeln!(io::stdout(), "{document:#}")?);
    }
    Ok(io::stdout().write_all(plan.as_bytes())?)
}
