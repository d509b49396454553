//! The text of each query, checked, with what is wrong shown where it stands in the file.

use super::index::Traits;
use super::problem;
use super::references::names;
use super::sections::Sections;
use super::{align, tree::Node};
use livewell::{ComponentKind, Query};
use livewell_model::Timestamp;
use livewell_query::language::Diagnostic;
use livewell_query::language::ast::Span;
use livewell_query::{Engine, MemoryState, Meter, StepError};
use std::collections::HashMap;

/// Adds what is wrong with the queries' texts. Returns what others must know of each.
pub fn check(file: &str, sections: &Sections<'_>, problems: &mut Vec<Diagnostic>) -> Vec<Traits> {
    let mut all = Vec::with_capacity(sections.queries.len());
    for query in &sections.queries {
        let traits = compiled(file, query.node, &query.settings).unwrap_or_else(|problem| {
            problems.push(problem);
            Traits::default()
        });
        all.push(traits);
    }
    let by_id: HashMap<&str, &Traits> =
        sections.queries.iter().map(|query| query.settings.id.as_str()).zip(&all).collect();
    for (query, traits) in sections.queries.iter().zip(&all) {
        check_upstream(query.node, traits, &|id| by_id.get(id).copied().cloned(), problems);
    }
    all
}

/// Compiles a query. Returns what others must know of it.
///
/// # Errors
/// Returns what is wrong with its text.
pub fn compiled(file: &str, node: &Node, settings: &Query) -> Result<Traits, Diagnostic> {
    #[cfg(test)]
    super::counted::compilation();
    let (cypher, place) = (&settings.cypher, node.get("cypher").unwrap_or(node));
    let engine = Engine::compile_with(cypher, &settings.params, &settings.engine_settings())
        .map_err(|diagnostic| in_file(file, place, cypher, diagnostic))?;
    let elements = engine.columns_of_elements().next().map(|column| column.to_string());
    Ok(Traits { tells_time: engine.tells_time(), elements })
}

/// Adds what a query of these traits cannot read of the queries it names, whose traits are found by their ids.
pub fn check_upstream(
    node: &Node,
    traits: &Traits,
    find: &dyn Fn(&str) -> Option<Traits>,
    problems: &mut Vec<Diagnostic>,
) {
    for name in names(ComponentKind::Query, node) {
        let Some((id, its)) = name.text().and_then(|id| Some((id, find(id)?))) else { continue };
        if traits.tells_time {
            let message = "the query uses functions of time, and this is a query: they need sources alone";
            problems.push(problem::at("LW0536", name.span, message));
        }
        if let Some(column) = &its.elements {
            let message = format!(
                "`{id}` gives whole elements in its column `{column}`, which a query over it cannot read"
            );
            let help = "return the properties that are needed, as in `RETURN o.id AS order`";
            problems.push(problem::at("LW0511", name.span, message).with_help(help));
        }
    }
}

/// Why the query, which is valid as such, has no value over the empty graph.
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

/// The diagnostic of a query's text at its place in the file.
pub fn in_file(file: &str, node: &Node, cypher: &str, diagnostic: Diagnostic) -> Diagnostic {
    if let Some(span) = align::place(file, node.span.start, cypher, diagnostic.span) {
        return Diagnostic { span, edit: None, position: None, ..diagnostic };
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
