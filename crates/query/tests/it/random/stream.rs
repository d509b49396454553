//! Random streams of transactions over few elements, so that the same ones come, change, go and come back,
//! and relationships stand before, between and after the lives of their nodes.

use super::choice::Choice;
use super::elements::{self, LABELS, PROPERTIES, TYPES, Wildness};
use livewell_model::codec::Writer;
use livewell_model::element::sorted_labels;
use livewell_model::{AppliedChange, AppliedTransaction, Element, ElementId, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

const NODES: usize = 5;
const RELATIONSHIPS: usize = 10;

/// A stream of some dozen transactions.
pub fn generate(choice: &mut Choice) -> Vec<AppliedTransaction> {
    let wild = Wildness { huge: choice.one_in(6), not_finite: choice.one_in(4) };
    let mut elements = BTreeMap::new();
    let mut stream = Vec::new();
    let mut millis = 0;
    for sequence in 1..=choice.between(12, 32) as u64 {
        let changes = transaction(choice, &mut elements, wild);
        // Time may stand still, and a transaction may tell of an earlier one.
        millis += 250 * choice.below(8) as i64;
        let told = if choice.one_in(8) { millis - 500 } else { millis };
        let timestamp = Timestamp(told.max(0) * 1_000_000);
        stream.push(AppliedTransaction { sequence, position: sequence, timestamp, changes });
    }
    stream
}

/// One to five operations, of which each changed element is told once, with both images.
fn transaction(
    choice: &mut Choice,
    elements: &mut BTreeMap<ElementId, Element>,
    wild: Wildness,
) -> Vec<AppliedChange> {
    let before = elements.clone();
    let mut touched = Vec::new();
    for _ in 0..choice.between(1, 5) {
        let id = operation(choice, elements, wild);
        if !touched.contains(&id) {
            touched.push(id);
        }
    }
    let images = touched.iter().map(|id| (before.get(id), elements.get(id)));
    images
        .filter(|(before, after)| before.map(bytes) != after.map(bytes))
        .map(|(before, after)| AppliedChange { before: before.cloned(), after: after.cloned() })
        .collect()
}

/// The element exactly: tells `-0.0` from `0.0` and takes NaN for itself.
pub fn bytes(element: &Element) -> Vec<u8> {
    let mut out = Writer::new();
    out.element(element);
    out.bytes
}

/// Inserts an element that is not there; deletes, replaces or updates one that is.
fn operation(choice: &mut Choice, elements: &mut BTreeMap<ElementId, Element>, wild: Wildness) -> ElementId {
    let is_node = choice.below(NODES + RELATIONSHIPS) < NODES;
    let id = match is_node {
        true => elements::node_id(choice.below(NODES)),
        false => elements::relationship_id(choice.below(RELATIONSHIPS)),
    };
    let fresh = |choice: &mut Choice| match is_node {
        true => elements::node(choice, id.clone(), wild),
        false => elements::relationship(choice, id.clone(), NODES, wild),
    };
    match elements.get_mut(&id) {
        None => {
            let element = fresh(choice);
            elements.insert(id.clone(), element);
        }
        Some(element) => match choice.weighted(&[3, 1, 12]) {
            0 => {
                elements.remove(&id);
            }
            1 => *element = fresh(choice),
            _ => update(choice, element, wild),
        },
    }
    id
}

fn update(choice: &mut Choice, element: &mut Element, wild: Wildness) {
    if choice.one_in(3) {
        return relabel_or_move(choice, element);
    }
    let name = *choice.of(&PROPERTIES);
    if choice.one_in(5) {
        element.properties_mut().remove(name);
    } else {
        element.properties_mut().insert(name, elements::value(choice, name, wild));
    }
}

fn relabel_or_move(choice: &mut Choice, element: &mut Element) {
    match element {
        Element::Node(node) => {
            let node = Arc::make_mut(node);
            let label = *choice.of(&LABELS);
            let without = node.labels.iter().filter(|have| *have != label).cloned();
            let with = (!node.has_label(label)).then(|| label.into());
            node.labels = sorted_labels(without.chain(with));
        }
        Element::Relationship(relationship) => {
            let relationship = Arc::make_mut(relationship);
            match choice.below(3) {
                0 => relationship.kind = (*choice.of(&TYPES)).into(),
                1 => relationship.from = elements::node_id(choice.below(NODES)),
                _ => relationship.to = elements::node_id(choice.below(NODES)),
            }
        }
    }
}
