//! Which members a change may concern: found by label or type, then by equality with constants.

use livewell_model::{AppliedChange, Element, SmolStr, Value, key};
use livewell_query::{Guard, Interest, Wanted};
use std::collections::HashMap;

/// The guards of all members.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Members to ask about any change.
    all: Vec<usize>,
    /// Members to ask about any relationship.
    relationships: Vec<usize>,
    /// By label.
    nodes: HashMap<SmolStr, Bucket>,
    /// By type.
    types: HashMap<SmolStr, Bucket>,
}

/// The members that want one label or type.
#[derive(Debug, Default)]
struct Bucket {
    /// Those that require no constant.
    any: Vec<usize>,
    /// By a property that has to equal a constant, and by that constant's key.
    equal: HashMap<SmolStr, HashMap<Vec<u8>, Vec<usize>>>,
}

/// Where a guard is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    All,
    Relationships,
    Node(SmolStr, Option<(SmolStr, Vec<u8>)>),
    Type(SmolStr, Option<(SmolStr, Vec<u8>)>),
}

/// Where a member's guards are entered.
#[derive(Debug, Default)]
pub(super) struct Entered(Vec<Place>);

impl Index {
    /// Enters what a member is interested in.
    pub(super) fn enter(&mut self, member: usize, interest: &Interest) -> Entered {
        let mut places = Vec::new();
        for guard in interest.guards() {
            places.extend(self.places(guard));
        }
        places.dedup();
        for place in &places {
            if let Some(members) = self.members_at(place) {
                members.push(member);
            }
        }
        Entered(places)
    }

    /// Takes a member out.
    pub(super) fn leave(&mut self, member: usize, Entered(places): &Entered) {
        for place in places {
            if let Some(members) = self.members_at(place) {
                members.retain(|other| *other != member);
            }
            if let Place::Node(label, Some(constant)) = place {
                forget(&mut self.nodes, label, constant);
            }
            if let Place::Type(kind, Some(constant)) = place {
                forget(&mut self.types, kind, constant);
            }
        }
    }

    /// Adds the members that a change may concern; a member may come more than once.
    pub(super) fn candidates(&self, change: &AppliedChange, found: &mut Vec<usize>) {
        found.extend_from_slice(&self.all);
        for image in [&change.before, &change.after].into_iter().flatten() {
            match image {
                Element::Node(node) => {
                    let buckets = node.labels.iter().filter_map(|label| self.nodes.get(label));
                    buckets.for_each(|bucket| bucket.candidates(image, found));
                }
                Element::Relationship(relationship) => {
                    found.extend_from_slice(&self.relationships);
                    let bucket = self.types.get(&relationship.kind);
                    bucket.into_iter().for_each(|bucket| bucket.candidates(image, found));
                }
            }
        }
    }

    fn places(&self, guard: &Guard) -> Vec<Place> {
        let constants = guard.constants();
        match guard.wanted() {
            Wanted::All => vec![Place::All],
            // A node without a label is in no bucket.
            Wanted::Nodes(labels) => match labels.first() {
                None => vec![Place::All],
                Some(label) => equal(self.nodes.get(*label), &constants)
                    .into_iter()
                    .map(|constant| Place::Node((*label).clone(), constant))
                    .collect(),
            },
            Wanted::NodesOfAny(labels) => {
                labels.into_iter().map(|label| Place::Node(label.clone(), None)).collect()
            }
            Wanted::Relationships([]) => vec![Place::Relationships],
            Wanted::Relationships(types) => {
                let of = |kind: &SmolStr| {
                    let constants = equal(self.types.get(kind), &constants);
                    let kind = kind.clone();
                    constants.into_iter().map(move |constant| Place::Type(kind.clone(), constant))
                };
                types.iter().flat_map(of).collect()
            }
        }
    }

    fn members_at(&mut self, place: &Place) -> Option<&mut Vec<usize>> {
        let (buckets, name, constant) = match place {
            Place::All => return Some(&mut self.all),
            Place::Relationships => return Some(&mut self.relationships),
            Place::Node(label, constant) => (&mut self.nodes, label, constant),
            Place::Type(kind, constant) => (&mut self.types, kind, constant),
        };
        let bucket = buckets.entry(name.clone()).or_default();
        Some(match constant {
            None => &mut bucket.any,
            Some((property, key)) => {
                bucket.equal.entry(property.clone()).or_default().entry(key.clone()).or_default()
            }
        })
    }
}

impl Bucket {
    fn candidates(&self, image: &Element, found: &mut Vec<usize>) {
        found.extend_from_slice(&self.any);
        for (property, by_key) in &self.equal {
            let value = image.properties().get(property);
            let members = value.and_then(|value| by_key.get(&key::of([value])));
            found.extend_from_slice(members.map_or(&[], Vec::as_slice));
        }
    }

    /// How many members are at any of these constants of a property.
    fn crowd(&self, property: &SmolStr, keys: &[Vec<u8>]) -> usize {
        let by_key = self.equal.get(property);
        keys.iter().filter_map(|key| by_key?.get(key)).map(Vec::len).sum()
    }
}

/// Returns the constants under which to enter a guard: those of the property that tells it apart from most others, of
/// equals the one that most others are entered by. A guard without constants is entered under none.
fn equal(bucket: Option<&Bucket>, constants: &[(&SmolStr, Vec<&Value>)]) -> Vec<Option<(SmolStr, Vec<u8>)>> {
    let keyed = constants.iter().map(|(property, values)| {
        let keys: Vec<Vec<u8>> = values.iter().map(|value| key::of([*value])).collect();
        let crowd = bucket.map_or(0, |bucket| bucket.crowd(property, &keys));
        let others = bucket.and_then(|bucket| bucket.equal.get(*property)).map_or(0, HashMap::len);
        ((crowd, usize::MAX - others), *property, keys)
    });
    match keyed.min_by_key(|(rank, ..)| *rank) {
        None => vec![None],
        Some((_, property, keys)) => keys.into_iter().map(|key| Some((property.clone(), key))).collect(),
    }
}

/// Drops the entry of a constant if nobody is there any more.
fn forget(buckets: &mut HashMap<SmolStr, Bucket>, name: &SmolStr, (property, key): &(SmolStr, Vec<u8>)) {
    let Some(bucket) = buckets.get_mut(name) else { return };
    let Some(by_key) = bucket.equal.get_mut(property) else { return };
    if by_key.get(key).is_some_and(Vec::is_empty) {
        by_key.remove(key);
    }
    if by_key.is_empty() {
        bucket.equal.remove(property);
    }
}
