//! Elements by id, label, type and end; the latest transactions with what they reached; and what touched an element last.

use super::world::World;
use crate::running::{Running, orders};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

const SOURCE: &str = "/api/v1/sources/orders";

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Reads all pages of the elements that are asked for, a few at a time; returns their ids.
fn pages(running: &Running, wanted: &str) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), String::new());
    loop {
        let page = running.get(&format!("{SOURCE}/elements?limit=7{wanted}{after}")).json();
        let elements = page["elements"].as_array().unwrap();
        ids.extend(elements.iter().map(|element| element["id"].as_str().unwrap().to_owned()));
        assert!(page["looked_at"].as_u64().unwrap() >= elements.len() as u64, "{page}");
        match page["next"].as_str() {
            Some(next) => after = format!("&after={}", encoded(next)),
            None => return ids,
        }
    }
}

#[test]
fn elements_are_found_by_how_their_ids_begin_and_relationships_by_their_ends() {
    let seed = std::env::var("LIVEWELL_SEED").map_or(1, |text| text.parse().expect("a number"));
    let running = Running::start();
    let mut world = World::new(seed);
    assert_eq!(running.post(&world.changes(300)).status, 200);
    let of = |wants: &dyn Fn(&Json) -> bool| -> Vec<String> {
        let all = world.elements.values().filter(|element| wants(element));
        all.map(|element| element["id"].as_str().unwrap().to_owned()).collect()
    };
    let begins = |beginning: &str| of(&|element| element["id"].as_str().unwrap().starts_with(beginning));
    for beginning in ["", "n", "n/1", "n/17", "n/2x", "r\u{202e}", "z"] {
        let found = pages(&running, &format!("&prefix={}", encoded(beginning)));
        assert_eq!(found, begins(beginning), "seed {seed}, `{beginning}`");
    }
    let labelled =
        |element: &Json| element["labels"].as_array().is_some_and(|all| all.contains(&json!("__proto__")));
    let both = of(&|element| labelled(element) && element["id"].as_str().unwrap().starts_with("n/1"));
    assert_eq!(pages(&running, "&label=__proto__&prefix=n%2F1"), both, "seed {seed}");
    let mut some = 0;
    for at in 0..40 {
        let end = json!(format!("n/{at}"));
        let expected = of(&|element| element.get("from") == Some(&end) || element.get("to") == Some(&end));
        some += expected.len();
        assert_eq!(pages(&running, &format!("&end=n%2F{at}")), expected, "seed {seed}, {end}");
        let expected = of(&|element| {
            element.get("type") == Some(&json!("a/b"))
                && (element.get("from") == Some(&end) || element.get("to") == Some(&end))
        });
        assert_eq!(pages(&running, &format!("&type=a/b&end=n%2F{at}")), expected, "seed {seed}, {end}");
    }
    assert!(some > 20, "{some}");
}

#[test]
fn the_latest_transactions_are_those_that_were_posted_with_the_results_that_they_caused() {
    let mut running = Running::start();
    running.post(&orders(&[50, 150]));
    let lines = [
        r#"{"operation":"update","element":{"type":"node","id":"o1","properties":{"total":500}}}"#,
        r#"{"operation":"delete","id":"o2"}"#,
        r#"{"operation":"insert","element":{"type":"node","id":"a/b\u202e","labels":["Other"],"properties":{}}}"#,
        r#"{"transaction":[{"operation":"delete","id":"o1"},{"operation":"update","element":{"type":"node","id":"o9","labels":["Order"]}}]}"#,
    ];
    let answer = running.post(&lines.join("\n")).json();
    let last = answer["position"].as_u64().unwrap();
    running.get(&format!("/api/v1/queries/big/results?position={last}&wait=20s"));
    let page = running.get(&format!("{SOURCE}/transactions")).json();
    let taken = page["transactions"].as_array().unwrap();
    let short = |one: &Json| {
        let results = one["results"].as_array().unwrap();
        let results: Vec<_> =
            results.iter().map(|one| (one["query_id"].clone(), one["diffs"].clone())).collect();
        json!([one["inserted"], one["updated"], one["deleted"], one["changes"], one["ids"], results])
    };
    let expected = [
        json!([1, 0, 1, 2, ["o1", "o9"], [["big", 1]]]),
        json!([1, 0, 0, 1, ["a/b\u{202e}"], []]),
        json!([0, 0, 1, 1, ["o2"], [["big", 1]]]),
        json!([0, 1, 0, 1, ["o1"], [["big", 1]]]),
        json!([1, 0, 0, 1, ["o2"], [["big", 1]]]),
        json!([1, 0, 0, 1, ["o1"], []]),
    ];
    assert_eq!(taken.iter().map(short).collect::<Vec<_>>(), expected);
    assert_eq!((&page["next"], &page["readers"]), (&Json::Null, &json!(1)));
    let results = running.get("/api/v1/queries/big/results").json();
    assert_eq!(taken[0]["results"][0]["sequence"], results["sequence"]);

    let mut positions = Vec::new();
    let mut before = String::new();
    loop {
        let page = running.get(&format!("{SOURCE}/transactions?limit=2{before}")).json();
        positions.extend(page["transactions"].as_array().unwrap().iter().map(|one| one["position"].clone()));
        let Some(next) = page["next"].as_u64() else { break };
        before = format!("&before={next}");
    }
    assert_eq!(positions, taken.iter().map(|one| one["position"].clone()).collect::<Vec<_>>());
    assert_eq!(running.get(&format!("{SOURCE}/transactions?limit=101")).status, 400);
    assert_eq!(running.get("/api/v1/sources/nothing/transactions").status, 404);

    // What the log still has is known after a restart: the last commit at least.
    running.kill_and_start_again();
    running.wait_until_ready();
    let after = running.get(&format!("{SOURCE}/transactions")).json();
    let after = after["transactions"].as_array().unwrap();
    assert!(!after.is_empty() && taken.starts_with(after), "{after:?}");
}

#[test]
fn what_touched_an_element_last_is_exact_or_not_known() {
    let running = Running::start_with(
        "",
        "",
        "  - { id: others, sources: [orders], cypher: 'MATCH (n:Other) RETURN n.id AS id' }\n",
    );
    running.post(&orders(&[50, 150]));
    let trace = |id: &str| running.get(&format!("{SOURCE}/elements/{}/trace", encoded(id))).json();
    let first = trace("o1");
    assert_eq!((&first["last_change"]["position"], &first["position"]), (&json!(1), &json!(2)));
    // A total of 50 cannot be in a row, and no change of it could change one.
    assert_eq!((&first["queries"], &first["asked"]), (&json!([]), &json!(2)));
    assert_eq!(trace("o2")["queries"], json!(["big"]));
    running.post(
        r#"{"operation":"update","element":{"type":"node","id":"o1","properties":{"total":101}},"timestamp":1767323045000000000}"#,
    );
    let changed = trace("o1");
    assert_eq!(changed["last_change"]["position"], json!(3));
    let time = changed["last_change"]["timestamp"].as_str().unwrap();
    assert!(time.starts_with("2026-01-02T03:04:05"), "{time}");
    assert_eq!(changed["queries"], json!(["big"]));
    assert_eq!(running.get(&format!("{SOURCE}/elements/nobody/trace")).status, 404);

    // A transaction of which only the first ids are remembered may have changed any element of its time.
    let change = |at: u32| {
        format!(
            r#"{{"operation":"update","element":{{"type":"node","id":"o{at}","labels":["Order"]}},"timestamp":1767323046000000000}}"#
        )
    };
    let many: Vec<String> = (10..30).map(change).collect();
    running.post(&format!(r#"{{"transaction":[{}]}}"#, many.join(",")));
    assert_eq!(trace("o10")["last_change"]["position"], json!(4));
    assert_eq!(trace("o29")["last_change"]["position"], Json::Null);
    // None of these is remembered once 100 have come since.
    let lines = World::new(3).changes(1_000);
    assert_eq!(running.post(&lines).status, 200);
    assert_eq!(trace("o10")["last_change"]["position"], Json::Null);
    let remembered = running.get(&format!("{SOURCE}/transactions?limit=100")).json();
    let remembered = remembered["transactions"].as_array().unwrap();
    let positions: BTreeSet<u64> = remembered.iter().map(|one| one["position"].as_u64().unwrap()).collect();
    assert_eq!(positions.len(), 100);
}
