//! Builds changes in a program: `Change::insert(Node::new("o1").label("Order").set("total", 250))`.

use livewell_model::element::sorted_labels;
use livewell_model::{self as model, Element, ElementId, Map, Patch, SmolStr, Timestamp, Transaction, Value};

/// A node under construction. Its id belongs to the source it is sent to.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    id: ElementId,
    labels: Vec<SmolStr>,
    properties: Map,
}

/// A relationship under construction.
#[derive(Debug, Clone, PartialEq)]
pub struct Relationship {
    id: ElementId,
    kind: SmolStr,
    from: ElementId,
    to: ElementId,
    properties: Map,
}

/// Returns an id of the source that the change is sent to.
fn own(id: impl Into<SmolStr>) -> ElementId {
    ElementId::new("", id)
}

impl Node {
    /// Creates the node `id`, with no labels and no properties.
    pub fn new(id: impl Into<SmolStr>) -> Self {
        Self { id: own(id), labels: Vec::new(), properties: Map::new() }
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, label: impl Into<SmolStr>) -> Self {
        self.labels.push(label.into());
        self
    }

    /// Sets a property; null removes it in an update.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.properties.insert(name, value.into());
        self
    }
}

impl Relationship {
    /// Creates the relationship `id` of type `kind` between two nodes of the same source.
    pub fn new(
        id: impl Into<SmolStr>,
        kind: impl Into<SmolStr>,
        from: impl Into<SmolStr>,
        to: impl Into<SmolStr>,
    ) -> Self {
        Self { id: own(id), kind: kind.into(), from: own(from), to: own(to), properties: Map::new() }
    }

    /// Starts at a node of another source instead.
    #[must_use]
    pub fn from_source(mut self, source: impl Into<SmolStr>) -> Self {
        self.from.source = source.into();
        self
    }

    /// Ends at a node of another source instead.
    #[must_use]
    pub fn to_source(mut self, source: impl Into<SmolStr>) -> Self {
        self.to.source = source.into();
        self
    }

    /// Sets a property; null removes it in an update.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.properties.insert(name, value.into());
        self
    }
}

/// A change to send. A single change is a transaction, and so are several in a vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    change: model::Change,
    timestamp: Option<Timestamp>,
}

impl Change {
    /// Inserts an element; one of the same id is replaced.
    pub fn insert(element: impl Into<Element>) -> Self {
        Self { change: model::Change::Insert(element.into()), timestamp: None }
    }

    /// Updates an element: named labels and properties are replaced, null removes a property, the rest stays.
    pub fn update(patch: impl Into<Patch>) -> Self {
        Self { change: model::Change::Update(patch.into()), timestamp: None }
    }

    /// Deletes an element.
    pub fn delete(id: impl Into<SmolStr>) -> Self {
        Self { change: model::Change::Delete(own(id)), timestamp: None }
    }

    /// Sets the change's own time. Without one the transaction gets the time when it is taken in.
    #[must_use]
    pub fn at(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = Some(timestamp);
        self
    }
}

impl From<Node> for Element {
    fn from(node: Node) -> Self {
        let Node { id, labels, properties } = node;
        model::Node { id, labels, properties }.into()
    }
}

impl From<Relationship> for Element {
    fn from(relationship: Relationship) -> Self {
        let Relationship { id, kind, from, to, properties } = relationship;
        model::Relationship { id, kind, from, to, properties }.into()
    }
}

impl From<Node> for Patch {
    /// Labels are replaced only if the node names some.
    fn from(node: Node) -> Self {
        let labels = (!node.labels.is_empty()).then(|| sorted_labels(node.labels));
        Self { is_relationship: Some(false), labels, properties: node.properties, ..Self::new(node.id) }
    }
}

impl From<Relationship> for Patch {
    fn from(relationship: Relationship) -> Self {
        let Relationship { id, kind, from, to, properties } = relationship;
        let labels = Some(vec![kind]);
        Self {
            is_relationship: Some(true),
            labels,
            from: Some(from),
            to: Some(to),
            properties,
            ..Self::new(id)
        }
    }
}

/// What can be sent to a source as one transaction.
pub trait IntoTransaction {
    /// Returns the transaction.
    fn into_transaction(self) -> Transaction;
}

impl IntoTransaction for Transaction {
    fn into_transaction(self) -> Transaction {
        self
    }
}

impl IntoTransaction for Change {
    fn into_transaction(self) -> Transaction {
        Transaction { changes: vec![self.change], timestamp: self.timestamp }
    }
}

impl IntoTransaction for Vec<Change> {
    fn into_transaction(self) -> Transaction {
        let timestamp = self.iter().filter_map(|change| change.timestamp).max();
        Transaction { changes: self.into_iter().map(|change| change.change).collect(), timestamp }
    }
}
