//! Queries that differ in constants alone: each keeps a copy of what it joins, and one query with `for_each` would keep
//! one for all of them.

use super::section::Section;
use super::texts::Texts;
use livewell::Query;
use livewell_model::Value;
use livewell_query::language::ast::{Clause, Span};
use livewell_query::skeleton::{Constant, Skeleton};
use livewell_query::{Engine, Parameter, ParameterType};
use std::collections::{BTreeMap, BTreeSet};

/// From how many on they are worth a hint.
const MANY: usize = 100;
/// How many are named.
const NAMED: usize = 3;
/// The name of a parameter that cannot be named as the property that it is compared with.
const OTHER: &str = "value";

/// A query, and its text with the constants apart.
struct Twin<'c> {
    query: &'c Query,
    skeleton: Skeleton,
    place: Span,
}

/// Something that differs between twins, as a parameter.
struct Difference<'c> {
    parameter: Parameter,
    /// The constant of the first twin's text; `None` if it is one of its parameters.
    constant: Option<&'c Constant>,
}

/// Returns a line for each group of queries that one with `for_each` could replace.
pub(super) fn hints(texts: &Texts, queries: &Section<Query>) -> Vec<String> {
    let mut groups: BTreeMap<String, Vec<Twin<'_>>> = BTreeMap::new();
    for item in queries.items().filter(|item| item.settings.for_each.is_empty() && is_join(&item.settings)) {
        let query = &item.settings;
        let Some(skeleton) = Skeleton::read(&query.cypher) else { continue };
        let place = item.node.get("cypher").unwrap_or(&item.node).span;
        groups.entry(common(query, &skeleton)).or_default().push(Twin { query, skeleton, place });
    }
    let many = groups.values().filter(|twins| twins.len() >= MANY);
    many.filter_map(|twins| {
        let differences = differences(twins);
        is_accepted(twins[0].query, &differences).then(|| {
            let (file, line, column) = texts.place(twins[0].place.start);
            format!("hint: {}:{line}:{column}: {}", file.display(), message(twins, &differences))
        })
    })
    .collect()
}

/// What queries must have in common for one to replace them.
fn common(query: &Query, skeleton: &Skeleton) -> String {
    let params: Vec<String> = query
        .params
        .iter()
        .map(|(name, value)| match type_of(value) {
            Some(of) => format!("{name}: {}", of.name()),
            None => format!("{name} = {value:?}"),
        })
        .collect();
    format!("{}\n{:?}\n{:?}\n{params:?}", skeleton.form(), query.sources, query.joins)
}

fn type_of(value: &Value) -> Option<ParameterType> {
    match value {
        Value::String(_) => Some(ParameterType::Text),
        Value::Int(_) => Some(ParameterType::Integer),
        Value::Float(_) => Some(ParameterType::Float),
        Value::Bool(_) => Some(ParameterType::Boolean),
        _ => None,
    }
}

fn differences<'c>(twins: &'c [Twin<'c>]) -> Vec<Difference<'c>> {
    let (first, others) = (&twins[0], &twins[1..]);
    let mut taken: BTreeSet<String> = Query::RESERVED.iter().map(|name| (*name).to_owned()).collect();
    taken.extend(first.query.params.iter().map(|(name, _)| name.to_string()));
    // The parameters become columns.
    taken.extend(columns(first.query));
    let constants = first.skeleton.constants().iter().enumerate().filter(|(at, constant)| {
        let its = written(first, constant);
        others.iter().any(|twin| written(twin, &twin.skeleton.constants()[*at]) != its)
    });
    let constants = constants.map(|(_, constant)| {
        let name = free(constant.property.as_deref().unwrap_or(OTHER), &mut taken);
        Difference { parameter: Parameter { name: name.into(), of: constant.of }, constant: Some(constant) }
    });
    let params = first.query.params.iter().filter_map(|(name, value)| {
        let of = type_of(value)?;
        let differs = others.iter().any(|twin| twin.query.params.get(name) != Some(value));
        differs.then(|| Difference { parameter: Parameter { name: name.clone(), of }, constant: None })
    });
    let constants: Vec<Difference<'c>> = constants.collect();
    constants.into_iter().chain(params).collect()
}

fn columns(query: &Query) -> Vec<String> {
    let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings());
    engine.map(|engine| engine.columns().iter().map(ToString::to_string).collect()).unwrap_or_default()
}

fn written<'t>(twin: &Twin<'t>, constant: &Constant) -> &'t str {
    &twin.query.cypher[constant.span.start..constant.span.end]
}

/// Returns the name if nothing has it yet, else another.
fn free(name: &str, taken: &mut BTreeSet<String>) -> String {
    let is_plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let mut free = if is_plain { name.to_owned() } else { OTHER.to_owned() };
    let mut number = 1;
    while !taken.insert(free.clone()) {
        free = if number == 1 { OTHER.to_owned() } else { format!("{OTHER}{number}") };
        number += 1;
    }
    free
}

/// Whether the query can be run for each value of what differs.
fn is_accepted(query: &Query, differences: &[Difference<'_>]) -> bool {
    let mut cypher = query.cypher.clone();
    for Difference { parameter, constant } in differences.iter().rev() {
        if let Some(constant) = constant {
            cypher.replace_range(constant.span.start..constant.span.end, &format!("${}", parameter.name));
        }
    }
    let mut settings = query.engine_settings();
    settings.for_each = differences.iter().map(|difference| difference.parameter.clone()).collect();
    let is_constant = |name: &str| settings.for_each.iter().all(|parameter| parameter.name != name);
    let params = query.params.iter().filter(|(name, _)| is_constant(name));
    let params = params.map(|(name, value)| (name.clone(), value.clone())).collect();
    !differences.is_empty() && Engine::compile_with(&cypher, &params, &settings).is_ok()
}

fn message(twins: &[Twin<'_>], differences: &[Difference<'_>]) -> String {
    let named: Vec<String> = twins.iter().take(NAMED).map(|twin| format!("`{}`", twin.query.id)).collect();
    let declared: Vec<String> = differences
        .iter()
        .map(|Difference { parameter, .. }| format!("{}: {}", parameter.name, parameter.of.name()))
        .collect();
    let changed: Vec<String> = differences
        .iter()
        .map(|Difference { parameter, constant }| match constant {
            Some(constant) => format!("`${}` in place of `{}`", parameter.name, written(&twins[0], constant)),
            None => format!("without `{}` under `params`", parameter.name),
        })
        .collect();
    format!(
        "{} queries, {} and {} more, differ in constants alone, and each keeps its own copy of what it joins; one query \
         with `for_each: {{ {} }}`, {}, keeps one copy for all of them and has their rows by value",
        twins.len(),
        named.join(", "),
        twins.len() - named.len(),
        declared.join(", "),
        changed.join(", "),
    )
}

/// Whether the query puts elements together, for which it keeps copies of them. One that only filters costs next to
/// nothing: changes are routed to it.
fn is_join(query: &Query) -> bool {
    let Ok(parsed) = livewell_query::parse(&query.cypher) else { return false };
    let clauses = parsed.branches.iter().flat_map(|branch| &branch.clauses);
    let nodes = clauses.map(|clause| match clause {
        Clause::Match(clause) => clause.patterns.iter().map(|pattern| pattern.nodes.len()).sum(),
        _ => 0,
    });
    nodes.sum::<usize>() > 1
}
