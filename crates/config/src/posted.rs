//! A whole configuration in the body of a call: each of its components as a call of its own would make it.

use super::configuration::Config;
use super::order::layered;
use super::planned::Planned;
use super::problem::{self, code};
use super::reading::parse;
use super::references::{names, taken};
use super::tree::{Kind, Node};
use livewell::ComponentKind;
use livewell_query::language::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};

/// The sections that a body may have.
const SECTIONS: [&str; 5] = ["store", "server", "sources", "queries", "reactions"];

impl Config {
    /// Plans the way to the components of `text`, a configuration in YAML or JSON, whose sections `store` and `server` are
    /// left aside. With `prune`, what it does not name is removed; otherwise it stays.
    ///
    /// # Errors
    /// Returns everything that is wrong, each at its place in `text`.
    pub fn planned_from_text(&self, text: &str, prune: bool) -> Result<Planned, Vec<Diagnostic>> {
        let root = parse(text)?;
        let mut next = self.clone();
        let items = items(&root)?;
        let named: BTreeSet<&str> = items.iter().map(|(_, id, _)| *id).collect();
        let left: Vec<(ComponentKind, String)> = self
            .components()
            .filter(|(_, id)| !named.contains(id))
            .map(|(kind, id)| (kind, id.to_owned()))
            .collect();
        next.put_all(items, text)?;
        if !prune {
            return Ok(self.planned(next, left));
        }
        next.take_all(left)?;
        Ok(self.planned(next, Vec::new()))
    }

    /// Puts the items in, each once what it names is there.
    fn put_all(
        &mut self,
        items: Vec<(ComponentKind, &str, &Node)>,
        text: &str,
    ) -> Result<(), Vec<Diagnostic>> {
        let mut waiting = items;
        while !waiting.is_empty() {
            let (before, mut refused) = (waiting.len(), Vec::new());
            let mut problems = Vec::new();
            for (kind, id, node) in waiting {
                match self.change_written(kind, id, node, text) {
                    Ok(change) => self.apply(change),
                    Err(its) => {
                        problems.extend(its);
                        refused.push((kind, id, node));
                    }
                }
            }
            if refused.len() == before {
                return Err(problems);
            }
            waiting = refused;
        }
        Ok(())
    }

    /// Takes the items out, each once nothing names it any more.
    fn take_all(&mut self, items: Vec<(ComponentKind, String)>) -> Result<(), Vec<Diagnostic>> {
        let mut waiting = items;
        while !waiting.is_empty() {
            let (before, mut refused, mut problems) = (waiting.len(), Vec::new(), Vec::new());
            for (kind, id) in waiting {
                match self.change(kind, &id, None) {
                    Ok(change) => self.apply(change),
                    Err(its) => {
                        problems.extend(its);
                        refused.push((kind, id));
                    }
                }
            }
            if refused.len() == before {
                return Err(problems);
            }
            waiting = refused;
        }
        Ok(())
    }
}

/// The items of all sections with their ids, each section in an order in which what others name comes first.
fn items(root: &Node) -> Result<Vec<(ComponentKind, &str, &Node)>, Vec<Diagnostic>> {
    let (mut items, mut problems) = (Vec::new(), Vec::new());
    if !matches!(root.kind, Kind::Map(_)) {
        let message =
            format!("expected a mapping with the sections of a configuration, found {}", root.describe());
        return Err(vec![problem::at(code::VALUE, root.span, message)]);
    }
    for entry in root.entries() {
        if !SECTIONS.contains(&entry.key.as_str()) {
            let message = format!("unknown section `{}`", entry.key);
            let found = problem::at(code::UNKNOWN_FIELD, entry.key_span, message);
            problems.push(problem::misnamed(found, &entry.key, SECTIONS, "the sections"));
        }
    }
    let mut seen = BTreeMap::new();
    for kind in ComponentKind::ALL {
        let mut section = Vec::new();
        if let Some(other) = root.get(kind.plural()).filter(|node| !matches!(node.kind, Kind::List(_))) {
            let message = format!("`{}` is a list here, found {}", kind.plural(), other.describe());
            problems.push(problem::at(code::VALUE, other.span, message));
        }
        for node in root.get(kind.plural()).map(Node::items).unwrap_or_default() {
            match node.get("id").and_then(Node::text) {
                Some(id) => {
                    if let Some(by) = seen.insert(id, kind) {
                        problems.push(taken(id, by, node.span));
                    }
                    section.push((kind, id, node));
                }
                None => {
                    let message = format!("a {} needs an `id`", kind.noun());
                    problems.push(problem::at(code::VALUE, node.span, message));
                }
            }
        }
        let named = |node| names(kind, node).iter().filter_map(Node::text).collect();
        let order: Vec<(&str, Vec<&str>)> = section.iter().map(|(_, id, node)| (*id, named(node))).collect();
        let (ordered, left) = layered(&order);
        items.extend(ordered.into_iter().chain(left).map(|at| section[at]));
    }
    if problems.is_empty() { Ok(items) } else { Err(problems) }
}
