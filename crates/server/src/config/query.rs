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
            Ok(params) => match Engine::compile_with(cypher, &params, &query.settings.engine()) {
                Err(diagnostic) => problems.push(in_file(file, place, cypher, diagnostic)),
                Ok(engine) if engine.tells_time() => problems.extend(over_queries(sections, query.node)),
                Ok(_) => {}
            },
        }
    }
}

/// Functions of time need sources alone.
fn over_queries(sections: &Sections<'_>, node: &Node) -> Vec<Diagnostic> {
    let is_query = |id: &str| sections.queries.iter().any(|query| query.settings.id == id);
    let names = node.get("sources").map(Node::items).unwrap_or_default();
    let queries = names.iter().filter(|name| name.text().is_some_and(is_query));
    let message = "the query uses functions of time, and this is a query: they need sources alone";
    queries.map(|name| problem::at("LW0536", name.span, message)).collect()
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
