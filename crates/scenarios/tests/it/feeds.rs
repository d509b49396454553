//! Feeds lead to their graph, by every detour that they promise.

use livewell_model::{AppliedTransaction, Element, ElementId, Map, Node, Relationship, Value};
use livewell_scenarios::choice::Choice;
use livewell_scenarios::feed::{Temper, Vocabulary, draw};
use std::collections::{BTreeMap, BTreeSet};

fn id(id: &str) -> ElementId {
    ElementId::new("scenario", id)
}

fn graph() -> Vec<Element> {
    let node = |at: usize| {
        let properties: Map =
            [("x", Value::Int(at as i64)), ("s", Value::string(format!("s{at}")))].into_iter().collect();
        Node { id: id(&format!("n{at}")), labels: vec!["A".into()], properties }.into()
    };
    let (from, to) = (id("n0"), id("n1"));
    let via = Relationship { id: id("r"), kind: "T".into(), from, to, properties: Map::new() };
    (0..3).map(node).chain([via.into()]).collect()
}

fn feeds(temper: Temper) -> Vec<Vec<AppliedTransaction>> {
    let graph = graph();
    let vocabulary = Vocabulary::of(&graph, "MATCH (a:A)-[:T|U]->(:B) RETURN a");
    (0..200).map(|seed| draw(&graph, &vocabulary, temper, &mut Choice::new(seed))).collect()
}

/// Returns what can be seen on the way of a feed.
fn sights(feed: &[AppliedTransaction]) -> BTreeSet<&'static str> {
    let graph: BTreeMap<ElementId, Element> = graph().into_iter().map(|e| (e.id().clone(), e)).collect();
    let mut known: BTreeMap<ElementId, Element> = BTreeMap::new();
    let (mut seen, mut gone) = (BTreeSet::new(), BTreeSet::new());
    for transaction in feed {
        seen.insert(if transaction.changes.len() == 1 { "one change" } else { "several changes" });
        for change in &transaction.changes {
            let id = change.id();
            assert_eq!(known.get(id), change.before.as_ref(), "the images of {id} are a chain");
            let Some(after) = &change.after else {
                seen.insert(if graph.contains_key(id) { "delete" } else { "junk deleted" });
                known.remove(id);
                gone.insert(id.clone());
                continue;
            };
            if graph.contains_key(id) && gone.contains(id) {
                seen.insert("inserted again");
            }
            seen.extend(graph.get(id).and_then(|last| difference(last, after)));
            known.insert(id.clone(), after.clone());
        }
        if known.contains_key(&id("r")) && !known.contains_key(&id("n0")) {
            seen.insert("relationship before its node");
        }
    }
    assert_eq!(known, graph, "the feed leads to the graph");
    seen
}

/// Returns how an image differs from the last one.
fn difference(last: &Element, image: &Element) -> Option<&'static str> {
    let type_of = |element: &Element| element.properties().get("x").map(Value::type_name);
    match (last, image) {
        (Element::Node(last), Element::Node(image)) if last.labels != image.labels => Some("wrong labels"),
        (Element::Relationship(last), Element::Relationship(image)) if last.kind != image.kind => {
            Some("wrong type")
        }
        (Element::Relationship(last), Element::Relationship(image)) if last != image => Some("wrong end"),
        (last, image) if type_of(image).is_none() && type_of(last).is_some() => Some("property null"),
        (last, image) if last.properties().get("x") != image.properties().get("x") => {
            assert_eq!(type_of(last), type_of(image));
            Some("wrong property")
        }
        _ => None,
    }
}

fn all_sights(temper: Temper) -> BTreeSet<&'static str> {
    feeds(temper).iter().flat_map(|feed| sights(feed)).collect()
}

#[test]
fn a_wild_feed_takes_every_detour() {
    let wanted = [
        "delete",
        "inserted again",
        "junk deleted",
        "one change",
        "property null",
        "relationship before its node",
        "several changes",
        "wrong end",
        "wrong labels",
        "wrong property",
        "wrong type",
    ];
    assert_eq!(all_sights(Temper::Wild), wanted.into());
}

#[test]
fn a_tame_feed_does_not() {
    let order = ["one change", "relationship before its node", "several changes"];
    assert_eq!(
        all_sights(Temper::Restless),
        [&order[..], &["delete", "inserted again"]].concat().into_iter().collect()
    );
    assert_eq!(all_sights(Temper::Ordered), order.into());
    assert_eq!(all_sights(Temper::Whole), ["several changes"].into());
}

#[test]
fn a_seed_means_one_feed() {
    assert_eq!(feeds(Temper::Wild), feeds(Temper::Wild));
    let feeds = feeds(Temper::Wild);
    assert!(feeds.iter().skip(1).any(|feed| *feed != feeds[0]));
}
