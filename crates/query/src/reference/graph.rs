//! What a query is evaluated over: every element by its id, the time, and what the query's rows have been.

use super::past::Time;
use crate::meter::Meter;
use crate::operator::History;
use livewell_model::{AppliedTransaction, Element, ElementId, Node, Relationship, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Elements by id.
///
/// Elements are shared so that binding one to a variable does not copy its properties.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: BTreeMap<ElementId, Arc<Node>>,
    relationships: BTreeMap<ElementId, Arc<Relationship>>,
    /// What each element was from a moment on, the oldest first; of an element that is there.
    past: BTreeMap<ElementId, Vec<(Timestamp, Element)>>,
    pub(super) time: Time,
    /// What an evaluation over the graph may hold. The elements themselves count only if the caller holds them, too.
    pub(super) meter: Meter,
}

impl Graph {
    /// A graph without elements.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits what an evaluation over the graph may hold, and how long it may take. Without it there is no limit.
    #[must_use]
    pub fn within(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }

    /// Puts `element` in, in place of the one of the same id.
    pub fn insert(&mut self, element: Element) {
        let mut past = self.past.remove(element.id()).unwrap_or_default();
        self.remove(element.id());
        past.retain(|(moment, _)| *moment < self.time.now);
        past.push((self.time.now, element.clone()));
        self.past.insert(element.id().clone(), past);
        match element {
            Element::Node(node) => {
                self.nodes.insert(node.id.clone(), node);
            }
            Element::Relationship(relationship) => {
                self.relationships.insert(relationship.id.clone(), relationship);
            }
        }
    }

    /// Takes the element `id` out; an unknown id changes nothing.
    pub fn remove(&mut self, id: &ElementId) {
        self.nodes.remove(id);
        self.relationships.remove(id);
        self.past.remove(id);
    }

    /// What an element was from a moment on, the oldest first; at most so many, the latest ones.
    pub(super) fn past(&self, id: &ElementId, most: usize) -> &[(Timestamp, Element)] {
        let past = self.past.get(id).map_or(&[][..], Vec::as_slice);
        &past[past.len().saturating_sub(most)..]
    }

    /// Takes what has been of the elements as given.
    pub fn remember_elements(&mut self, past: impl IntoIterator<Item = (Timestamp, Element)>) {
        self.past.clear();
        for (moment, element) in past {
            self.past.entry(element.id().clone()).or_default().push((moment, element));
        }
    }

    /// When the clock alone will change the rows of the query that was evaluated last.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.time.next_due()
    }

    /// Takes what has been of the query's rows as given, as of `now`: what cannot be evaluated from the elements.
    pub fn remember(&mut self, now: Timestamp, histories: impl IntoIterator<Item = History>) {
        self.time.remember(now, histories);
    }

    /// Goes on to a moment at which nothing changes.
    pub fn tick(&mut self, now: Timestamp) {
        self.time.advance(now);
    }

    /// Makes the graph what it is after `transaction`, at the largest time so far.
    pub fn apply(&mut self, transaction: &AppliedTransaction) {
        self.time.advance(self.time.now.max(transaction.timestamp));
        for change in &transaction.changes {
            match &change.after {
                Some(element) => self.insert(element.clone()),
                None => self.remove(change.id()),
            }
        }
    }

    /// All elements.
    pub fn elements(&self) -> Vec<Element> {
        let nodes = self.nodes.values().cloned().map(Element::Node);
        nodes.chain(self.relationships.values().cloned().map(Element::Relationship)).collect()
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
