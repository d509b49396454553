//! What spans sections: ids are unique, what they name is there, nothing reads itself, no file has two writers.

use super::problem::{self, code};
use super::sections::{Item, Sections};
use super::settings::StoreSettings;
use super::tree::Node;
use livewell::ComponentKind;
use livewell_model::component::{ID_RULE, is_component_id};
use livewell_query::language::Diagnostic;
use livewell_reaction::Settings as ReactionSettings;
use livewell_reaction::conflict::{shared_paths, shared_targets};
use std::collections::HashMap;

/// Adds everything that is wrong between the sections.
pub fn check(sections: &Sections<'_>, problems: &mut Vec<Diagnostic>) {
    let known = ids(sections, problems);
    for source in &sections.sources {
        for name in source.node.get("after").map(Node::items).unwrap_or_default() {
            expect(name, &known, &[ComponentKind::Source], problems);
        }
    }
    for query in &sections.queries {
        for name in query.node.get("sources").map(Node::items).unwrap_or_default() {
            expect(name, &known, &[ComponentKind::Source, ComponentKind::Query], problems);
        }
    }
    for reaction in &sections.reactions {
        for name in reaction.node.get("queries").map(Node::items).unwrap_or_default() {
            expect(name, &known, &[ComponentKind::Query], problems);
        }
    }
    let sources = sections.sources.iter().map(|item| (item.settings.id(), item.node));
    circles(sources.filter(|(id, _)| known.get(id) == Some(&ComponentKind::Source)), "after", problems);
    let queries = sections.queries.iter().map(|item| (item.settings.id.as_str(), item.node));
    circles(queries.filter(|(id, _)| known.get(id) == Some(&ComponentKind::Query)), "sources", problems);
    reactions(sections, problems);
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
        if !is_component_id(id) {
            let message = format!("`{id}` is not an id");
            problems.push(problem::at(code::ID, place.span, message).with_help(ID_RULE));
        } else if let Some(taken) = known.get(id) {
            let taken: &ComponentKind = taken;
            let message = format!("the id `{id}` is taken by a {}", taken.noun());
            let help = "sources, queries and reactions share their ids; give each its own";
            problems.push(problem::at(code::ID, place.span, message).with_help(help));
        } else {
            known.insert(id, stage);
        }
    }
    known
}

fn expect(
    name: &Node,
    known: &HashMap<&str, ComponentKind>,
    wanted: &[ComponentKind],
    problems: &mut Vec<Diagnostic>,
) {
    let Some(id) = name.text() else { return };
    let nouns = wanted.iter().map(|stage| stage.noun()).collect::<Vec<_>>().join(" or ");
    let problem = match known.get(id) {
        Some(stage) if wanted.contains(stage) => return,
        Some(stage) => {
            let message = format!("`{id}` is a {}, and a {nouns} is wanted here", stage.noun());
            problem::at(code::REFERENCE, name.span, message)
        }
        None => {
            let mut names: Vec<&str> =
                known.iter().filter(|(_, stage)| wanted.contains(stage)).map(|(id, _)| *id).collect();
            names.sort_unstable();
            let of_what = if wanted.len() > 1 { "the sources and queries" } else { wanted_plural(wanted) };
            problem::at(code::REFERENCE, name.span, format!("there is no {nouns} `{id}`"))
                .with_help(problem::advice(id, names, of_what))
        }
    };
    problems.push(problem);
}

fn wanted_plural(wanted: &[ComponentKind]) -> &'static str {
    match wanted {
        [ComponentKind::Query] => "the queries",
        [ComponentKind::Reaction] => "the reactions",
        _ => "the sources",
    }
}

/// Reports each item that is reached again by following `field` from it.
fn circles<'n>(
    items: impl Iterator<Item = (&'n str, &'n Node)>,
    field: &str,
    problems: &mut Vec<Diagnostic>,
) {
    let names = |node: &'n Node| {
        node.get(field)
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|name| Some((name, name.text()?)))
    };
    let nodes: Vec<(&str, &Node)> = items.collect();
    let by_id: HashMap<&str, &Node> = nodes.iter().copied().collect();
    let mut reported: Vec<&str> = Vec::new();
    for (id, node) in nodes {
        // A walk that remembers how it came to each item.
        let mut way: HashMap<&str, &str> = HashMap::new();
        let mut ahead = vec![(id, node)];
        let mut closing = None;
        while let (None, Some((from, node))) = (closing, ahead.pop()) {
            for (place, next) in names(node) {
                if next == id {
                    closing = Some((place, from));
                } else if let (Some(node), false) = (by_id.get(next), way.contains_key(next)) {
                    way.insert(next, from);
                    ahead.push((next, node));
                }
            }
        }
        let Some((place, mut at)) = closing else { continue };
        let mut circle = vec![id];
        while at != id {
            circle.push(at);
            at = way[at];
        }
        circle.push(id);
        circle.reverse();
        if !circle.iter().any(|id| reported.contains(id)) {
            let message = format!("`{field}` goes in a circle: {}", circle.join(" -> "));
            problems
                .push(problem::at(code::REFERENCE, place.span, message).with_help("take one of them out"));
        }
        reported.extend(circle);
    }
}

fn reactions(sections: &Sections<'_>, problems: &mut Vec<Diagnostic>) {
    let place =
        |item: &Item<'_, ReactionSettings>, field: &str| item.node.get(field).unwrap_or(item.node).span;
    for item in &sections.reactions {
        if let Err(error) = item.settings.validate() {
            problems.push(problem::at(error.code(), place(item, error.field()), error.to_string()));
        }
        let volatile = sections.store == StoreSettings::Memory;
        if volatile && item.settings.shared.durable && item.settings.connector.has_durable_effects() {
            let message =
                "the store is `memory`: after a restart this reaction would not know what it has done";
            let help = "use `store: { kind: embedded }`, or say `durable: false` here";
            problems.push(problem::at(code::REFUSED, place(item, "id"), message).with_help(help));
        }
    }
    let settings = || sections.reactions.iter().map(|item| &item.settings);
    for (index, error) in shared_paths(settings()).into_iter().chain(shared_targets(settings())) {
        let item = &sections.reactions[index];
        problems.push(problem::at(error.code(), place(item, error.field()), error.to_string()));
    }
}
