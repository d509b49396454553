//! `livewell explain`: the page of an error code, or how a query is maintained.

use crate::cli::{Explain, TextFormat};
use crate::explain;
use crate::failure::Failure;
use livewell_query::{Engine, Settings};
use serde_json::json;
use std::io::{self, Write};

/// Prints the explanation.
pub fn run(explain: &Explain) -> Result<(), Failure> {
    let subject = explain.subject.trim();
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
    if explain.format == TextFormat::Json {
        let columns: Vec<&str> = engine.columns().iter().map(|name| name.as_str()).collect();
        let document = json!({ "cypher": subject, "columns": columns, "plan": engine.explain() });
        return Ok(writeln!(io::stdout(), "{document:#}")?);
    }
    io::stdout().write_all(engine.explain().as_bytes())?;
    Ok(())
}
