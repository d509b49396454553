//! The text of each query, checked, with what is wrong shown where it stands in the file.

use super::problem;
use super::sections::Sections;
use super::{align, tree::Node};
use livewell_query::Engine;
use livewell_query::language::Diagnostic;

/// Adds what is wrong with the queries' texts.
pub fn check(file: &str, sections: &Sections<'_>, problems: &mut Vec<Diagnostic>) {
    for query in &sections.queries {
        let cypher = &query.settings.cypher;
        let Some(place) = query.node.get("cypher") else { continue };
        match query.settings.params() {
            Err(error) => {
                let params = query.node.get("params").unwrap_or(query.node);
                problems.push(problem::at(problem::code::VALUE, params.span, error.to_string()));
            }
            Ok(params) => {
                if let Err(diagnostic) = Engine::compile_with(cypher, &params, &query.settings.engine()) {
                    problems.push(in_file(file, place, cypher, diagnostic));
                }
            }
        }
    }
}

/// The diagnostic of a query's text at its place in the file.
fn in_file(file: &str, node: &Node, cypher: &str, diagnostic: Diagnostic) -> Diagnostic {
    if let Some(span) = align::place(file, node.span.start, cypher, diagnostic.span) {
        return Diagnostic { span, position: None, ..diagnostic };
    }
    let message = match diagnostic.position {
        Some((line, column)) => format!("{} (line {line}, column {column} of the query)", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let moved = problem::at(diagnostic.code, node.span, message);
    match diagnostic.help {
        Some(help) => moved.with_help(help),
        None => moved,
    }
}
