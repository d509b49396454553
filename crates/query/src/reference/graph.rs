//! What a query is evaluated over: the elements, the time, and what the query's rows have been.

use super::joins;
use super::lookups::Lookups;
use super::packed::{Packed, id_of};
use super::past::Time;
use crate::expression::EvalError;
use crate::joins::Join;
use crate::language::ast::Way;
use crate::meter::Meter;
use crate::operator::History;
use livewell_model::{AppliedTransaction, Element, ElementId, Node, Relationship, SmolStr, Timestamp};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Elements, and what has been of them.
///
/// Elements are shared so that binding one to a variable does not copy its properties. A graph of packed elements
/// ([`Graph::of`]) gives the same rows as one that was put together of the same elements: the first looks candidates up
/// and is small, the second looks at all elements for each.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    elements: Elements,
    /// What each element was from a moment on, the oldest first; of an element that is there.
    past: BTreeMap<ElementId, Vec<(Timestamp, Element)>>,
    pub(super) time: Time,
    /// What an evaluation over the graph may hold. The elements themselves count only if the caller holds them, too.
    pub(super) meter: Meter,
}

/// How the elements are kept, and so how candidates are found.
#[derive(Debug, Clone)]
enum Elements {
    /// By id. Candidates are all of them.
    Maps(Maps),
    /// As bytes, not to be evaluated over yet.
    Packed(Rc<Packed>),
    /// As bytes, with what finds candidates.
    Found(Rc<Lookups>),
}

/// Elements by id.
#[derive(Debug, Clone, Default)]
struct Maps {
    nodes: BTreeMap<ElementId, Arc<Node>>,
    relationships: BTreeMap<ElementId, Arc<Relationship>>,
}

impl Default for Elements {
    fn default() -> Self {
        Self::Maps(Maps::default())
    }
}

impl Maps {
    fn insert(&mut self, element: Element) {
        self.remove(element.id());
        match element {
            Element::Node(node) => drop(self.nodes.insert(node.id.clone(), node)),
            Element::Relationship(relationship) => {
                self.relationships.insert(relationship.id.clone(), relationship);
            }
        }
    }

    fn remove(&mut self, id: &ElementId) {
        self.nodes.remove(id);
        self.relationships.remove(id);
    }
}

impl Graph {
    /// A graph without elements.
    pub fn new() -> Self {
        Self::default()
    }

    /// A graph of packed elements, in which candidates are looked up.
    pub fn of(packed: Packed) -> Self {
        Self { elements: Elements::Packed(Rc::new(packed.sorted())), ..Self::default() }
    }

    /// The graph with its elements packed.
    #[must_use]
    pub fn packed(&self) -> Self {
        let mut packed = Packed::new();
        for element in self.elements() {
            packed.push(&element);
        }
        Self { elements: Elements::Packed(Rc::new(packed.sorted())), ..self.clone() }
    }

    /// Limits what an evaluation over the graph may hold, and how long it may take. Without it there is no limit.
    #[must_use]
    pub fn within(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }

    /// The graph with the virtual relationships of `joins`, ready to find candidates in; `None` if this one is.
    ///
    /// # Errors
    /// Returns the errors of [`crate::Meter::hold`].
    pub(super) fn prepared(&self, joins: &[Join]) -> Result<Option<Self>, EvalError> {
        let stored = match &self.elements {
            Elements::Maps(_) if joins.is_empty() => return Ok(None),
            Elements::Maps(maps) => {
                let mut joined = self.clone();
                let relationships = joins::compared(&maps.nodes, joins, &self.meter)?;
                relationships.into_iter().for_each(|relationship| joined.insert(relationship));
                return Ok(Some(joined));
            }
            Elements::Packed(packed) => packed,
            Elements::Found(lookups) => lookups.stored(),
        };
        let lookups = Lookups::new(stored.clone(), joins, &self.meter)?;
        let (time, meter, mut past) = (self.time.clone(), self.meter.clone(), self.past.clone());
        if !past.is_empty() {
            for element in lookups.joined().elements() {
                past.insert(element.id().clone(), vec![(time.now, element)]);
            }
        }
        Ok(Some(Self { elements: Elements::Found(Rc::new(lookups)), past, time, meter }))
    }

    /// Puts `element` in, in place of the one of the same id.
    pub fn insert(&mut self, element: Element) {
        let mut past = self.past.remove(element.id()).unwrap_or_default();
        past.retain(|(moment, _)| *moment < self.time.now);
        past.push((self.time.now, element.clone()));
        self.past.insert(element.id().clone(), past);
        self.maps().insert(element);
    }

    /// Takes the element `id` out; an unknown id changes nothing.
    pub fn remove(&mut self, id: &ElementId) {
        self.maps().remove(id);
        self.past.remove(id);
    }

    /// The elements, to change: packed ones are unpacked for that.
    fn maps(&mut self) -> &mut Maps {
        if !matches!(self.elements, Elements::Maps(_)) {
            let mut maps = Maps::default();
            self.elements().into_iter().for_each(|element| maps.insert(element));
            self.elements = Elements::Maps(maps);
        }
        let Elements::Maps(maps) = &mut self.elements else { unreachable!("they were unpacked") };
        maps
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
        match &self.elements {
            Elements::Maps(Maps { nodes, relationships }) => {
                let nodes = nodes.values().cloned().map(Element::Node);
                nodes.chain(relationships.values().cloned().map(Element::Relationship)).collect()
            }
            Elements::Packed(packed) => packed.elements().collect(),
            Elements::Found(lookups) => {
                lookups.stored().elements().chain(lookups.joined().elements()).collect()
            }
        }
    }

    /// The node `id`, if there is one.
    pub fn node(&self, id: &ElementId) -> Option<Arc<Node>> {
        match &self.elements {
            Elements::Maps(maps) => maps.nodes.get(id).cloned(),
            Elements::Packed(packed) => packed.find(id_of(id)).map(|node| packed.node(node)),
            Elements::Found(lookups) => lookups.node(id),
        }
    }

    /// Whether there is a relationship of this id.
    pub(super) fn has_relationship(&self, id: &ElementId) -> bool {
        match &self.elements {
            Elements::Maps(maps) => maps.relationships.contains_key(id),
            Elements::Packed(packed) => packed.has_relationship(id_of(id)),
            Elements::Found(lookups) => lookups.has_relationship(id),
        }
    }

    /// The nodes that carry all of `labels`, and maybe others; by id.
    pub(super) fn candidates(&self, labels: &[SmolStr]) -> Nodes<'_> {
        match &self.elements {
            Elements::Maps(maps) => Box::new(maps.nodes.values().cloned()),
            Elements::Packed(packed) => Box::new((0..packed.node_count()).map(|node| packed.node(node))),
            Elements::Found(lookups) => lookups.nodes(labels),
        }
    }

    /// The relationships of one of these types (none means any) that can be walked from the node, and maybe others.
    /// Their end nodes need not exist.
    pub(super) fn around(&self, node: &ElementId, types: &[SmolStr], way: Way) -> Relationships<'_> {
        match &self.elements {
            Elements::Maps(maps) => Box::new(maps.relationships.values().cloned()),
            Elements::Packed(packed) => {
                Box::new((0..packed.relationship_count()).map(|number| packed.relationship(number)))
            }
            Elements::Found(lookups) => Box::new(lookups.around(node, types, way)),
        }
    }
}

/// Nodes, one after another.
type Nodes<'a> = Box<dyn Iterator<Item = Arc<Node>> + 'a>;
/// Relationships, one after another.
type Relationships<'a> = Box<dyn Iterator<Item = Arc<Relationship>> + 'a>;

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
