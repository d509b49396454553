//! The graph a query is evaluated over: every element by its id, and nothing else.

use livewell_model::{AppliedTransaction, Element, ElementId, Node, Relationship};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Elements by id.
///
/// Elements are shared so that binding one to a variable does not copy its properties.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: BTreeMap<ElementId, Arc<Node>>,
    relationships: BTreeMap<ElementId, Arc<Relationship>>,
}

impl Graph {
    /// A graph without elements.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts `element` in, in place of the one of the same id.
    pub fn insert(&mut self, element: Element) {
        self.remove(element.id());
        match element {
            Element::Node(node) => {
                self.nodes.insert(node.id.clone(), Arc::new(node));
            }
            Element::Relationship(relationship) => {
                self.relationships.insert(relationship.id.clone(), Arc::new(relationship));
            }
        }
    }

    /// Takes the element `id` out; an unknown id is no change.
    pub fn remove(&mut self, id: &ElementId) {
        self.nodes.remove(id);
        self.relationships.remove(id);
    }

    /// Makes the graph what it is after `transaction`.
    pub fn apply(&mut self, transaction: &AppliedTransaction) {
        for change in &transaction.changes {
            match &change.after {
                Some(element) => self.insert(element.clone()),
                None => self.remove(change.id()),
            }
        }
    }

    /// The nodes, by id.
    pub fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.nodes.values()
    }

    /// The relationships, by id; their end nodes need not exist.
    pub fn relationships(&self) -> impl Iterator<Item = &Arc<Relationship>> {
        self.relationships.values()
    }

    /// The node `id`, if there is one.
    pub fn node(&self, id: &ElementId) -> Option<&Arc<Node>> {
        self.nodes.get(id)
    }
}

impl FromIterator<Element> for Graph {
    /// Of two elements with one id the later wins.
    fn from_iter<I: IntoIterator<Item = Element>>(elements: I) -> Self {
        let mut graph = Self::new();
        for element in elements {
            graph.insert(element);
        }
        graph
    }
}
