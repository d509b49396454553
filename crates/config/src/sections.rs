//! The sections of the file, each read into its settings.

use super::problem::{self, code};
use super::settings::{EmbeddedSettings, ServerSettings, StoreSettings};
use super::tree::{Kind, Node, Scalar};
use super::{deserialize, for_each, server};
use livewell::{ComponentKind, Query};
use livewell_query::language::Diagnostic;
use livewell_reaction::kinds as reactions;
use livewell_reaction::settings::Shared;
use livewell_reaction::{Connector, Settings as ReactionSettings};
use livewell_source::kinds::{self as sources, KINDS, ReadSettings};
use livewell_source::settings::SourceSettings;
use serde::de::DeserializeOwned;
use std::path::{Component, Path, PathBuf};

const SECTIONS: [&str; 6] = ["store", "server", "include", "sources", "queries", "reactions"];
const SHARED: [&str; 6] = ["id", "queries", "recovery", "on_refusal", "enabled", "durable"];

/// Settings and the part of the file they were read from.
pub struct Item<'n, T> {
    pub node: &'n Node,
    pub settings: T,
}

/// Whatever could be read of the sections.
#[derive(Default)]
pub struct Sections<'n> {
    pub store: StoreSettings,
    pub server: Option<ServerSettings>,
    pub sources: Vec<Item<'n, SourceSettings>>,
    pub queries: Vec<Item<'n, Query>>,
    pub reactions: Vec<Item<'n, ReactionSettings>>,
    /// Items of which nothing could be read; their ids still count as taken and known.
    pub unread: Vec<(ComponentKind, &'n Node)>,
}

/// The settings of one item, whatever it is.
#[derive(Debug)]
pub enum Settings {
    Source(Box<SourceSettings>),
    Query(Box<Query>),
    Reaction(Box<ReactionSettings>),
}

/// Reads one item of a section; paths become relative to `folder`.
pub fn item(
    kind: ComponentKind,
    node: &Node,
    folder: &Path,
    problems: &mut Vec<Diagnostic>,
) -> Option<Settings> {
    if !is_mapping(node) {
        problems.push(no_mapping(node));
        return None;
    }
    Some(match kind {
        ComponentKind::Source => Settings::Source(Box::new(source(node, folder, problems)?)),
        ComponentKind::Query => Settings::Query(Box::new(query(node, problems)?)),
        ComponentKind::Reaction => Settings::Reaction(Box::new(reaction(node, folder, problems)?)),
    })
}

/// Reads all sections; paths become relative to `folder`.
pub fn read<'n>(root: &'n Node, folder: &Path, problems: &mut Vec<Diagnostic>) -> Sections<'n> {
    let mut sections = Sections::default();
    if !matches!(root.kind, Kind::Map(_)) {
        let help = "begin with the sections `sources:` and `queries:`";
        let message = format!("expected a mapping, found {}", root.describe());
        problems.push(problem::at(code::VALUE, root.span, message).with_help(help));
        return sections;
    }
    for entry in root.entries() {
        if !SECTIONS.contains(&entry.key.as_str()) {
            let message = format!("unknown section `{}`", entry.key);
            let found = problem::at(code::UNKNOWN_FIELD, entry.key_span, message);
            problems.push(problem::misnamed(found, &entry.key, SECTIONS, "the sections"));
        }
    }
    sections.store = store(root.get("store"), folder, problems);
    sections.server = root.get("server").and_then(|node| server::read(node, folder, problems));
    for item in list(root, "sources", problems) {
        match source(item, folder, problems) {
            Some(settings) => sections.sources.push(Item { node: item, settings }),
            None => sections.unread.push((ComponentKind::Source, item)),
        }
    }
    for item in list(root, "queries", problems) {
        match query(item, problems) {
            Some(settings) => sections.queries.push(Item { node: item, settings }),
            None => sections.unread.push((ComponentKind::Query, item)),
        }
    }
    for item in list(root, "reactions", problems) {
        match reaction(item, folder, problems) {
            Some(settings) => sections.reactions.push(Item { node: item, settings }),
            None => sections.unread.push((ComponentKind::Reaction, item)),
        }
    }
    sections
}

fn list<'n>(root: &'n Node, section: &str, problems: &mut Vec<Diagnostic>) -> Vec<&'n Node> {
    let Some(node) = root.get(section) else { return Vec::new() };
    if !matches!(node.kind, Kind::List(_) | Kind::Scalar(_, Scalar::Null)) {
        let message = format!("`{section}` is a list, found {}", node.describe());
        problems
            .push(problem::at(code::VALUE, node.span, message).with_help("begin each item with `- id: ...`"));
    }
    problems.extend(node.items().iter().filter(|item| !is_mapping(item)).map(no_mapping));
    node.items().iter().filter(|item| is_mapping(item)).collect()
}

fn is_mapping(item: &Node) -> bool {
    matches!(item.kind, Kind::Map(_))
}

fn no_mapping(item: &Node) -> Diagnostic {
    let message = format!("expected a mapping with an `id`, found {}", item.describe());
    problem::at(code::VALUE, item.span, message)
}

/// The kind an item names: one of `known`; others are refused, those of `planned` as not in this version.
fn kind<'n>(
    node: &'n Node,
    stage: &str,
    known: &[&str],
    planned: &[&str],
    problems: &mut Vec<Diagnostic>,
) -> Option<&'n str> {
    let names = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let Some(named) = node.get("kind") else {
        let message = format!("`kind` is missing: which kind of {stage} is it?");
        problems.push(
            problem::at(code::VALUE, node.span, message).with_help(format!("this version has {names}")),
        );
        return None;
    };
    let text = named.text().unwrap_or_default();
    if known.contains(&text) {
        return named.text();
    }
    problems.push(if planned.contains(&text) {
        problem::at(code::NOT_HERE, named.span, format!("this version has no {stage} of kind `{text}`"))
            .with_help(format!("it has {names}"))
    } else {
        let found = problem::at(code::VALUE, named.span, format!("`{text}` is not a kind of {stage}"));
        problem::misnamed(found, text, known.iter().copied(), "the kinds")
    });
    None
}

fn without_kind(node: &Node) -> Node {
    let mut rest = node.clone();
    rest.split_off(|key| key == "kind");
    rest
}

/// The path without `.` in it, as people write it: `data` for `./data`, `a/data` for `a/./data`.
fn tidy(path: &Path) -> PathBuf {
    let parts = path.components().filter(|part| !matches!(part, Component::CurDir));
    let tidy: PathBuf = parts.collect();
    if tidy.as_os_str().is_empty() { PathBuf::from(".") } else { tidy }
}

/// The store; a relative path becomes relative to `folder`.
pub fn store(node: Option<&Node>, folder: &Path, problems: &mut Vec<Diagnostic>) -> StoreSettings {
    let in_folder = |settings: EmbeddedSettings| {
        StoreSettings::Embedded(EmbeddedSettings { path: tidy(&folder.join(&settings.path)), ..settings })
    };
    let read = node.and_then(|node| {
        let kind = match node.get("kind") {
            None => "embedded",
            Some(_) => kind(node, "store", &["embedded", "memory"], &["postgres", "redis"], problems)?,
        };
        if kind == "embedded" {
            return deserialize::read(without_kind(node), &["kind"], problems).map(in_folder);
        }
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}
        let nothing: Option<Nothing> = deserialize::read(without_kind(node), &["kind"], problems);
        nothing.map(|_| StoreSettings::Memory)
    });
    read.unwrap_or_else(|| in_folder(EmbeddedSettings::default()))
}

/// What is left of a source once its kind is known.
struct Reader<'p> {
    rest: Node,
    problems: &'p mut Vec<Diagnostic>,
}

impl ReadSettings for Reader<'_> {
    fn read<T: DeserializeOwned>(self) -> Option<T> {
        deserialize::read(self.rest, &["kind"], self.problems)
    }
}

fn source(node: &Node, folder: &Path, problems: &mut Vec<Diagnostic>) -> Option<SourceSettings> {
    #[cfg(test)]
    super::counted::item();
    let known: Vec<&str> = KINDS.iter().filter(|kind| kind.is_configured).map(|kind| kind.name).collect();
    let kind = kind(node, "source", &known, sources::PLANNED, problems)?;
    let reader = Reader { rest: without_kind(node), problems };
    let mut settings = SourceSettings::read(kind, reader)?;
    settings.common_mut().resolve(folder);
    // A bad id is reported with all the others.
    if let Err(error) = settings.validate()
        && livewell_model::component::is_component_id(settings.id())
    {
        problems.push(problem::at(error.code, node.span, error.message));
    }
    Some(settings)
}

fn query(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Query> {
    #[cfg(test)]
    super::counted::item();
    let settings: Query = deserialize::read(node.clone(), &[], problems)?;
    if settings.sources.is_empty() {
        let place = node.get("sources").unwrap_or(node);
        let message = "the query reads nothing; name at least one source or query under `sources`";
        problems.push(problem::at(code::VALUE, place.span, message));
    }
    for_each::check(node, &settings, problems).then_some(settings)
}

fn reaction(node: &Node, folder: &Path, problems: &mut Vec<Diagnostic>) -> Option<ReactionSettings> {
    #[cfg(test)]
    super::counted::item();
    let absent = [reactions::LEFT_OUT, reactions::PLANNED].concat();
    let kind = kind(node, "reaction", reactions::BUILT_IN, &absent, problems)?;
    let mut rest = without_kind(node);
    let shared = rest.split_off(|key| SHARED.contains(&key));
    let connector = deserialize::read_with(rest, &SHARED, problems, |rest| Connector::read(kind, rest));
    let shared: Option<Shared> = deserialize::read(shared, &["kind"], problems);
    let (mut connector, shared) = (connector?, shared?);
    connector.resolve(folder);
    Some(ReactionSettings { shared, connector })
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    #[test]
    fn a_kind_that_is_unknown_or_left_out_of_this_build_is_refused_by_name_with_those_that_are_there() {
        let refused = |text: &str| {
            let mut problems = Vec::new();
            let node = tree::parse(text).unwrap();
            assert_eq!(kind(&node, "reaction", &["file", "log"], &["redis"], &mut problems), None);
            let [problem] = &problems[..] else { panic!("one problem: {problems:?}") };
            let help = problem.help.clone().unwrap_or_default();
            assert!(help.contains("`file`") && help.contains("`log`"), "{help}");
            problem.message.clone()
        };
        assert_eq!(refused("{ id: a, kind: redis }"), "this version has no reaction of kind `redis`");
        assert_eq!(refused("{ id: a, kind: kafka }"), "`kafka` is not a kind of reaction");
        assert_eq!(refused("{ id: a }"), "`kind` is missing: which kind of reaction is it?");
    }
}
