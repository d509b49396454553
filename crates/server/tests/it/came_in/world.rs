//! Random changes with a seed, and what a source must hold once it has taken them in.

use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const LABELS: [&str; 4] = ["Person", "Company", "<img onerror=x>", "__proto__"];
const TYPES: [&str; 3] = ["KNOWS", "WORKS_AT", "a/b"];
/// So many ids are used of each kind, so that elements are changed and deleted, too.
const IDS: u64 = 40;

/// A source and its elements, as JSON of the API shows them.
pub struct World {
    state: u64,
    pub elements: BTreeMap<String, Json>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self { state: seed, elements: BTreeMap::new() }
    }

    /// Returns a number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one_of(&mut self, of: &[&str]) -> String {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()].to_owned()
    }

    /// Returns so many lines of changes, each a transaction.
    pub fn changes(&mut self, count: usize) -> String {
        let mut lines = String::new();
        for _ in 0..count {
            let change = self.change();
            writeln!(lines, "{change}").unwrap();
        }
        lines
    }

    fn change(&mut self) -> Json {
        if self.below(4) == 0 {
            let id = if self.below(2) == 0 { self.node_id() } else { self.relationship_id() };
            self.elements.remove(&id);
            return json!({ "operation": "delete", "id": id });
        }
        let properties = self.properties();
        let (id, mut element) = if self.below(2) == 0 {
            let labels: BTreeSet<String> = (0..self.below(4)).map(|_| self.one_of(&LABELS)).collect();
            (self.node_id(), json!({ "labels": labels, "properties": properties }))
        } else {
            let (kind, from, to) = (self.one_of(&TYPES), self.node_id(), self.end());
            (
                self.relationship_id(),
                json!({ "type": kind, "from": from, "to": to, "properties": properties }),
            )
        };
        element["id"] = json!(id);
        self.elements.insert(id, element.clone());
        if let Some(kind) = element.get("type").cloned() {
            (element["labels"], element["type"]) = (json!([kind]), json!("relation"));
        } else {
            element["type"] = json!("node");
        }
        json!({ "operation": "insert", "element": element })
    }

    fn node_id(&mut self) -> String {
        format!("n/{}", self.below(IDS))
    }

    fn relationship_id(&mut self) -> String {
        format!("r\u{202e}{}", self.below(IDS))
    }

    fn end(&mut self) -> Json {
        match self.below(10) {
            0 => json!({ "source": "elsewhere", "id": "n/1" }),
            _ => json!(self.node_id()),
        }
    }

    fn properties(&mut self) -> Json {
        let mut properties = serde_json::Map::new();
        for name in ["a", "b", "constructor"] {
            let value = match self.below(6) {
                0 => json!(9_007_199_254_740_993_u64 + self.below(3)),
                1 => json!(self.below(3) as f64 + 0.5),
                2 => json!(self.below(2) == 0),
                3 => json!(format!("<b>{}", self.below(3))),
                4 => json!([self.below(3), "x"]),
                _ => continue,
            };
            properties.insert(name.to_owned(), value);
        }
        properties.into()
    }

    /// Returns the labels of the node that an end names, if it is there.
    pub fn labels_of(&self, end: &Json) -> Option<Json> {
        self.elements.get(end.as_str()?).map(|node| node["labels"].clone())
    }

    /// Returns the relationships one of whose ends is not there.
    pub fn dangling(&self) -> Vec<&Json> {
        let of = |element: &&Json| {
            let ends = [element.get("from"), element.get("to")];
            ends.into_iter().flatten().any(|end| self.labels_of(end).is_none())
        };
        self.elements.values().filter(of).collect()
    }
}

/// Returns the type of a value, as Livewell names it.
pub fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_f64() => "float",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        _ => "list",
    }
}
