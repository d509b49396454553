//! A railway as a graph, and transactions that change it.

use livewell_model::element::sorted_labels;
use livewell_model::{
    AppliedChange, AppliedTransaction, Element, ElementId, Map, Node, Relationship, Timestamp, Value,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The source of all elements.
const SOURCE: &str = "railway";
/// A second.
const SECOND: i64 = 1_000_000_000;

/// A railway: its elements by number, and how many transactions have made it.
#[derive(Debug, Clone, Default)]
pub struct Model {
    elements: BTreeMap<u64, Element>,
    /// The relationships that begin or end at each node.
    around: BTreeMap<u64, BTreeSet<u64>>,
    /// The largest number given so far. None is given twice.
    last: u64,
    transactions: u64,
}

impl Model {
    /// Returns the elements in the order in which they were made.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.elements.values()
    }

    /// Begins a transaction.
    pub fn edit(&mut self) -> Edit<'_> {
        Edit { model: self, before: BTreeMap::new() }
    }

    /// Returns the numbers of the nodes with a label.
    pub fn nodes(&self, label: &str) -> Vec<u64> {
        let nodes = self.elements.values().filter_map(Element::as_node);
        nodes.filter(|node| node.has_label(label)).map(|node| number(&node.id)).collect()
    }

    /// Returns a property of an element, if it has it.
    pub fn property(&self, element: u64, name: &str) -> Option<&Value> {
        self.elements.get(&element)?.properties().get(name)
    }

    /// Returns the numbers of a node's outgoing relationships of a type, each with that of the node it ends at.
    pub fn outgoing(&self, from: u64, kind: &str) -> Vec<(u64, u64)> {
        let from_id = id(from);
        let found = self.around(from).into_iter().filter_map(|relationship| {
            let found = self.elements.get(&relationship)?.as_relationship()?;
            (found.from == from_id && found.kind == kind).then(|| (relationship, number(&found.to)))
        });
        found.collect()
    }

    /// Returns the numbers of all relationships of a type.
    pub fn relationships(&self, kind: &str) -> Vec<u64> {
        let all = self.elements.values().filter_map(Element::as_relationship);
        all.filter(|found| found.kind == kind).map(|found| number(&found.id)).collect()
    }

    fn around(&self, node: u64) -> Vec<u64> {
        self.around.get(&node).map_or_else(Vec::new, |around| around.iter().copied().collect())
    }
}

/// A transaction that is being made.
#[derive(Debug)]
pub struct Edit<'m> {
    model: &'m mut Model,
    /// The elements that it has touched, as they were.
    before: BTreeMap<u64, Option<Element>>,
}

impl Edit<'_> {
    /// Returns the model as it is with the changes so far.
    pub fn model(&self) -> &Model {
        self.model
    }

    /// Adds a node; returns its number, which is its property `id`, too.
    pub fn node(&mut self, label: &str, properties: &[(&str, Value)]) -> u64 {
        let number = self.next();
        let own = [("id", Value::Int(i64::try_from(number).expect("elements are far fewer")))];
        let properties: Map = own.into_iter().chain(properties.iter().cloned()).collect();
        let node = Node { id: id(number), labels: sorted_labels([label]), properties };
        self.put(number, Some(Element::Node(Arc::new(node))));
        number
    }

    /// Adds a relationship.
    pub fn connect(&mut self, from: u64, kind: &str, to: u64) {
        let number = self.next();
        let (from, to) = (id(from), id(to));
        let relationship =
            Relationship { id: id(number), kind: kind.into(), from, to, properties: Map::new() };
        self.put(number, Some(Element::Relationship(Arc::new(relationship))));
    }

    /// Sets a property of an element, if it is there.
    pub fn set(&mut self, element: u64, name: &str, value: Value) {
        if let Some(mut changed) = self.model.elements.get(&element).cloned() {
            changed.properties_mut().insert(name, value);
            self.put(element, Some(changed));
        }
    }

    /// Deletes an element, if it is there; a node with its relationships.
    pub fn delete(&mut self, element: u64) {
        for relationship in self.model.around(element) {
            self.put(relationship, None);
        }
        self.put(element, None);
    }

    /// Returns the transaction; an element that came and went in it is not in it.
    pub fn finish(self) -> AppliedTransaction {
        let Self { model, before } = self;
        model.transactions += 1;
        let changes = before.into_iter().map(|(number, before)| {
            let after = model.elements.get(&number).cloned();
            AppliedChange { before, after }
        });
        let changes = changes.filter(|change| change.before != change.after).collect();
        let sequence = model.transactions;
        let seconds = i64::try_from(sequence).expect("transactions are far fewer");
        AppliedTransaction { sequence, position: sequence, timestamp: Timestamp(seconds * SECOND), changes }
    }

    fn next(&mut self) -> u64 {
        self.model.last += 1;
        self.model.last
    }

    fn put(&mut self, number: u64, after: Option<Element>) {
        for end in after.iter().flat_map(ends) {
            self.model.around.entry(end).or_default().insert(number);
        }
        let is_there = after.is_some();
        let before = match after {
            Some(after) => self.model.elements.insert(number, after),
            None => self.model.elements.remove(&number),
        };
        for end in before.iter().filter(|_| !is_there).flat_map(ends) {
            self.model.around.entry(end).or_default().remove(&number);
        }
        self.before.entry(number).or_insert(before);
    }
}

/// The numbers of the nodes at the ends of a relationship; a node has none.
fn ends(element: &Element) -> Vec<u64> {
    let ends = element.as_relationship().map(|found| [number(&found.from), number(&found.to)]);
    ends.into_iter().flatten().collect()
}

fn id(number: u64) -> ElementId {
    ElementId::new(SOURCE, number.to_string())
}

/// Returns the number of an element.
///
/// # Panics
/// Panics if the id is not one of this model.
pub fn number(id: &ElementId) -> u64 {
    id.id.parse().expect("a number is the id of every element here")
}
