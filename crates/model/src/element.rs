//! Elements: the nodes and relationships of a property graph.

use crate::{Map, Value};
use smol_str::SmolStr;
use std::sync::Arc;

/// The identity of an element: the feed it comes from, and its id there.
///
/// Ids are opaque: any string, compared by its bytes. The feed is part of the identity because two sources may use
/// the same id for different things.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementId {
    /// The id of the source or query the element comes from.
    pub source: SmolStr,
    /// The element's id within that feed.
    pub id: SmolStr,
}

impl ElementId {
    /// Makes the id of the element `id` of `source`.
    pub fn new(source: impl Into<SmolStr>, id: impl Into<SmolStr>) -> Self {
        Self { source: source.into(), id: id.into() }
    }
}

impl std::fmt::Display for ElementId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.source, self.id)
    }
}

/// A node: an id, labels and properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Which node this is.
    pub id: ElementId,
    /// Its labels, ascending and without repeats (see [`sorted_labels`]).
    pub labels: Vec<SmolStr>,
    /// Its properties; none is null.
    pub properties: Map,
}

/// A relationship: an id, a type, two end nodes and properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationship {
    /// Which relationship this is.
    pub id: ElementId,
    /// Its type, `PLACED_BY` in `-[:PLACED_BY]->`.
    pub kind: SmolStr,
    /// The node it starts at; that node need not exist (yet).
    pub from: ElementId,
    /// The node it ends at; that node need not exist (yet).
    pub to: ElementId,
    /// Its properties; none is null.
    pub properties: Map,
}

/// A node or a relationship. Clones share their contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// A node.
    Node(Arc<Node>),
    /// A relationship.
    Relationship(Arc<Relationship>),
}

impl Element {
    /// Returns the id of the element.
    pub fn id(&self) -> &ElementId {
        match self {
            Self::Node(node) => &node.id,
            Self::Relationship(relationship) => &relationship.id,
        }
    }

    /// Returns the element's properties.
    pub fn properties(&self) -> &Map {
        match self {
            Self::Node(node) => &node.properties,
            Self::Relationship(relationship) => &relationship.properties,
        }
    }

    /// Returns the element's properties, to change.
    pub fn properties_mut(&mut self) -> &mut Map {
        match self {
            Self::Node(node) => &mut Arc::make_mut(node).properties,
            Self::Relationship(relationship) => &mut Arc::make_mut(relationship).properties,
        }
    }

    /// Returns the element as a value.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Node(node) => Value::Node(Arc::clone(node)),
            Self::Relationship(relationship) => Value::Relationship(Arc::clone(relationship)),
        }
    }

    /// Returns the node, if it is one.
    pub fn as_node(&self) -> Option<&Node> {
        match self {
            Self::Node(node) => Some(node),
            Self::Relationship(_) => None,
        }
    }

    /// Returns the relationship, if it is one.
    pub fn as_relationship(&self) -> Option<&Relationship> {
        match self {
            Self::Node(_) => None,
            Self::Relationship(relationship) => Some(relationship),
        }
    }
}

impl Node {
    /// Makes a node without labels and properties.
    pub fn new(id: ElementId) -> Self {
        Self { id, labels: Vec::new(), properties: Map::new() }
    }

    /// Returns whether the node carries `label`.
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.iter().any(|have| have == label)
    }
}

/// Returns labels in the order in which they are kept: ascending, each once.
pub fn sorted_labels<S: Into<SmolStr>>(labels: impl IntoIterator<Item = S>) -> Vec<SmolStr> {
    let mut labels: Vec<SmolStr> = labels.into_iter().map(Into::into).collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}
