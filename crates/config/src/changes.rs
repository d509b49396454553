//! What a change of one item may cost, and what it must find.

use super::configuration::Config;
use super::counted::counted;
use super::kept::{Fate, Kept};
use super::reading::load;
use super::sealed::Seal;
use livewell::{Author, ComponentKind, Definition, Made, Spec};
use serde_json::{Value as Json, json};
use std::path::Path;

const ALL: &str = "MATCH (o:Order) RETURN o.id AS id";

fn query(id: &str, sources: &[&str], cypher: &str) -> Json {
    json!({ "id": id, "sources": sources, "cypher": cypher })
}

/// A configuration in `folder` with these items.
fn written(folder: &Path, sources: &[Json], queries: &[Json], reactions: &[Json]) -> Result<Config, String> {
    let path = folder.join("livewell.yaml");
    let all = json!({ "server": {}, "sources": sources, "queries": queries, "reactions": reactions });
    std::fs::write(&path, all.to_string()).unwrap();
    load(&path).map_err(|problems| problems.to_string())
}

#[test]
fn a_change_of_one_item_reads_and_compiles_that_item_alone() {
    let place = tempfile::tempdir().unwrap();
    let orders = json!({ "id": "orders", "kind": "http" });
    let mut queries: Vec<Json> = (0..40).map(|n| query(&format!("q{n}"), &["orders"], ALL)).collect();
    queries.push(query("over", &["q1", "q2"], "MATCH (n:q1) RETURN n.id AS id"));
    let (whole, config) = counted(|| written(place.path(), &[orders], &queries, &[]).unwrap());
    let mut config = config;
    assert_eq!(whole, (42, 41), "each once");

    let mut make = |id: &str, text: Option<&Json>| {
        let text = text.map(Json::to_string);
        counted(|| {
            let change = config.change(ComponentKind::Query, id, text.as_deref()).unwrap();
            config.apply(change);
        })
        .0
    };
    assert_eq!(make("new", Some(&query("new", &["orders"], ALL))), (1, 1));
    assert_eq!(make("q1", Some(&query("q1", &["orders"], "MATCH (o:Order) RETURN o.x AS id"))), (1, 1));
    assert_eq!(make("over", Some(&query("over", &["new", "q2"], "MATCH (n:new) RETURN n.id AS id"))), (1, 1));
    assert_eq!(make("q1", None), (0, 0));
    assert_eq!(config.readers("new"), ["over"]);
    assert_eq!(config.queries.len(), 41);
    assert_eq!(config.queries.iter().last().unwrap().id, "new");
}

#[test]
fn what_calls_have_made_is_taken_up_by_reading_each_once_in_whatever_order_it_is_kept() {
    let place = tempfile::tempdir().unwrap();
    let mut config = written(place.path(), &[json!({ "id": "orders", "kind": "http" })], &[], &[]).unwrap();
    let kept = |id: String, settings: Json| {
        let query = serde_json::from_value(settings.clone()).unwrap();
        let made = Made::Query { query: Box::new(query), params_exact: None };
        let spec = Spec { by: Author::Call, settings: Some(settings), over: None };
        (id, ComponentKind::Query, Definition { spec, made })
    };
    // Each reads the one that comes after it.
    let chained = |at: usize| {
        let (id, over) = (format!("q{at}"), format!("q{}", at + 1));
        let over = query(&id, &[&over], &format!("MATCH (n:{over}) RETURN n.id AS id"));
        kept(id.clone(), if at == 39 { query(&id, &["orders"], ALL) } else { over })
    };
    let mut stored: Vec<_> = (0..40).map(chained).collect();
    stored.push(kept("lost".into(), query("lost", &["gone"], ALL)));
    let (counts, fates) = counted(|| config.take_up(&stored, &Seal::of(livewell_store::StoreId(7))));
    let is_lost = |kept: &&Kept| matches!(kept.fate, Fate::Lost(_));
    assert_eq!(fates.iter().filter(is_lost).map(|kept| kept.id.as_str()).collect::<Vec<_>>(), ["lost"]);
    assert_eq!(
        (config.queries.len(), counts),
        (40, (42, 42)),
        "each once, but for the one that is tried again"
    );
}

/// The items among which the changes below are made.
fn base() -> Items {
    use ComponentKind::{Query, Reaction, Source};
    let file = |id: &str, path: &str| json!({ "id": id, "kind": "file", "queries": ["a"], "path": path });
    vec![
        (Source, json!({ "id": "s", "kind": "http" })),
        (Query, query("a", &["s"], ALL)),
        (Query, query("b", &["a"], "MATCH (n:a) RETURN n.id AS id")),
        (Query, query("c", &["b", "s"], "MATCH (n:b) RETURN n.id AS id")),
        (Reaction, file("r", "livewell-files/r")),
        (Reaction, file("t", "livewell-files/t")),
    ]
}

/// Changes that are right or wrong, each depending on what was changed before.
fn changes() -> Vec<(ComponentKind, &'static str, Option<Json>)> {
    use ComponentKind::{Query, Reaction, Source};
    let file = |id: &str, path: &str| json!({ "id": id, "kind": "file", "queries": ["a"], "path": path });
    let rotated = |id: &str, path: &str| json!({ "id": id, "kind": "file", "queries": ["b"], "path": path, "rotate": { "bytes": 99, "keep": 2 } });
    let redis = |id: &str, prefix: &str| json!({ "id": id, "kind": "redis", "queries": ["a"], "url": "redis://h", "prefix": prefix, "key": ["id"] });
    let put = |kind, id, item| (kind, id, Some(item));
    vec![
        put(Query, "a", query("a", &["b"], "MATCH (n:b) RETURN n.id AS id")),
        put(Query, "a", query("a", &["s"], "MATCH (o:Order) RETURN o AS o")),
        put(Query, "b", query("b", &["s"], ALL)),
        put(Query, "b", query("b", &["b"], ALL)),
        put(Query, "b", query("b", &["a"], "MATCH (n:a) WHERE n.at < datetime() RETURN n.id AS id")),
        put(Query, "c", query("c", &["b", "nope"], ALL)),
        put(Query, "c", query("c", &["a"], "MATCH")),
        put(Query, "d", query("d", &["c"], "MATCH (n:c) RETURN n.id AS id")),
        put(Query, "r", query("r", &["s"], ALL)),
        put(Query, "d", query("d", &["r"], ALL)),
        put(Source, "u", json!({ "id": "u", "kind": "http", "after": ["s"] })),
        put(Source, "s", json!({ "id": "s", "kind": "http", "after": ["u"] })),
        put(Source, "s", json!({ "id": "s", "kind": "htpp" })),
        put(Reaction, "r", file("r", "livewell-files/t")),
        put(Reaction, "t", file("t", "livewell-files/./r.1")),
        put(Reaction, "r", rotated("r", "livewell-files/r")),
        put(Reaction, "x", file("x", "livewell.yaml")),
        put(Reaction, "x", redis("x", "a:")),
        put(Reaction, "y", redis("y", "a:b:")),
        put(Reaction, "r", redis("r", "a")),
        put(Reaction, "s", file("s", "livewell-files/s")),
        (Query, "a", None),
        (Query, "b", None),
        (Query, "c", None),
        (Reaction, "r", None),
        (Reaction, "t", None),
        (Source, "s", None),
    ]
}

type Items = Vec<(ComponentKind, Json)>;

/// A configuration with these items.
fn whole(folder: &Path, items: &Items) -> Result<Config, String> {
    let of = |kind| -> Vec<Json> {
        items.iter().filter(|(its, _)| *its == kind).map(|(_, item)| item.clone()).collect()
    };
    let [sources, queries, reactions] = ComponentKind::ALL.map(of);
    written(folder, &sources, &queries, &reactions)
}

/// Makes a change, which is refused when and only when the whole would be.
fn changed(
    (config, items): &(Config, Items),
    (kind, id, item): &(ComponentKind, &str, Option<Json>),
    elsewhere: &Path,
) -> Option<(Config, Items)> {
    let mut items = items.clone();
    let at = items.iter().position(|(its, item)| its == kind && item["id"] == *id);
    match (at, item) {
        (Some(at), Some(item)) => items[at].1 = item.clone(),
        (None, Some(item)) => items.push((*kind, item.clone())),
        (Some(at), None) => drop(items.remove(at)),
        (None, None) => {}
    }
    let text = item.as_ref().map(Json::to_string);
    match (config.change(*kind, id, text.as_deref()), whole(elsewhere, &items)) {
        (Ok(change), Ok(_)) => {
            let mut config = config.clone();
            config.apply(change);
            Some((config, items))
        }
        (Err(found), Err(said)) => {
            for problem in found {
                assert!(said.contains(problem.code), "{kind:?} {id}: {problem:?}\n{said}");
            }
            None
        }
        (change, whole) => panic!("{kind:?} {id}: {change:?}, {whole:?}\n{items:?}"),
    }
}

#[test]
fn a_change_is_refused_when_and_only_when_the_whole_would_be() {
    let (place, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let begun = (whole(place.path(), &base()).unwrap(), base());
    let mut accepted = 0;
    for first in changes() {
        let Some(now) = changed(&begun, &first, elsewhere.path()) else { continue };
        accepted += 1;
        for second in changes() {
            changed(&now, &second, elsewhere.path());
        }
    }
    assert_eq!((accepted, changes().len()), (10, 27));
}
