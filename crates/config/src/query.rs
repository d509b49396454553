//! The text of each query, checked, with what is wrong shown where it stands in the file.

use super::problem;
use super::sections::Sections;
use super::{align, tree::Node};
use livewell::Query;
use livewell_model::Timestamp;
use livewell_query::language::Diagnostic;
use livewell_query::language::ast::Span;
use livewell_query::{Engine, MemoryState, Meter, StepError};

/// Adds what is wrong with the queries' texts.
pub fn check(file: &str, sections: &Sections<'_>, problems: &mut Vec<Diagnostic>) {
    for query in &sections.queries {
        let cypher = &query.settings.cypher;
        let Some(place) = query.node.get("cypher") else { continue };
        match Engine::compile_with(cypher, &query.settings.params, &query.settings.engine_settings()) {
            Err(diagnostic) => problems.push(in_file(file, place, cypher, diagnostic)),
            Ok(engine) => {
                if engine.tells_time() {
                    problems.extend(over_queries(sections, query.node));
                }
                problems.extend(unreadable(sections, &query.settings.id, &engine));
            }
        }
    }
}

/// Why the query, which is in order as such, has no value over the empty graph.
pub fn check_begin(file: &str, node: &Node, settings: &Query) -> Option<Diagnostic> {
    let (place, cypher) = (node.get("cypher")?, &settings.cypher);
    let engine = Engine::compile_with(cypher, &settings.params, &settings.engine_settings()).ok()?;
    let meter = Meter::new(settings.limits.step_bytes);
    let error = engine.begin(&mut MemoryState::new().within(meter), Timestamp::default()).err()?;
    let span = Span { start: 0, end: cypher.trim_end().len() };
    if let StepError::OverBudget(why) = &error {
        let message = format!("`{}` cannot begin over the empty graph: {why}", settings.id);
        return Some(in_file(file, place, cypher, problem::at("LW0540", span, message)));
    }
    let message =
        format!("`{}` has no value over the empty graph, where every query begins: {error}", settings.id);
    let help = format!(
        "say what it is there, as in `CASE WHEN count(*) = 0 THEN null ELSE sum(x) / count(*) END`; else it is in \
         error until `livewell reset {}` once there are elements",
        settings.id
    );
    Some(in_file(file, place, cypher, problem::at("LW0510", span, message).with_help(help)))
}

/// Functions of time need sources alone.
fn over_queries(sections: &Sections<'_>, node: &Node) -> Vec<Diagnostic> {
    let is_query = |id: &str| sections.queries.iter().any(|query| query.settings.id == id);
    let names = node.get("sources").map(Node::items).unwrap_or_default();
    let queries = names.iter().filter(|name| name.text().is_some_and(is_query));
    let message = "the query uses functions of time, and this is a query: they need sources alone";
    queries.map(|name| problem::at("LW0536", name.span, message)).collect()
}

/// Queries over this one, where it has a column that none can read.
fn unreadable(sections: &Sections<'_>, id: &str, engine: &Engine) -> Vec<Diagnostic> {
    let Some(column) = engine.columns_of_elements().next() else { return Vec::new() };
    let message =
        format!("`{id}` gives whole elements in its column `{column}`, which a query over it cannot read");
    let names = sections
        .queries
        .iter()
        .flat_map(|query| query.node.get("sources").map(Node::items).unwrap_or_default());
    let here = names.filter(|name| name.text() == Some(id));
    let problem = here.map(|name| problem::at("LW0511", name.span, message.clone()));
    problem
        .map(|problem| {
            problem.with_help("return the properties that are needed, as in `RETURN o.id AS order`")
        })
        .collect()
}

/// The diagnostic of a query's text at its place in the file.
pub fn in_file(file: &str, node: &Node, cypher: &str, diagnostic: Diagnostic) -> Diagnostic {
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
