//! From the text of a configuration to its settings: parsed, filled in, read section by section, checked across them.

use super::configuration::{Config, Place};
use super::index::Index;
use super::made::Made;
use super::problems::Problems;
use super::section::Section;
use super::sections::Settings;
use super::settings::ServerSettings;
use super::substitute::{Hidden, Outside};
use super::texts::{Texts, read_text};
use super::tree::{self, Node};
use super::{files, include, known, problem, query, references, secret, sections, server, twins};
use livewell::ComponentKind;
use livewell_query::language::Diagnostic;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Reads the configuration file at `path`. Relative paths in it become relative to its directory.
///
/// # Errors
/// Returns everything that is wrong with it, each at its place.
pub fn load(path: &Path) -> Result<Config, Problems> {
    load_with_text(path).map(|(config, _)| config)
}

/// Like [`load`], but also looks at what can be known beside the text: it lets each query begin over the empty graph, and
/// compares templates with the headers of tables that are there. Returns warnings and hints, too.
///
/// # Errors
/// Returns what [`load`] does, and a problem for each component that would be in error. The configuration as such is
/// valid then: a run has only that component in error, and over a store with elements a query may have a value.
pub fn check(path: &Path) -> Result<(Config, Vec<String>), Problems> {
    let (config, texts) = load_with_text(path)?;
    check_known(&config, |_| true)?;
    let mut warnings = known::warnings(&texts, &config);
    warnings.extend(twins::hints(&texts, &config.queries));
    Ok((config, warnings))
}

/// Looks at what can be known beside the text of those components whose ids `concerns` names.
pub(super) fn check_known(config: &Config, concerns: impl Fn(&str) -> bool) -> Result<(), Problems> {
    let texts = &*config.texts;
    let found = known::problems(texts.all(), config).into_iter().filter(|(id, _)| concerns(id));
    let mut found: Vec<Diagnostic> = found.map(|(_, problem)| problem).collect();
    if found.is_empty() {
        return Ok(());
    }
    config.hidden.hide(&mut found);
    secret::hide_in(&mut found, texts.all(), config.all_nodes());
    Err(Problems::new(texts.clone(), found))
}

/// Reads the section `server` of the configuration file at `path` alone; `None` without one.
///
/// # Errors
/// Returns what is wrong with the file as such, and with this section.
pub fn load_server(path: &Path) -> Result<Option<ServerSettings>, Problems> {
    let unreadable =
        |reason: String| Problems::new(Texts::of(path, ""), vec![problem::unreadable(path, &reason)]);
    let text = read_text(path).map_err(unreadable)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let (outside, mut found) = (Outside::of_file(folder), Vec::new());
    let settings = parse(&text).map(|root| {
        let mut section = root.get("server").cloned()?;
        outside.fill_in(&mut section, &mut found);
        let settings = if found.is_empty() { server::read(&section, folder, &mut found) } else { None };
        secret::hide_in(&mut found, &text, [&section]);
        settings
    });
    let settings = settings.unwrap_or_else(|problems| {
        found.extend(problems);
        None
    });
    outside.hidden.borrow().hide(&mut found);
    if found.is_empty() { Ok(settings) } else { Err(Problems::new(Texts::of(path, &text), found)) }
}

fn load_with_text(path: &Path) -> Result<(Config, Texts), Problems> {
    let text = read_text(path)
        .map_err(|reason| Problems::new(Texts::of(path, ""), vec![problem::unreadable(path, &reason)]))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let outside = Outside::of_file(folder);
    let place = Place { folder: folder.to_owned(), file: path.to_owned() };
    let mut texts = Texts::of(path, &text);
    let (read, hidden) = (read(&mut texts, &outside, &place), outside.hidden.into_inner());
    match read {
        Ok(config) => Ok((Config { hidden, texts: Arc::new(texts.clone()), ..config }, texts)),
        Err(mut found) => {
            hidden.hide(&mut found);
            Err(Problems::new(texts, found))
        }
    }
}

fn read(texts: &mut Texts, outside: &Outside<'_>, place: &Place) -> Result<Config, Vec<Diagnostic>> {
    let mut root = parse(texts.all())?;
    let mut problems = Vec::new();
    include::add(&mut root, texts, &place.folder, outside, &mut problems);
    let (written, text) = (root.clone(), texts.all());
    outside.fill_in(&mut root, &mut problems);
    if !problems.is_empty() {
        secret::hide_in(&mut problems, text, [&root]);
        // What a missing value would have made of the rest is not known.
        return Err(problems);
    }
    of_tree(&root, &written, text, place)
}

/// The text as a tree; what keeps it from being one names none of its secrets.
pub(super) fn parse(text: &str) -> Result<Node, Vec<Diagnostic>> {
    tree::parse(text).map_err(|problem| {
        let mut problems = vec![problem];
        secret::hide_in(&mut problems, text, []);
        problems
    })
}

fn of_tree(root: &Node, written: &Node, text: &str, place: &Place) -> Result<Config, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let read = sections::read(root, &place.folder, &mut problems);
    references::check(&read, &mut problems);
    files::check(&read, place, &mut problems);
    let traits = query::check(text, &read, &mut problems);
    if !problems.is_empty() {
        secret::hide_in(&mut problems, text, [root]);
        return Err(problems);
    }
    let mut config = Config {
        store: read.store,
        server: read.server,
        sources: Section::default(),
        queries: Section::default(),
        reactions: Section::default(),
        index: Index::default(),
        in_file: HashMap::new(),
        frame: root.without(ComponentKind::ALL.map(ComponentKind::plural)),
        place: place.clone(),
        texts: Arc::default(),
        hidden: Hidden::default(),
    };
    let items = |kind: ComponentKind| written.get(kind.plural()).map(Node::items).unwrap_or_default();
    for (item, written) in read.sources.into_iter().zip(items(ComponentKind::Source)) {
        config.put_in_file(Made::new(Settings::Source(Box::new(item.settings)), item.node, written));
    }
    for ((item, traits), written) in read.queries.into_iter().zip(traits).zip(items(ComponentKind::Query)) {
        let made = Made::new(Settings::Query(Box::new(item.settings)), item.node, written);
        config.put_in_file(Made { traits, ..made });
    }
    for (item, written) in read.reactions.into_iter().zip(items(ComponentKind::Reaction)) {
        config.put_in_file(Made::new(Settings::Reaction(Box::new(item.settings)), item.node, written));
    }
    Ok(config)
}
