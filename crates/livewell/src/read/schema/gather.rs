//! Adds elements up to a schema.

use super::shape::{
    Dangling, ENDS_MAX, EXAMPLES_MAX, Ends, IDS_MAX, Label, NAMES_MAX, PROPERTIES_MAX, PROPERTIES_OF_ALL_MAX,
    Property, Schema, Type,
};
use crate::feed::element::decode_element;
use crate::read::moment::Moment;
use crate::{Error, ErrorKind};
use livewell_model::{Element, ElementId, Map, Relationship, SmolStr, Value};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// After so many elements it is asked whether anybody still waits.
const ASK_EVERY: u64 = 256;
/// How many values and bytes an example has at most.
const SHORT: usize = 60;

/// What was gathered so far.
pub(super) struct Gathered<'a> {
    moment: &'a Moment,
    is_over: &'a dyn Fn() -> bool,
    bytes_left: usize,
    nodes: u64,
    relationships: u64,
    labels: BTreeMap<SmolStr, Group>,
    unlabelled: Group,
    types: BTreeMap<SmolStr, Group>,
    /// How many properties are listed.
    properties: usize,
    others: u64,
    dangling: Dangling,
}

/// The elements of one label or type.
#[derive(Default)]
struct Group {
    count: u64,
    properties: BTreeMap<SmolStr, Property>,
    ends: BTreeMap<(Vec<SmolStr>, Vec<SmolStr>), u64>,
}

impl<'a> Gathered<'a> {
    /// Begins with nothing; `bytes_max` bytes may be read.
    pub(super) fn new(moment: &'a Moment, bytes_max: usize, is_over: &'a dyn Fn() -> bool) -> Self {
        Self {
            moment,
            is_over,
            bytes_left: bytes_max,
            nodes: 0,
            relationships: 0,
            labels: BTreeMap::new(),
            unlabelled: Group::default(),
            types: BTreeMap::new(),
            properties: 0,
            others: 0,
            dangling: Dangling::default(),
        }
    }

    /// Returns whether as many bytes were read as may be.
    pub(super) fn is_full(&self) -> bool {
        self.bytes_left == 0
    }

    /// Returns how many elements were added.
    fn read(&self) -> u64 {
        self.nodes + self.relationships
    }

    /// Adds a stored element; returns whether there is room for another.
    pub(super) fn add(&mut self, stored: &[u8]) -> Result<bool, Error> {
        if self.is_full() {
            return Ok(false);
        }
        if self.read().is_multiple_of(ASK_EVERY) && (self.is_over)() {
            return Err(Error::new(ErrorKind::Unavailable, "LW0525", "reading was given up"));
        }
        self.bytes_left = self.bytes_left.saturating_sub(stored.len());
        match decode_element(stored)?.1 {
            Element::Node(node) => {
                self.nodes += 1;
                if node.labels.is_empty() {
                    self.unlabelled.count += 1;
                    self.others +=
                        add_properties(&mut self.unlabelled, &node.properties, &mut self.properties);
                }
                for label in &node.labels {
                    let Some(group) = group(&mut self.labels, label) else {
                        self.others += 1;
                        continue;
                    };
                    group.count += 1;
                    self.others += add_properties(group, &node.properties, &mut self.properties);
                }
            }
            Element::Relationship(relationship) => {
                self.relationships += 1;
                self.add_relationship(&relationship)?;
            }
        }
        Ok(!self.is_full())
    }

    fn add_relationship(&mut self, relationship: &Relationship) -> Result<(), Error> {
        let from = self.labels_of(&relationship.from)?;
        let to = self.labels_of(&relationship.to)?;
        if from.is_none() || to.is_none() {
            self.dangling.count += 1;
            add_id(&mut self.dangling.ids, relationship.id.id.clone());
            let ends = [(&from, &relationship.from), (&to, &relationship.to)];
            for (_, id) in ends.into_iter().filter(|(labels, _)| labels.is_none()) {
                add_id(&mut self.dangling.missing, id.clone());
            }
        }
        let Some(group) = group(&mut self.types, &relationship.kind) else {
            self.others += 1;
            return Ok(());
        };
        group.count += 1;
        self.others += add_properties(group, &relationship.properties, &mut self.properties);
        if let (Some(from), Some(to)) = (from, to) {
            let (is_full, ends) = (group.ends.len() >= ENDS_MAX, (from, to));
            match group.ends.get_mut(&ends) {
                Some(count) => *count += 1,
                None if is_full => self.others += 1,
                None => drop(group.ends.insert(ends, 1)),
            }
        }
        Ok(())
    }

    /// Returns the labels of a node that is there, in their order.
    fn labels_of(&mut self, id: &ElementId) -> Result<Option<Vec<SmolStr>>, Error> {
        let stored = self.moment.with_stored(id, |stored| (stored.len(), decode_element(stored)));
        let Some((bytes, element)) = stored? else { return Ok(None) };
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        let Element::Node(node) = element?.1 else { return Ok(Some(Vec::new())) };
        let mut labels = node.labels.clone();
        labels.sort_unstable();
        Ok(Some(labels))
    }

    /// Returns what was gathered; what is of the source as a whole is left to be filled in.
    pub(super) fn schema(self) -> Schema {
        let properties = |group: BTreeMap<SmolStr, Property>| group.into_values().collect();
        let label =
            |(name, Group { count, properties: of, .. })| Label { name, count, properties: properties(of) };
        let kind = |(name, Group { count, properties: of, ends })| Type {
            name,
            count,
            ends: sorted(ends),
            properties: properties(of),
        };
        Schema {
            elements_read: self.read(),
            nodes: self.nodes,
            relationships: self.relationships,
            labels: self.labels.into_iter().map(label).collect(),
            unlabelled: label((SmolStr::default(), self.unlabelled)),
            types: self.types.into_iter().map(kind).collect(),
            others: self.others,
            dangling: self.dangling,
            ..Schema::default()
        }
    }
}

/// Returns pairs of ends, the most frequent first.
fn sorted(ends: BTreeMap<(Vec<SmolStr>, Vec<SmolStr>), u64>) -> Vec<Ends> {
    let mut ends: Vec<Ends> = ends.into_iter().map(|((from, to), count)| Ends { from, to, count }).collect();
    ends.sort_by_key(|ends| Reverse(ends.count));
    ends
}

/// Returns the group of this name, unless there are too many.
fn group<'g>(groups: &'g mut BTreeMap<SmolStr, Group>, name: &SmolStr) -> Option<&'g mut Group> {
    if groups.len() >= NAMES_MAX && !groups.contains_key(name) {
        return None;
    }
    if !groups.contains_key(name) {
        groups.insert(name.clone(), Group::default());
    }
    groups.get_mut(name)
}

/// Adds the properties of an element; returns how many are not listed, since there are too many.
fn add_properties(group: &mut Group, of: &Map, listed: &mut usize) -> u64 {
    let mut others = 0;
    for (name, value) in of.iter() {
        if !group.properties.contains_key(name) {
            if group.properties.len() >= PROPERTIES_MAX || *listed >= PROPERTIES_OF_ALL_MAX {
                others += 1;
                continue;
            }
            *listed += 1;
            let property = Property { name: name.clone(), ..Property::default() };
            group.properties.insert(name.clone(), property);
        }
        if let Some(property) = group.properties.get_mut(name) {
            property.add(value);
        }
    }
    others
}

impl Property {
    fn add(&mut self, value: &Value) {
        self.count += 1;
        *self.types.entry(value.type_name()).or_default() += 1;
        let is_wanted = self.examples.len() < EXAMPLES_MAX && !self.examples.contains(value);
        if is_wanted && is_short(value, &mut { SHORT }) {
            self.examples.push(value.clone());
        }
    }
}

/// Returns whether a value fits into what is left of an example.
fn is_short(value: &Value, left: &mut usize) -> bool {
    let takes = match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 1,
    };
    let Some(rest) = left.checked_sub(takes) else { return false };
    *left = rest;
    match value {
        Value::List(items) => items.iter().all(|item| is_short(item, left)),
        Value::Map(map) => map.iter().all(|(name, value)| {
            let rest = left.checked_sub(name.len());
            *left = rest.unwrap_or_default();
            rest.is_some() && is_short(value, left)
        }),
        _ => true,
    }
}

fn add_id<T: PartialEq>(ids: &mut Vec<T>, id: T) {
    if ids.len() < IDS_MAX && !ids.contains(&id) {
        ids.push(id);
    }
}
