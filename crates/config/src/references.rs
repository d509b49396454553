//! What spans sections: ids are unique, what they name is there, nothing reads itself, no file has two writers.

use super::order::layered;
use super::problem::{self, code};
use super::sections::Sections;
use super::settings::StoreSettings;
use super::targets::Targets;
use super::tree::Node;
use livewell::ComponentKind;
use livewell_model::component::{ID_RULE, is_component_id};
use livewell_query::language::Diagnostic;
use livewell_query::language::ast::Span;
use livewell_reaction::Settings as ReactionSettings;
use livewell_reaction::settings::SettingsError;
use std::collections::HashMap;

/// The ids that there are.
pub struct Known<'k> {
    /// What an id belongs to.
    pub kind: &'k dyn Fn(&str) -> Option<ComponentKind>,
    /// All of them, for advice; `None` if nobody reads that.
    pub all: Option<&'k dyn Fn() -> Vec<(&'k str, ComponentKind)>>,
}

/// Adds everything that is wrong between the sections.
pub fn check(sections: &Sections<'_>, problems: &mut Vec<Diagnostic>) {
    let known = ids(sections, problems);
    let all = || known.iter().map(|(id, kind)| (*id, *kind)).collect();
    let ids = Known { kind: &|id| known.get(id).copied(), all: Some(&all) };
    let sources: Vec<(&str, &Node)> =
        sections.sources.iter().map(|item| (item.settings.id(), item.node)).collect();
    let queries: Vec<(&str, &Node)> =
        sections.queries.iter().map(|item| (item.settings.id.as_str(), item.node)).collect();
    sources.iter().for_each(|(_, node)| check_names(ComponentKind::Source, node, &ids, problems));
    queries.iter().for_each(|(_, node)| check_names(ComponentKind::Query, node, &ids, problems));
    for reaction in &sections.reactions {
        check_names(ComponentKind::Reaction, reaction.node, &ids, problems);
    }
    for (kind, items) in [(ComponentKind::Source, sources), (ComponentKind::Query, queries)] {
        circles(kind, items.into_iter().filter(|(id, _)| known.get(id) == Some(&kind)), problems);
    }
    let mut targets = Targets::default();
    for (place, item) in (0..).zip(&sections.reactions) {
        let other = |at: u64| Some(&sections.reactions.get(usize::try_from(at).ok()?)?.settings);
        let conflicts = targets.conflicts(place, &item.settings, other);
        check_reaction(&sections.store, item.node, &item.settings, conflicts, problems);
        targets.put(place, &item.settings.connector);
    }
}

/// The field in which items of this kind name others, and what those may be.
fn naming(kind: ComponentKind) -> (&'static str, &'static [ComponentKind]) {
    match kind {
        ComponentKind::Source => ("after", &[ComponentKind::Source]),
        ComponentKind::Query => ("sources", &[ComponentKind::Source, ComponentKind::Query]),
        ComponentKind::Reaction => ("queries", &[ComponentKind::Query]),
    }
}

/// Where an item names others.
pub fn names(kind: ComponentKind, node: &Node) -> &[Node] {
    node.get(naming(kind).0).map(Node::items).unwrap_or_default()
}

/// Adds each name of an item that is not one of an item of a kind which it may name.
pub fn check_names(kind: ComponentKind, node: &Node, known: &Known<'_>, problems: &mut Vec<Diagnostic>) {
    for name in names(kind, node) {
        expect(name, known, naming(kind).1, problems);
    }
}

/// Why an id is none.
pub fn no_id(id: &str, place: Span) -> Option<Diagnostic> {
    let message = || format!("`{id}` is not an id");
    (!is_component_id(id)).then(|| problem::at(code::ID, place, message()).with_help(ID_RULE))
}

/// That an id belongs to another item.
pub fn taken(id: &str, by: ComponentKind, place: Span) -> Diagnostic {
    let message = format!("the id `{id}` is taken by a {}", by.noun());
    let help = "sources, queries and reactions share their ids; give each its own";
    problem::at(code::ID, place, message).with_help(help)
}

/// Every id with its stage.
fn ids<'n>(sections: &Sections<'n>, problems: &mut Vec<Diagnostic>) -> HashMap<&'n str, ComponentKind> {
    let mut items: Vec<(ComponentKind, &'n Node)> = sections.unread.clone();
    items.extend(sections.sources.iter().map(|item| (ComponentKind::Source, item.node)));
    items.extend(sections.queries.iter().map(|item| (ComponentKind::Query, item.node)));
    items.extend(sections.reactions.iter().map(|item| (ComponentKind::Reaction, item.node)));
    items.sort_by_key(|(_, node)| node.span.start);
    let mut known = HashMap::new();
    for (stage, node) in items {
        let Some((place, id)) = node.get("id").and_then(|place| Some((place, place.text()?))) else {
            continue;
        };
        if let Some(problem) = no_id(id, place.span) {
            problems.push(problem);
        } else if let Some(by) = known.get(id) {
            problems.push(taken(id, *by, place.span));
        } else {
            known.insert(id, stage);
        }
    }
    known
}

fn expect(name: &Node, known: &Known<'_>, wanted: &[ComponentKind], problems: &mut Vec<Diagnostic>) {
    let Some(id) = name.text() else { return };
    let nouns = wanted.iter().map(|stage| stage.noun()).collect::<Vec<_>>().join(" or ");
    match (known.kind)(id) {
        Some(stage) if wanted.contains(&stage) => {}
        Some(stage) => {
            let message = format!("`{id}` is a {}, and a {nouns} is wanted here", stage.noun());
            problems.push(problem::at(code::REFERENCE, name.span, message));
        }
        None => {
            let problem = problem::at(code::REFERENCE, name.span, format!("there is no {nouns} `{id}`"));
            let Some(all) = known.all else { return problems.push(problem) };
            let all = all().into_iter();
            let mut names: Vec<&str> =
                all.filter(|(_, stage)| wanted.contains(stage)).map(|(id, _)| id).collect();
            names.sort_unstable();
            let of_what = if wanted.len() > 1 { "the sources and queries" } else { wanted_plural(wanted) };
            problems.push(problem::misnamed(problem, id, names, of_what));
        }
    }
}

fn wanted_plural(wanted: &[ComponentKind]) -> &'static str {
    match wanted {
        [ComponentKind::Query] => "the queries",
        [ComponentKind::Reaction] => "the reactions",
        _ => "the sources",
    }
}

/// Reports each item that is reached again by following names from it.
fn circles<'n>(
    kind: ComponentKind,
    items: impl Iterator<Item = (&'n str, &'n Node)>,
    problems: &mut Vec<Diagnostic>,
) {
    let nodes: Vec<(&str, &Node)> = items.collect();
    let named = |node: &'n Node| names(kind, node).iter().filter_map(Node::text).collect();
    let (_, left) =
        layered(&nodes.iter().map(|(id, node)| (*id, named(node))).collect::<Vec<(&str, Vec<&str>)>>());
    let left: Vec<(&str, &Node)> = left.into_iter().map(|at| nodes[at]).collect();
    let by_id: HashMap<&str, &Node> = left.iter().copied().collect();
    let mut reported: Vec<&str> = Vec::new();
    for (id, node) in left {
        let Some((place, circle)) = circle(kind, id, node, &|id| by_id.get(id).copied()) else { continue };
        if !circle.iter().any(|id| reported.contains(id)) {
            problems.push(in_a_circle(kind, place, &circle));
        }
        reported.extend(circle);
    }
}

/// The way by which an item is reached again by following names from it, and where that is closed.
pub fn circle<'n>(
    kind: ComponentKind,
    id: &'n str,
    node: &'n Node,
    find: &dyn Fn(&str) -> Option<&'n Node>,
) -> Option<(&'n Node, Vec<&'n str>)> {
    // A walk that remembers how it came to each item.
    let mut way: HashMap<&str, &str> = HashMap::new();
    let mut ahead = vec![(id, node)];
    while let Some((from, node)) = ahead.pop() {
        for (place, next) in names(kind, node).iter().filter_map(|name| Some((name, name.text()?))) {
            if next == id {
                let (mut circle, mut at) = (vec![id], from);
                while at != id {
                    circle.push(at);
                    at = way[at];
                }
                circle.push(id);
                circle.reverse();
                return Some((place, circle));
            }
            if let (Some(node), false) = (find(next), way.contains_key(next)) {
                way.insert(next, from);
                ahead.push((next, node));
            }
        }
    }
    None
}

/// That items name each other in a circle.
pub fn in_a_circle(kind: ComponentKind, place: &Node, circle: &[&str]) -> Diagnostic {
    let message = format!("`{}` goes in a circle: {}", naming(kind).0, circle.join(" -> "));
    problem::at(code::REFERENCE, place.span, message).with_help("take one of them out")
}

/// Adds what is wrong with a reaction: by itself, with this store, and with others.
pub fn check_reaction(
    store: &StoreSettings,
    node: &Node,
    settings: &ReactionSettings,
    conflicts: Vec<SettingsError>,
    problems: &mut Vec<Diagnostic>,
) {
    let place = |field: &str| node.get(field).unwrap_or(node).span;
    let refused = |error: SettingsError| problem::at(error.code(), place(error.field()), error.to_string());
    problems.extend(settings.validate().err().map(refused));
    let volatile = *store == StoreSettings::Memory;
    if volatile && settings.shared.durable && settings.connector.has_durable_effects() {
        let message = "the store is `memory`: after a restart this reaction would not know what it has done";
        let help = "use `store: { kind: embedded }`, or say `durable: false` here";
        problems.push(problem::at(code::REFUSED, place("id"), message).with_help(help));
    }
    problems.extend(conflicts.into_iter().map(refused));
}
