//! `livewell graph`: what reads what, as a tree, for Graphviz, or as JSON.

use super::find::Found;
use super::offline;
use crate::cli::{Graph, GraphFormat};
use crate::failure::Failure;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Shows what reads what.
pub fn run(asked: &Graph, found: &Found) -> Result<(), Failure> {
    let graph = match found {
        Found::Store(directory) => return Err(offline::needs_a_run("`livewell graph`", directory)),
        Found::Server(client) => client.get("/api/v1/graph")?,
    };
    let mut out = io::stdout().lock();
    match asked.format {
        GraphFormat::Json => writeln!(out, "{graph:#}")?,
        GraphFormat::Dot => dot(&graph, &mut out)?,
        GraphFormat::Text => text(&graph, &mut out)?,
    }
    Ok(())
}

fn components(graph: &Json) -> impl Iterator<Item = (&str, &Json)> {
    let all = graph["components"].as_array().into_iter().flatten();
    all.map(|one| (one["id"].as_str().unwrap_or_default(), one))
}

fn edges(graph: &Json) -> impl Iterator<Item = (&str, &str)> {
    let all = graph["edges"].as_array().into_iter().flatten();
    all.filter_map(|edge| Some((edge["from"].as_str()?, edge["to"].as_str()?)))
}

/// Writes the language of Graphviz. Ids need no escapes: they are letters, digits, `-` and `_`.
fn dot(graph: &Json, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "digraph livewell {{\n  rankdir=LR;\n  node [shape=box];")?;
    for (id, one) in components(graph) {
        writeln!(out, "  \"{id}\" [label=\"{id}\\n{}\"];", described(one))?;
    }
    for (from, to) in edges(graph) {
        writeln!(out, "  \"{from}\" -> \"{to}\";")?;
    }
    writeln!(out, "}}")
}

/// Writes a tree for each component that reads nothing that is shown.
fn text(graph: &Json, out: &mut dyn Write) -> io::Result<()> {
    let mut tree = Tree { by_id: components(graph).collect(), ..Tree::default() };
    let mut read = BTreeSet::new();
    for (from, to) in edges(graph) {
        tree.readers.entry(from).or_default().push(to);
        read.insert(to);
    }
    for (id, _) in components(graph).filter(|(id, _)| !read.contains(id)) {
        tree.write(id, 0, out)?;
    }
    if graph["whole"] == false {
        let (shown, total) = (tree.by_id.len(), &graph["total"]);
        writeln!(out, "{shown} of {total} components are shown, those in trouble; all of them:")?;
        for count in graph["counts"].as_array().into_iter().flatten() {
            let text = |field: &str| count[field].as_str().unwrap_or_default();
            writeln!(out, "  {:<9} {:<10} {}", text("kind"), text("state"), count["count"])?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Tree<'g> {
    by_id: BTreeMap<&'g str, &'g Json>,
    readers: BTreeMap<&'g str, Vec<&'g str>>,
    shown: BTreeSet<&'g str>,
}

impl<'g> Tree<'g> {
    fn write(&mut self, id: &'g str, depth: usize, out: &mut dyn Write) -> io::Result<()> {
        let Some(one) = self.by_id.get(id) else { return Ok(()) };
        let is_new = self.shown.insert(id);
        let again = if is_new { "" } else { ", see above" };
        writeln!(out, "{:indent$}{id}  {}{again}", "", described(one), indent = 2 * depth)?;
        if is_new {
            for reader in self.readers.get(id).cloned().unwrap_or_default() {
                self.write(reader, depth + 1, out)?;
            }
        }
        Ok(())
    }
}

/// Returns what a component is and does.
fn described(one: &Json) -> String {
    let text = |field: &str| one[field].as_str().unwrap_or_default();
    let state = text("state").replace('_', " ");
    match one["type"].as_str() {
        Some(of) => format!("{of} {}, {state}", text("kind")),
        None => format!("{}, {state}", text("kind")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn graph() -> Json {
        let one = |id: &str, kind: &str, of: Option<&str>| json!({ "id": id, "kind": kind, "type": of, "state": "caught_up" });
        json!({
            "total": 4, "whole": true, "counts": [],
            "components": [
                one("a", "query", None), one("b", "query", None), one("hook", "reaction", Some("webhook")),
                one("ops", "source", Some("file")),
            ],
            "edges": [
                { "from": "a", "to": "b" }, { "from": "b", "to": "hook" }, { "from": "ops", "to": "a" },
                { "from": "ops", "to": "b" },
            ],
        })
    }

    fn written(write: fn(&Json, &mut dyn Write) -> io::Result<()>, graph: &Json) -> String {
        let mut out = Vec::new();
        write(graph, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_two_components_read_is_unfolded_once() {
        let expected = "ops  file source, caught up\n  a  query, caught up\n    b  query, caught up\n      hook  webhook reaction, \
                        caught up\n  b  query, caught up, see above\n";
        assert_eq!(written(text, &graph()), expected);
    }

    #[test]
    fn graphviz_gets_each_component_and_each_edge() {
        let dot = written(dot, &graph());
        assert_eq!((dot.matches("[label=").count(), dot.matches(" -> ").count()), (4, 4), "{dot}");
    }
}
