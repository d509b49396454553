//! What is said of a source, and of which moment that is.

use livewell_model::{ElementId, SmolStr, Value};
use livewell_store::Head;
use std::collections::BTreeMap;

/// How many labels, and how many types, are listed.
pub const NAMES_MAX: usize = 1_000;
/// How many properties are listed of one label or type.
pub const PROPERTIES_MAX: usize = 256;
/// How many properties are listed of all labels and types together.
pub const PROPERTIES_OF_ALL_MAX: usize = 10_000;
/// How many ids of what dangles, and of what is missing, are listed.
pub const IDS_MAX: usize = 20;
/// How many pairs of ends are listed of one type.
pub const ENDS_MAX: usize = 50;
/// How many examples of a property's values are shown.
pub const EXAMPLES_MAX: usize = 3;

/// What a source is made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schema {
    /// Its last position in the store.
    pub position: u64,
    /// How many elements it has.
    pub elements: u64,
    /// How many of them were read.
    pub elements_read: u64,
    /// Whether these are a sample: then all numbers below count what is in the sample, and what is rare may be missing.
    pub sampled: bool,
    /// How many of those that were read are nodes.
    pub nodes: u64,
    /// How many of them are relationships.
    pub relationships: u64,
    /// The nodes of each label; a node with several labels is in each. By name.
    pub labels: Vec<Label>,
    /// The nodes without a label; their name is empty.
    pub unlabelled: Label,
    /// The relationships of each type. By name.
    pub types: Vec<Type>,
    /// How often labels, types, properties and pairs of ends came that are not listed, since there are too many.
    pub others: u64,
    /// The relationships with an end that does not exist.
    pub dangling: Dangling,
    /// Of which moment of which sources this is.
    pub(super) of: Vec<Version>,
}

impl Schema {
    /// Returns whether every label that was read is listed.
    pub fn has_all_labels(&self) -> bool {
        self.labels.len() < NAMES_MAX
    }

    /// Returns whether every type that was read is listed.
    pub fn has_all_types(&self) -> bool {
        self.types.len() < NAMES_MAX
    }

    /// Returns whether every property that was read is listed.
    pub fn has_all_properties(&self) -> bool {
        let groups = self.groups().map(<[_]>::len);
        let (most, all) = groups.fold((0, 0), |(most, all), own| (most.max(own), all + own));
        let is_of_all = self.has_all_labels() && self.has_all_types();
        is_of_all && most < PROPERTIES_MAX && all < PROPERTIES_OF_ALL_MAX
    }

    /// Returns the properties of each label and type, and of nodes without a label.
    pub fn groups(&self) -> impl Iterator<Item = &[Property]> {
        let labels = self.labels.iter().chain(std::iter::once(&self.unlabelled));
        labels.map(|label| &label.properties[..]).chain(self.types.iter().map(|kind| &kind.properties[..]))
    }
}

/// The nodes with a label.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Label {
    /// The label.
    pub name: SmolStr,
    /// How many nodes have it.
    pub count: u64,
    /// Their properties, by name.
    pub properties: Vec<Property>,
}

/// The relationships of a type.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Type {
    /// The type.
    pub name: SmolStr,
    /// How many relationships are of it.
    pub count: u64,
    /// The labels of the nodes at their ends, the most frequent first; those that dangle are not among them.
    pub ends: Vec<Ends>,
    /// Their properties, by name.
    pub properties: Vec<Property>,
}

/// Relationships between nodes of the same labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends {
    /// The labels of the nodes that they come from.
    pub from: Vec<SmolStr>,
    /// The labels of the nodes that they lead to.
    pub to: Vec<SmolStr>,
    /// How many there are.
    pub count: u64,
}

/// A property of the elements of one label or type.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Property {
    /// Its name.
    pub name: SmolStr,
    /// How many of the elements have it.
    pub count: u64,
    /// How many of its values are of each type.
    pub types: BTreeMap<&'static str, u64>,
    /// The first different values, of those that are short.
    pub examples: Vec<Value>,
}

/// Relationships with an end that does not exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dangling {
    /// How many there are.
    pub count: u64,
    /// The ids of the first of them.
    pub ids: Vec<SmolStr>,
    /// The first nodes that are missing.
    pub missing: Vec<ElementId>,
}

/// A moment of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    /// Its number; `None` for an id that no source had.
    number: Option<u32>,
    pub(super) id: SmolStr,
    epoch: u64,
    generation: u32,
    sequence: u64,
}

impl Version {
    /// Returns the moment of the source `id`, which has this number and head.
    pub(super) fn new(id: &str, place: Option<(u32, &Head)>) -> Self {
        let head = place.map(|(_, head)| head);
        Self {
            number: place.map(|(number, _)| number),
            id: id.into(),
            epoch: head.map_or(0, |head| head.epoch),
            generation: head.map_or(0, |head| head.generation),
            sequence: head.map_or(0, |head| head.sequence),
        }
    }
}
