//! Random feeds: one graph, built by many different streams of changes.
//!
//! Each element has a life: its images one after another, the last of which is the one in the graph (or none, for an
//! element that is not in the graph). The images of all lives get random moments, so relationships come before their
//! nodes as often as after, and are cut into transactions of random sizes.

mod life;
mod temper;
mod vocabulary;

use crate::choice::Choice;
use life::Life;
use livewell_model::codec::Writer;
use livewell_model::{AppliedChange, AppliedTransaction, Element, ElementId, Timestamp};
use std::collections::BTreeMap;

pub use temper::Temper;
pub use vocabulary::Vocabulary;

/// The moments of a feed.
const MOMENTS: usize = 1 << 20;

/// Draws a stream of transactions that leads from nothing to `graph`.
pub fn draw(
    graph: &[Element],
    vocabulary: &Vocabulary,
    temper: Temper,
    choice: &mut Choice,
) -> Vec<AppliedTransaction> {
    let mut lives: Vec<Life> =
        graph.iter().map(|element| life::of(element, graph, vocabulary, temper, choice)).collect();
    if temper == Temper::Wild {
        for at in 0..choice.between(0, 2 + graph.len() / 4) {
            lives.push(life::of_junk(at, graph, vocabulary, choice));
        }
    }
    let longest = match temper {
        Temper::Whole => usize::MAX,
        _ => *choice.of(&[1, 2, 4, 10, usize::MAX]),
    };
    transactions(scheduled(lives, choice), longest, choice)
}

/// Returns the images of all lives in the order of random moments, each life's in its own order.
fn scheduled(lives: Vec<Life>, choice: &mut Choice) -> Vec<(ElementId, Option<Element>)> {
    let relationships_first = choice.one_in(3);
    let mut images = Vec::new();
    for life in lives {
        let later = if relationships_first && !life.is_relationship { MOMENTS / 2 } else { 0 };
        let mut moments: Vec<_> =
            life.images.iter().map(|_| later + choice.below(MOMENTS - MOMENTS / 3)).collect();
        moments.sort_unstable();
        images.extend(
            moments.into_iter().zip(life.images).map(|(moment, image)| (moment, life.id.clone(), image)),
        );
    }
    images.sort_by_key(|(moment, ..)| *moment);
    images.into_iter().map(|(_, id, image)| (id, image)).collect()
}

/// Cuts images into transactions of at most `longest` each, in which each changed element occurs once.
fn transactions(
    images: Vec<(ElementId, Option<Element>)>,
    longest: usize,
    choice: &mut Choice,
) -> Vec<AppliedTransaction> {
    let mut known: BTreeMap<ElementId, Element> = BTreeMap::new();
    let mut stream = Vec::new();
    let mut images = images.into_iter().peekable();
    while images.peek().is_some() {
        let size = if longest == usize::MAX { usize::MAX } else { choice.between(1, longest) };
        let mut changes: BTreeMap<ElementId, AppliedChange> = BTreeMap::new();
        for (id, after) in images.by_ref().take(size) {
            let before = match &after {
                Some(element) => known.insert(id.clone(), element.clone()),
                None => known.remove(&id),
            };
            changes.entry(id).or_insert(AppliedChange { before, after: None }).after = after;
        }
        let mut changes: Vec<_> = changes.into_values().filter(is_change).collect();
        shuffle(&mut changes, choice);
        if !changes.is_empty() {
            let sequence = stream.len() as u64 + 1;
            stream.push(AppliedTransaction {
                sequence,
                position: sequence,
                timestamp: Timestamp(0),
                changes,
            });
        }
    }
    stream
}

fn is_change(change: &AppliedChange) -> bool {
    change.before.as_ref().map(bytes) != change.after.as_ref().map(bytes)
}

/// Returns the element as bytes: these tell `-0.0` from `0.0`, and a NaN equals itself.
fn bytes(element: &Element) -> Vec<u8> {
    let mut out = Writer::new();
    out.element(element);
    out.bytes
}

fn shuffle<T>(items: &mut [T], choice: &mut Choice) {
    for at in (1..items.len()).rev() {
        items.swap(at, choice.below(at + 1));
    }
}
