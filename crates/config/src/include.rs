//! `include:` adds the sources, queries and reactions of other files to a configuration.

use super::problem::{self, code};
use super::secret;
use super::substitute::Outside;
use super::texts::{Texts, read_text};
use super::tree::{self, Entry, Kind, Node, Scalar};
use livewell_query::language::Diagnostic;
use livewell_query::language::ast::Span;
use std::path::{Path, PathBuf};

/// The sections that an included file may have. A configuration has one store and one server.
const SECTIONS: [&str; 3] = ["sources", "queries", "reactions"];

/// Adds what the files that `root` includes contain, and their texts. Patterns begin at `folder`.
pub fn add(
    root: &mut Node,
    texts: &mut Texts,
    folder: &Path,
    outside: &Outside<'_>,
    problems: &mut Vec<Diagnostic>,
) {
    let Some(mut patterns) = root.get("include").cloned() else { return };
    outside.fill_in(&mut patterns, problems);
    let patterns = match &patterns.kind {
        Kind::List(patterns) => patterns.as_slice(),
        _ => std::slice::from_ref(&patterns),
    };
    for pattern in patterns {
        match files(pattern, folder) {
            Ok(files) => {
                files.iter().for_each(|file| one(root, texts, (file, pattern.span), problems));
            }
            Err(problem) => problems.push(problem),
        }
    }
}

/// Returns the files of a pattern, by their names.
fn files(pattern: &Node, folder: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let at = |message: String| problem::at(code::UNREADABLE, pattern.span, message);
    let Some(text) = pattern.text().filter(|text| !text.is_empty()) else {
        let message = format!("`include` is a path or a list of paths, found {}", pattern.describe());
        return Err(problem::at(code::VALUE, pattern.span, message));
    };
    let path = folder.join(text);
    let found = glob::glob(&path.to_string_lossy()).map_err(|error| at(format!("`{text}`: {error}")))?;
    let mut files = found
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| at(format!("cannot read `{}`: {}", error.path().display(), error.error())))?;
    files.retain(|file| !file.is_dir());
    files.sort();
    if files.is_empty() {
        let help = "paths begin at the directory of the configuration; `*` stands for any part of a name";
        return Err(at(format!("no file matches `{text}`")).with_help(help));
    }
    Ok(files)
}

fn one(root: &mut Node, texts: &mut Texts, (file, span): (&Path, Span), problems: &mut Vec<Diagnostic>) {
    let text = match read_text(file) {
        Ok(text) => text,
        Err(reason) => {
            problems.push(problem::at(
                code::UNREADABLE,
                span,
                format!("cannot read `{}`: {reason}", file.display()),
            ));
            return;
        }
    };
    let start = texts.add(file, &text);
    let mut included = match tree::parse(&text) {
        Ok(included) => included,
        Err(mut problem) => {
            shift_span(&mut problem.span, start);
            let mut found = vec![problem];
            secret::hide_in(&mut found, &text, []);
            problems.extend(found);
            return;
        }
    };
    shift(&mut included, start);
    let is_empty = matches!(included.kind, Kind::Scalar(_, Scalar::Null));
    if !is_empty && !matches!(included.kind, Kind::Map(_)) {
        let message = format!("expected a mapping of sections, found {}", included.describe());
        problems.push(problem::at(code::VALUE, included.span, message).with_help("begin with `queries:`"));
    }
    for Entry { key, key_span, value } in included.entries() {
        if SECTIONS.contains(&key.as_str()) {
            append(root, key, *key_span, value, problems);
        } else {
            let message = format!("an included file cannot have the section `{key}`");
            let found = problem::at(code::UNKNOWN_FIELD, *key_span, message);
            problems.push(problem::misnamed(found, key, SECTIONS, "its sections"));
        }
    }
}

/// Appends the items of a section to those that the configuration has.
fn append(root: &mut Node, key: &str, key_span: Span, value: &Node, problems: &mut Vec<Diagnostic>) {
    let Kind::List(items) = &value.kind else {
        if !matches!(value.kind, Kind::Scalar(_, Scalar::Null)) {
            let message = format!("`{key}` is a list, found {}", value.describe());
            let help = "begin each item with `- id: ...`";
            problems.push(problem::at(code::VALUE, value.span, message).with_help(help));
        }
        return;
    };
    let Kind::Map(entries) = &mut root.kind else { return };
    let Some(entry) = entries.iter_mut().find(|entry| entry.key == key) else {
        entries.push(Entry { key: key.to_owned(), key_span, value: value.clone() });
        return;
    };
    match &mut entry.value.kind {
        Kind::List(all) => all.extend(items.iter().cloned()),
        Kind::Scalar(_, Scalar::Null) => entry.value = value.clone(),
        // What it is instead is said where the section is read.
        _ => {}
    }
}

fn shift(node: &mut Node, by: usize) {
    shift_span(&mut node.span, by);
    match &mut node.kind {
        Kind::Scalar(..) => {}
        Kind::List(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Kind::Map(entries) => entries.iter_mut().for_each(|entry| {
            shift_span(&mut entry.key_span, by);
            shift(&mut entry.value, by);
        }),
    }
}

fn shift_span(span: &mut Span, by: usize) {
    span.start += by;
    span.end += by;
}
