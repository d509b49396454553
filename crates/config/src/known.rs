//! What can be known of a configuration beside its text: the headers of tables that are there, the columns that queries
//! have, calls of constants that fail, labels that nothing makes, files that are not there or are somebody else's, and
//! tokens that can be guessed.

use super::configuration::Config;
use super::problem::{self, code};
use super::section::Section;
use super::texts::Texts;
use super::tree::Node;
use super::{files, query, tokens};
use livewell::Query;
use livewell_model::Timestamp;
use livewell_query::language::Diagnostic;
use livewell_query::language::ast::{Clause, Expr, ExprKind, Name, Span};
use livewell_query::{Engine, MemoryState};
use livewell_reaction::Connector;
use livewell_source::ErrorKind;
use livewell_source::file::FileSource;
use livewell_source::settings::{FileSettings, SourceSettings};
use std::collections::BTreeSet;
use std::io;

/// What will stop a component once it runs, each with the id of the component.
pub fn problems<'c>(text: &str, config: &'c Config) -> Vec<(&'c str, Diagnostic)> {
    let mut found = Vec::new();
    let mut add = |id: &'c str, of_it: Vec<Diagnostic>| found.extend(of_it.into_iter().map(|one| (id, one)));
    for (node, source) in items(&config.sources) {
        if let SourceSettings::File(files) = source {
            add(source.id(), headers(node, files).into_iter().collect());
        }
    }
    for (node, settings) in items(&config.queries) {
        let error = query::check_begin(text, node, settings);
        // Said once is enough.
        let error = if error.is_some() { error } else { constant(text, node, settings) };
        add(&settings.id, error.into_iter().collect());
    }
    for (node, reaction) in
        items(&config.reactions).filter(|(_, reaction)| !reaction.connector.key().is_empty())
    {
        for id in &reaction.shared.queries {
            let missing = config.queries.get(id).into_iter().flat_map(|query| keys(node, query));
            add(&reaction.shared.id, missing.collect());
        }
    }
    found
}

/// What may be meant, and more often is a slip: each a line, with its place.
pub(super) fn warnings(texts: &Texts, config: &Config) -> Vec<String> {
    let (mut found, text) = (Vec::new(), texts.all());
    let at = |span: Span| {
        let (file, line, column) = texts.place(span.start);
        format!("{}:{line}:{column}", file.display())
    };
    for (span, what) in missing(config).into_iter().chain(foreign(config)).chain(tokens_of(config)) {
        found.push(format!("warning: {}: {what}", at(span)));
    }
    for (node, settings) in items(&config.queries) {
        let Some(made) = made(config, settings) else { continue };
        let Ok(query) = livewell_query::parse(&settings.cypher) else { continue };
        let clauses = query.branches.iter().flat_map(|branch| &branch.clauses);
        for (what, name) in clauses.flat_map(names) {
            if made.contains(name.text.as_str()) {
                continue;
            }
            let cypher = node.get("cypher").unwrap_or(node);
            let slip = problem::at(code::REFERENCE, name.span, "");
            let place = at(query::in_file(text, cypher, &settings.cypher, slip).span);
            let advice = problem::advice(&name.text, made.iter().map(String::as_str), "those made");
            found.push(format!(
                "warning: {place}: no mapping of the sources of `{}` makes the {what} `{}`; {advice}",
                settings.id, name.text
            ));
        }
    }
    found
}

fn items<T>(section: &Section<T>) -> impl Iterator<Item = (&Node, &T)> {
    section.items().map(|item| (&*item.node, &item.settings))
}

/// Tokens of the API that can be guessed, or that are bound to nothing.
fn tokens_of(config: &Config) -> Vec<(Span, String)> {
    let (Some(node), Some(settings)) = (config.frame.get("server"), &config.server) else {
        return Vec::new();
    };
    let astray = tokens::astray(node, settings, &config.queries);
    tokens::weak(node).into_iter().chain(astray).collect()
}

/// Files that sources read and that are not there.
fn missing(config: &Config) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    for (node, source) in items(&config.sources) {
        let SourceSettings::File(files) = source else { continue };
        let listed = node.get("files").map(Node::items).unwrap_or_default();
        for (index, entry) in files.entries().into_iter().enumerate() {
            // What cannot be looked at is there, and the run says what is the matter with it.
            if !std::fs::metadata(&entry.path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
                continue;
            }
            let place = listed.get(index).unwrap_or(node);
            let (path, id) = (entry.path.display(), &files.id);
            let what = format!(
                "`{path}`, which `{id}` reads, does not exist; unless it does when `livewell run` starts, `{id}` is in \
                 error, LW0206"
            );
            found.push((place.get("path").unwrap_or(place).span, what));
        }
    }
    found
}

/// Files that reactions would write for the first time and that hold something else. One that has written its file
/// before, whoever has edited that since, finds it by its checkpoint.
fn foreign(config: &Config) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    for (node, reaction) in items(&config.reactions) {
        let Connector::File(file) = &reaction.connector else { continue };
        let Some(path) = files::foreign(file).filter(|_| !file.take_over) else { continue };
        let what = format!(
            "`{}` is there and holds something else than `{}` writes, which refuses it (LW0404) unless it has written it \
             before; move it away, give another `path`, or say `take_over: true`",
            path.display(),
            reaction.shared.id
        );
        found.push((node.get("path").unwrap_or(node).span, what));
    }
    found
}

/// Columns that a table's header on disk does not have. What is not there yet, or cannot be read, says nothing.
fn headers(node: &Node, files: &FileSettings) -> Vec<Diagnostic> {
    let wrong = |entry| {
        let alone = FileSettings {
            id: files.id.clone(),
            files: vec![entry],
            null_text: files.null_text.clone(),
            limits: files.limits,
            ..FileSettings::default()
        };
        let is_begun =
            std::fs::metadata(&alone.files[0].path).is_ok_and(|file| file.is_file() && file.len() > 0);
        let error = if is_begun { FileSource::open(alone, None).err() } else { None };
        error.filter(|error| error.kind == ErrorKind::Settings)
    };
    let errors = files.entries().into_iter().filter_map(wrong);
    errors.map(|error| problem::at(error.code, node.span, error.message)).collect()
}

/// A call of constants that fails, whichever row it is for.
fn constant(text: &str, node: &Node, settings: &Query) -> Option<Diagnostic> {
    let cypher = &settings.cypher;
    let query = livewell_query::parse(cypher).ok()?;
    let branches = query.branches.iter();
    let mut due: Vec<&Expr> = branches
        .flat_map(|branch| {
            let items = branch.returns.items.iter().map(|item| &item.expr);
            branch.clauses.iter().flat_map(Clause::exprs).chain(items)
        })
        .collect();
    while let Some(expr) = due.pop() {
        match &expr.kind {
            // A branch may never be taken.
            ExprKind::Case(_) => continue,
            ExprKind::Call(..) if is_constant(expr) => {
                let written = cypher.get(expr.span.start..expr.span.end)?;
                if let Some(error) = fails(written, settings) {
                    let message = format!("`{written}` has no value: {error}");
                    let problem = problem::at("LW0510", expr.span, message);
                    return Some(query::in_file(text, node.get("cypher")?, cypher, problem));
                }
            }
            _ => due.extend(expr.children()),
        }
    }
    None
}

fn is_constant(expr: &Expr) -> bool {
    let children = expr.children();
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Parameter(_) => true,
        ExprKind::Call(..)
        | ExprKind::List(_)
        | ExprKind::Map(_)
        | ExprKind::Unary(..)
        | ExprKind::Binary(..) => !children.is_empty() && children.into_iter().all(is_constant),
        _ => false,
    }
}

fn fails(written: &str, settings: &Query) -> Option<String> {
    let text = format!("RETURN {written} AS value");
    let engine = Engine::compile_with(&text, &settings.params, &settings.engine_settings()).ok()?;
    engine.begin(&mut MemoryState::new(), Timestamp::default()).err().map(|error| error.to_string())
}

fn keys(node: &Node, query: &Query) -> Vec<Diagnostic> {
    let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings());
    let Ok(engine) = engine else { return Vec::new() };
    let columns: Vec<&str> = engine.columns().iter().map(|column| column.as_str()).collect();
    let keys = node.get("key").map(Node::items).unwrap_or_default().iter();
    let missing = keys.filter_map(|key| Some((key, key.text().filter(|name| !columns.contains(name))?)));
    missing
        .map(|(key, name)| {
            let message = format!("`{}` has no column `{name}`", query.id);
            let found = problem::at(code::REFERENCE, key.span, message);
            problem::misnamed(found, name, columns.iter().copied(), "its columns")
        })
        .collect()
}

/// The labels and types that the sources of a query make, if all of them are known to make no others.
fn made(config: &Config, settings: &Query) -> Option<BTreeSet<String>> {
    let mut made: BTreeSet<String> =
        settings.engine_settings().joins.into_iter().map(|join| join.kind.to_string()).collect();
    for id in &settings.sources {
        // One that reads a query is none of those: rows carry the label that their query gives them.
        let source = config.sources.get(id)?;
        made.extend(source.common().made()?);
        for rule in source.unwind() {
            made.extend([rule.relationship.clone(), rule.into.label.clone()]);
        }
    }
    Some(made)
}

/// The labels and types that a query matches, each with what it is; none if it is not Cypher.
pub fn matched(cypher: &str) -> Vec<(&'static str, String)> {
    let Ok(query) = livewell_query::parse(cypher) else { return Vec::new() };
    let clauses = query.branches.iter().flat_map(|branch| &branch.clauses);
    clauses.flat_map(names).map(|(what, name)| (what, name.text.to_string())).collect()
}

/// The labels and types that a clause matches.
fn names(clause: &Clause) -> Vec<(&'static str, &Name)> {
    match clause {
        Clause::Match(clause) => clause
            .patterns
            .iter()
            .flat_map(|pattern| {
                let labels = pattern.nodes.iter().flat_map(|node| &node.labels).map(|name| ("label", name));
                let types = pattern.relationships.iter().flat_map(|one| &one.types);
                labels.chain(types.map(|name| ("type", name)))
            })
            .collect(),
        Clause::Call(call) => call.branches.iter().flatten().flat_map(names).collect(),
        Clause::Unwind(_) | Clause::With(_) => Vec::new(),
    }
}
