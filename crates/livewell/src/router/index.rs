//! Which members a change may concern: found by label or type, then by equality with constants, of all properties at once
//! for which a guard has them.

use livewell_model::{AppliedChange, Element, SmolStr, Value, key};
use livewell_query::{Guard, Interest, Wanted};
use std::collections::HashMap;

/// Under how many combinations of constants a guard is entered at most, if it has several properties with constants.
const COMBINED_MAX: usize = 16;

/// The guards of all members.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Members to ask about any change.
    all: Vec<usize>,
    /// Members to ask about any relationship.
    relationships: Vec<usize>,
    /// By label.
    nodes: HashMap<SmolStr, Bucket>,
    /// By type.
    types: HashMap<SmolStr, Bucket>,
}

/// Properties, in ascending order.
type Properties = Vec<SmolStr>;
/// The keys of constants, one for each of some properties.
type Constants = Vec<u8>;

/// The members that want one label or type.
#[derive(Debug, Default)]
struct Bucket {
    /// Those that require no constant.
    any: Vec<usize>,
    /// By the properties that have to equal constants, and by these constants.
    equal: HashMap<Properties, HashMap<Constants, Vec<usize>>>,
}

/// Where a guard is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    All,
    Relationships,
    Node(SmolStr, Option<(Properties, Constants)>),
    Type(SmolStr, Option<(Properties, Constants)>),
}

/// Where a member's guards are entered.
#[derive(Debug, Default)]
pub(crate) struct Entered(Vec<Place>);

impl Index {
    /// Enters what a member is interested in; everything, if that is not known.
    pub(crate) fn enter(&mut self, member: usize, interest: Option<&Interest>) -> Entered {
        let mut places: Vec<Place> = match interest {
            Some(interest) => interest.guards().iter().flat_map(places_of).collect(),
            None => vec![Place::All],
        };
        places.dedup();
        for place in &places {
            if let Some(members) = self.members_at(place) {
                members.push(member);
            }
        }
        Entered(places)
    }

    /// Takes a member out.
    pub(crate) fn leave(&mut self, member: usize, Entered(places): &Entered) {
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
    pub(crate) fn candidates(&self, change: &AppliedChange, found: &mut Vec<usize>) {
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
            Some((properties, constants)) => {
                let by_constants = bucket.equal.entry(properties.clone()).or_default();
                by_constants.entry(constants.clone()).or_default()
            }
        })
    }
}

impl Bucket {
    fn candidates(&self, image: &Element, found: &mut Vec<usize>) {
        found.extend_from_slice(&self.any);
        let of = image.properties();
        for (properties, by_constants) in &self.equal {
            let mut constants = Vec::with_capacity(64);
            let has_all = properties.iter().all(|property| {
                let value = of.get(property);
                value.is_some_and(|value| {
                    key::encode(value, &mut constants);
                    true
                })
            });
            let members = has_all.then(|| by_constants.get(&constants)).flatten();
            found.extend_from_slice(members.map_or(&[], Vec::as_slice));
        }
    }
}

fn places_of(guard: &Guard) -> Vec<Place> {
    match guard.wanted() {
        Wanted::All => vec![Place::All],
        // A node without a label is in no bucket.
        Wanted::Nodes(labels) => match labels.first() {
            None => vec![Place::All],
            Some(label) => {
                let constants = equal(guard).into_iter();
                constants.map(|constants| Place::Node((*label).clone(), constants)).collect()
            }
        },
        Wanted::NodesOfAny(labels) => {
            labels.into_iter().map(|label| Place::Node(label.clone(), None)).collect()
        }
        Wanted::Relationships([]) => vec![Place::Relationships],
        Wanted::Relationships(types) => {
            let of = |kind: &SmolStr| {
                let kind = kind.clone();
                equal(guard).into_iter().map(move |constants| Place::Type(kind.clone(), constants))
            };
            types.iter().flat_map(of).collect()
        }
    }
}

/// Returns the constants under which to enter a guard: one of each property, in every combination, unless those are too
/// many; then of the properties with the fewest. A guard without constants is entered under none.
fn equal(guard: &Guard) -> Vec<Option<(Properties, Constants)>> {
    let mut constants = guard.constants();
    constants.sort_by_key(|(property, values)| (*property, values.len()));
    constants.dedup_by_key(|(property, _)| *property);
    constants.sort_by_key(|(_, values)| values.len());
    let mut combined = 1;
    let few = constants.iter().enumerate().take_while(|(at, (_, values))| {
        combined *= values.len();
        *at == 0 || combined <= COMBINED_MAX
    });
    let few = few.count();
    constants.truncate(few);
    constants.sort_by_key(|(property, _)| *property);
    if constants.is_empty() {
        return vec![None];
    }
    let properties: Properties = constants.iter().map(|(property, _)| (*property).clone()).collect();
    let mut combinations = vec![Constants::new()];
    for (_, values) in &constants {
        let with_each =
            |so_far: &Constants| values.iter().map(|value| with(so_far, value)).collect::<Vec<_>>();
        combinations = combinations.iter().flat_map(with_each).collect();
    }
    combinations.into_iter().map(|constants| Some((properties.clone(), constants))).collect()
}

fn with(constants: &Constants, value: &Value) -> Constants {
    let mut constants = constants.clone();
    key::encode(value, &mut constants);
    constants
}

/// Drops the entry of some constants if nobody is there any more.
fn forget(
    buckets: &mut HashMap<SmolStr, Bucket>,
    name: &SmolStr,
    (properties, constants): &(Properties, Constants),
) {
    let Some(bucket) = buckets.get_mut(name) else { return };
    let Some(by_constants) = bucket.equal.get_mut(properties) else { return };
    if by_constants.get(constants).is_some_and(Vec::is_empty) {
        by_constants.remove(constants);
    }
    if by_constants.is_empty() {
        bucket.equal.remove(properties);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_model::{ElementId, Map, Node};
    use livewell_query::Engine;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            (0..4_i64).prop_map(Value::Int),
            (0..4_i8).prop_map(|x| Value::Float(f64::from(x))),
            "[ab]{0,2}".prop_map(Value::string),
            any::<bool>().prop_map(Value::Bool),
        ]
    }

    fn condition() -> impl Strategy<Value = String> {
        let literal = || {
            let text =
                prop_oneof![Just("0"), Just("1"), Just("2.0"), Just("'a'"), Just("'ab'"), Just("true")];
            text.prop_map(str::to_owned)
        };
        let property = || prop_oneof![Just("x"), Just("y"), Just("z")];
        prop_oneof![
            4 => (property(), literal()).prop_map(|(p, v)| format!("n.{p} = {v}")),
            2 => (property(), prop::collection::vec(literal(), 1..7))
                .prop_map(|(p, v)| format!("n.{p} IN [{}]", v.join(", "))),
            1 => (property(), literal()).prop_map(|(p, v)| format!("n.{p} <> {v}")),
        ]
    }

    fn node() -> impl Strategy<Value = Element> {
        let properties = prop::collection::vec((prop_oneof![Just("x"), Just("y"), Just("z")], value()), 0..4);
        (properties, prop_oneof![Just("N"), Just("M")]).prop_map(|(properties, label)| {
            let properties: Map =
                properties.into_iter().map(|(name, value)| (SmolStr::from(name), value)).collect();
            Element::Node(
                Node { id: ElementId::new("s", "n"), labels: vec![label.into()], properties }.into(),
            )
        })
    }

    proptest! {
        #[test]
        fn whoever_is_touched_is_found_and_nobody_is_once_they_have_left(
            conditions in prop::collection::vec(prop::collection::vec(condition(), 0..4), 1..12),
            changes in prop::collection::vec((prop::option::of(node()), prop::option::of(node())), 1..20),
        ) {
            let interests: Vec<Interest> = conditions
                .iter()
                .map(|conditions| {
                    let filter = conditions.iter().map(|one| format!(" AND {one}")).collect::<String>();
                    let text = format!("MATCH (n:N) WHERE true{filter} RETURN n.x AS x, n.y AS y, n.z AS z");
                    Engine::compile(&text, &Map::new()).unwrap().interest()
                })
                .collect();
            let mut index = Index::default();
            let entered: Vec<_> =
                interests.iter().enumerate().map(|(at, interest)| index.enter(at, Some(interest))).collect();
            let found = |index: &Index, change: &AppliedChange| {
                let mut found = Vec::new();
                index.candidates(change, &mut found);
                found
            };
            let changes: Vec<_> =
                changes.into_iter().map(|(before, after)| AppliedChange { before, after }).collect();
            for change in &changes {
                let found = found(&index, change);
                for (at, interest) in interests.iter().enumerate() {
                    prop_assert!(
                        !interest.is_touched_by(change) || found.contains(&at),
                        "{:?} is touched by {change:?}", conditions[at]
                    );
                }
            }
            entered.iter().enumerate().for_each(|(at, entered)| index.leave(at, entered));
            for change in &changes {
                prop_assert_eq!(found(&index, change), Vec::<usize>::new());
            }
            prop_assert!(index.nodes.values().all(|bucket| bucket.equal.is_empty()));
        }
    }

    #[test]
    fn a_guard_is_found_by_all_its_constants_together() {
        let mut index = Index::default();
        for at in 0..100 {
            let text = format!(
                "MATCH (n:N) WHERE n.x = {} AND n.y IN ['a', 'b'] AND n.z > 1 AND n.w = {} RETURN n.v",
                at % 10,
                at / 10
            );
            index.enter(at, Some(&Engine::compile(&text, &Map::new()).unwrap().interest()));
        }
        let properties = [("x", Value::Int(3)), ("y", Value::string("b")), ("w", Value::Float(7.0))];
        let properties: Map =
            properties.into_iter().map(|(name, value)| (SmolStr::from(name), value)).collect();
        let node = Node { id: ElementId::new("s", "n"), labels: vec!["N".into()], properties };
        let change = AppliedChange { before: None, after: Some(Element::Node(node.into())) };
        let mut found = Vec::new();
        index.candidates(&change, &mut found);
        assert_eq!(found, [73]);
    }
}
