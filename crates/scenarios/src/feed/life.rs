//! The images of one element of a feed, one after another.

use super::{Temper, Vocabulary};
use crate::choice::Choice;
use livewell_model::element::sorted_labels;
use livewell_model::{Element, ElementId, Map, Node, Relationship, SmolStr};
use std::sync::Arc;

/// One element from its first image to its last.
#[derive(Debug)]
pub struct Life {
    pub id: ElementId,
    pub is_relationship: bool,
    /// `None`: the element does not exist.
    pub images: Vec<Option<Element>>,
}

impl Life {
    fn new(element: &Element, images: Vec<Option<Element>>) -> Self {
        let is_relationship = matches!(element, Element::Relationship(_));
        Self { id: element.id().clone(), is_relationship, images }
    }
}

/// Makes a life that ends as `element`.
pub fn of(
    element: &Element,
    graph: &[Element],
    vocabulary: &Vocabulary,
    temper: Temper,
    choice: &mut Choice,
) -> Life {
    let earlier = if temper >= Temper::Restless { choice.weighted(&[4, 4, 3, 1]) } else { 0 };
    let mut images: Vec<_> = (0..earlier)
        .map(|_| match choice.weighted(&[if temper == Temper::Wild { 4 } else { 0 }, 2, 1]) {
            0 => Some(wrong(element, graph, vocabulary, choice)),
            1 => None,
            _ => Some(element.clone()),
        })
        .collect();
    if earlier > 1 && choice.one_in(3) {
        images[earlier - 2] = Some(element.clone());
        images[earlier - 1] = None;
    }
    images.push(Some(element.clone()));
    Life::new(element, images)
}

/// Makes the life of an element that is not in the graph: it comes, perhaps changes, and goes.
pub fn of_junk(at: usize, graph: &[Element], vocabulary: &Vocabulary, choice: &mut Choice) -> Life {
    let id = ElementId::new("scenario", format!("junk {at}"));
    let mut element: Element = if choice.one_in(2) {
        let labels = vocabulary.labels.iter().filter(|_| choice.one_in(2)).cloned().collect();
        Node { id, labels, properties: Map::new() }.into()
    } else {
        let [from, to] = [(); 2].map(|()| end(graph, choice));
        let kind = choice.of(&vocabulary.kinds).clone();
        Relationship { id, kind, from, to, properties: Map::new() }.into()
    };
    for (name, values) in &vocabulary.values {
        if choice.one_in(2) {
            element.properties_mut().insert(name.clone(), choice.of(values).clone());
        }
    }
    let mut images = vec![Some(element.clone())];
    if choice.one_in(2) {
        images.push(Some(wrong(&element, graph, vocabulary, choice)));
    }
    images.push(None);
    Life::new(&element, images)
}

/// Returns a node of the graph, or one that exists for a while, or never.
fn end(graph: &[Element], choice: &mut Choice) -> ElementId {
    let nodes: Vec<_> = graph.iter().filter(|element| matches!(element, Element::Node(_))).collect();
    if nodes.is_empty() || choice.one_in(5) {
        return ElementId::new("scenario", format!("junk {}", choice.below(4)));
    }
    choice.of(&nodes).id().clone()
}

/// Returns the element with something wrong: labels, type, ends, properties.
fn wrong(element: &Element, graph: &[Element], vocabulary: &Vocabulary, choice: &mut Choice) -> Element {
    let mut wrong = element.clone();
    match &mut wrong {
        Element::Node(node) if choice.one_in(2) => relabel(Arc::make_mut(node), &vocabulary.labels, choice),
        Element::Node(_) => {}
        Element::Relationship(via) => {
            let via = Arc::make_mut(via);
            match choice.weighted(&[3, 2, 1, 1]) {
                0 => {}
                1 => via.kind = choice.of(&vocabulary.kinds).clone(),
                2 => via.from = end(graph, choice),
                _ => via.to = end(graph, choice),
            }
        }
    }
    for (name, value) in element.properties().iter() {
        if choice.one_in(2) {
            continue;
        }
        match vocabulary.other_value(name, value, choice).filter(|_| !choice.one_in(4)) {
            Some(other) => wrong.properties_mut().insert(name.clone(), other),
            None => drop(wrong.properties_mut().remove(name)),
        }
    }
    wrong
}

fn relabel(node: &mut Node, labels: &[SmolStr], choice: &mut Choice) {
    let kept: Vec<_> = node.labels.iter().filter(|_| choice.one_in(2)).cloned().collect();
    let more = if choice.one_in(2) { Some(choice.of(labels).clone()) } else { None };
    node.labels = sorted_labels(kept.into_iter().chain(more));
}
