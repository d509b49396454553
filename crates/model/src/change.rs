//! Changes: what a source says happened to its elements, before and after it is applied.

use crate::{Element, ElementId, Map, Node, Relationship, Timestamp, Value};
use smol_str::SmolStr;
use std::sync::Arc;

/// An insert, update or delete of one element, as a source submits it.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The whole element. Replaces one of the same id.
    Insert(Element),
    /// Some of the element's parts. Inserts the element if it is unknown.
    Update(Patch),
    /// The element is gone. An unknown id is counted and changes nothing.
    Delete(ElementId),
}

impl Change {
    /// Returns the id of the element that the change is about.
    pub fn id(&self) -> &ElementId {
        match self {
            Self::Insert(element) => element.id(),
            Self::Update(patch) => &patch.id,
            Self::Delete(id) => id,
        }
    }

    /// Returns an insert of `element`.
    pub fn insert(element: impl Into<Element>) -> Self {
        Self::Insert(element.into())
    }
}

/// The parts of an element that an update names; the others stay as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// The element to update.
    pub id: ElementId,
    /// Whether the update is about a relationship (`Some(true)`) or a node (`Some(false)`), if it says so.
    pub is_relationship: Option<bool>,
    /// The new labels (for a relationship, only its type).
    pub labels: Option<Vec<SmolStr>>,
    /// A relationship's new start.
    pub from: Option<ElementId>,
    /// A relationship's new end.
    pub to: Option<ElementId>,
    /// Properties to set; null removes.
    pub properties: Map,
}

/// Changes that a source committed together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transaction {
    /// The changes, in the order they happened.
    pub changes: Vec<Change>,
    /// The time of the transaction: the largest of its changes' times. `None`: the time when it is processed.
    pub timestamp: Option<Timestamp>,
}

/// One element before and after a transaction. Never both `None`, never both equal.
#[derive(Debug, Clone, PartialEq)]
pub struct AppliedChange {
    /// The element before the transaction, if it existed.
    pub before: Option<Element>,
    /// The element after the transaction, if it exists.
    pub after: Option<Element>,
}

impl AppliedChange {
    /// Returns the id of the element that the change is about.
    pub fn id(&self) -> &ElementId {
        match (&self.after, &self.before) {
            (Some(element), _) | (None, Some(element)) => element.id(),
            (None, None) => unreachable!("an applied change has an image"),
        }
    }
}

/// A transaction in a feed's log: each changed element once, with both images.
#[derive(Debug, Clone, PartialEq)]
pub struct AppliedTransaction {
    /// Its number in its feed: 1, 2, 3, ... within one epoch.
    pub sequence: u64,
    /// Its number in the store, over all sources.
    pub position: u64,
    /// Its time.
    pub timestamp: Timestamp,
    /// The elements it changed, each once.
    pub changes: Vec<AppliedChange>,
}

/// Why a change does not fit the element it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// A node id used for a relationship or the other way round.
    #[error("`{id}` is a {is}, and the change speaks of a {said}; delete it first")]
    OtherKind {
        /// The element.
        id: ElementId,
        /// What it is.
        is: &'static str,
        /// What the change says it is.
        said: &'static str,
    },
    /// An update of an unknown relationship that does not say where it starts, ends or what its type is.
    #[error("`{id}` is not known here, and an update can only insert a relationship that names {missing}")]
    Incomplete {
        /// The element.
        id: ElementId,
        /// What is missing.
        missing: &'static str,
    },
}

impl Change {
    /// Returns what this change makes of the element `before`. `Ok(None)`: it is gone (or never existed).
    ///
    /// # Errors
    /// Returns [`ApplyError`] if the change takes a node for a relationship or the reverse, or needs an element that
    /// is unknown.
    pub fn apply(&self, before: Option<&Element>) -> Result<Option<Element>, ApplyError> {
        match self {
            Self::Delete(_) => Ok(None),
            Self::Insert(element) => {
                if let Some(before) = before {
                    same_kind(element.id(), before, matches!(element, Element::Relationship(_)))?;
                }
                Ok(Some(element.clone()))
            }
            Self::Update(patch) => match before {
                Some(before) => patch.apply_to(before).map(Some),
                None => patch.to_element().map(Some),
            },
        }
    }
}

fn same_kind(id: &ElementId, before: &Element, said_relationship: bool) -> Result<(), ApplyError> {
    let name = |relationship| if relationship { "relationship" } else { "node" };
    let is_relationship = matches!(before, Element::Relationship(_));
    if is_relationship == said_relationship {
        return Ok(());
    }
    Err(ApplyError::OtherKind { id: id.clone(), is: name(is_relationship), said: name(said_relationship) })
}

impl Patch {
    /// Makes a patch that names nothing yet.
    pub fn new(id: ElementId) -> Self {
        Self { id, is_relationship: None, labels: None, from: None, to: None, properties: Map::new() }
    }

    fn speaks_of_relationship(&self) -> Option<bool> {
        self.is_relationship.or((self.from.is_some() || self.to.is_some()).then_some(true))
    }

    fn apply_to(&self, before: &Element) -> Result<Element, ApplyError> {
        if let Some(said) = self.speaks_of_relationship() {
            same_kind(&self.id, before, said)?;
        }
        let properties = before.properties().with(&self.properties);
        Ok(match before {
            Element::Node(node) => {
                let labels = self.labels.as_ref().unwrap_or(&node.labels).clone();
                Element::Node(Arc::new(Node { id: node.id.clone(), labels, properties }))
            }
            Element::Relationship(relationship) => {
                let kind = self.labels.as_ref().and_then(|labels| labels.first());
                Element::Relationship(Arc::new(Relationship {
                    id: relationship.id.clone(),
                    kind: kind.unwrap_or(&relationship.kind).clone(),
                    from: self.from.as_ref().unwrap_or(&relationship.from).clone(),
                    to: self.to.as_ref().unwrap_or(&relationship.to).clone(),
                    properties,
                }))
            }
        })
    }

    fn to_element(&self) -> Result<Element, ApplyError> {
        let properties = self
            .properties
            .iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        if self.speaks_of_relationship() != Some(true) {
            let labels = self.labels.clone().unwrap_or_default();
            return Ok(Element::Node(Arc::new(Node { id: self.id.clone(), labels, properties })));
        }
        let missing = |missing| ApplyError::Incomplete { id: self.id.clone(), missing };
        Ok(Element::Relationship(Arc::new(Relationship {
            id: self.id.clone(),
            kind: self.labels.as_ref().and_then(|l| l.first()).cloned().ok_or(missing("its type"))?,
            from: self.from.clone().ok_or(missing("`from`"))?,
            to: self.to.clone().ok_or(missing("`to`"))?,
            properties,
        })))
    }
}

impl From<Node> for Element {
    fn from(mut node: Node) -> Self {
        node.labels = crate::element::sorted_labels(node.labels);
        drop_nulls(&mut node.properties);
        Self::Node(node.into())
    }
}

impl From<Relationship> for Element {
    fn from(mut relationship: Relationship) -> Self {
        drop_nulls(&mut relationship.properties);
        Self::Relationship(relationship.into())
    }
}

fn drop_nulls(properties: &mut Map) {
    if properties.iter().any(|(_, value)| value.is_null()) {
        *properties = std::mem::take(properties)
            .iter()
            .filter(|(_, value)| !matches!(value, Value::Null))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
    }
}
