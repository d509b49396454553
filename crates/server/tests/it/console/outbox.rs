//! What a query's outbox holds, backwards: all of it, filtered on the server, a bounded part at a time.

use crate::running::{Events, Running, orders};
use serde_json::{Value as Json, json};

const OUTBOX: &str = "/api/v1/queries/big/outbox";

/// Orders that come, change and go.
fn started() -> Running {
    let running = Running::start();
    let mut position = running.post(&orders(&[250, 50, 300])).json()["position"].clone();
    for at in 0..40_u64 {
        let total = 90 + (at * 37) % 60;
        let properties = json!({ "id": format!("o{}", at % 5), "total": total });
        let element = json!({ "type": "node", "id": format!("o{}", at % 5), "labels": ["Order"], "properties": properties });
        let operation = if at == 0 || at == 4 { "insert" } else { "update" };
        let operation = if (1..=3).contains(&(at % 5)) { "update" } else { operation };
        let sent = running.post(&json!({ "operation": operation, "element": element }).to_string());
        assert_eq!(sent.status, 200, "{}", sent.body);
        position = sent.json()["position"].clone();
    }
    let path = format!("/api/v1/queries/big/results?limit=1&wait=30s&position={position}");
    assert_eq!(running.get(&path).status, 200);
    running
}

/// All results, the latest first, as the stream of changes has them.
fn streamed(running: &Running) -> Vec<Json> {
    let last = running.get("/api/v1/queries/big/results?limit=1").json()["sequence"].as_u64().unwrap();
    let mut events = Events::of(running.open("GET", "/api/v1/queries/big/changes?after=1-0", "", ""));
    let mut results = Vec::new();
    while results.len() < last as usize {
        let (name, _, data) = events.next().expect("the stream goes on");
        if name == "result" {
            results.push(data);
        }
    }
    results.reverse();
    results
}

/// Reads to the end, in parts of `limit`.
fn read(running: &Running, limit: usize, filter: &str) -> Vec<Json> {
    let (mut results, mut before) = (Vec::new(), String::new());
    loop {
        let answer = running.get(&format!("{OUTBOX}?limit={limit}{filter}{before}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let part = answer.json();
        assert_eq!((&part["from"], &part["epoch"]), (&json!(1), &json!("1")), "{part}");
        let found = part["results"].as_array().unwrap();
        assert!(found.len() <= limit);
        results.extend(found.iter().cloned());
        match part["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => return results,
        }
    }
}

/// A result with the diffs that `is_wanted` says, as the outbox shows it.
fn filtered(results: &[Json], is_wanted: impl Fn(&Json) -> bool) -> Vec<(Json, Vec<Json>)> {
    let kept = results.iter().map(|result| {
        let diffs = result["results"].as_array().unwrap().iter().filter(|diff| is_wanted(diff)).cloned();
        (result["sequence"].clone(), diffs.collect::<Vec<_>>())
    });
    kept.filter(|(_, diffs)| !diffs.is_empty()).collect()
}

fn parts(results: &[Json]) -> Vec<(Json, Vec<Json>)> {
    results
        .iter()
        .map(|result| (result["sequence"].clone(), result["results"].as_array().unwrap().clone()))
        .collect()
}

#[test]
fn all_results_come_latest_first_with_what_the_stream_says_of_them() {
    let running = started();
    let expected = streamed(&running);
    assert!(expected.len() > 20, "{}", expected.len());
    for limit in [200, 7, 1] {
        let found = read(&running, limit, "");
        assert_eq!(parts(&found), filtered(&expected, |_| true), "{limit}");
        for (found, expected) in found.iter().zip(&expected) {
            for member in ["epoch", "position", "timestamp"] {
                assert_eq!(found[member], expected[member]);
            }
            assert_eq!(found["count"], found["results"].as_array().unwrap().len());
        }
    }
    // What comes later is not before what was read.
    running.post(&orders(&[990]));
    assert_eq!(parts(&read(&running, 7, "&before=1-5")), filtered(&expected[expected.len() - 4..], |_| true));
}

#[test]
fn kinds_and_texts_are_looked_for_on_the_server() {
    let running = started();
    let all = streamed(&running);
    let has = |diff: &Json, text: &str| {
        ["data", "before", "after"].iter().flat_map(|side| diff[*side].as_object().into_iter().flatten()).any(
            |(_, value)| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned).contains(text),
        )
    };
    for kind in ["ADD", "UPDATE", "DELETE"] {
        let expected = filtered(&all, |diff| diff["type"] == kind);
        assert!(!expected.is_empty(), "{kind}");
        assert_eq!(parts(&read(&running, 3, &format!("&kind={kind}"))), expected);
    }
    for text in ["o1", "12", "nothing has this"] {
        let expected = filtered(&all, |diff| has(diff, text));
        assert_eq!(
            parts(&read(&running, 3, &format!("&search={}", text.replace(' ', "%20")))),
            expected,
            "{text}"
        );
    }
    let expected = filtered(&all, |diff| diff["type"] == "UPDATE" && has(diff, "o1"));
    assert_eq!(parts(&read(&running, 200, "&kind=UPDATE&search=O1")), expected);
}

#[test]
fn what_no_outbox_has_is_refused_with_its_reason() {
    let running = started();
    for (rest, status, code) in [
        ("?limit=0", 400, "LW0701"),
        ("?limit=201", 400, "LW0701"),
        ("?before=7", 400, "LW0701"),
        ("?before=x-y", 400, "LW0701"),
        ("?kind=add", 400, "LW0701"),
        ("?since=1-1", 400, "LW0701"),
        ("?before=9-1", 410, "LW0864"),
    ] {
        let answer = running.get(&format!("{OUTBOX}{rest}"));
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{rest}: {}",
            answer.body
        );
    }
    let long = running.get(&format!("{OUTBOX}?search={}", "x".repeat(1_001)));
    assert_eq!(long.json()["code"], "LW0701");
    assert_eq!(running.get("/api/v1/queries/nope/outbox").status, 404);
    let none = running.get(&format!("{OUTBOX}?before=1-0")).json();
    assert_eq!((&none["results"], &none["next"]), (&json!([]), &Json::Null));
    // The diffs of one transaction are cut, and counted.
    running.post(&json!({ "transaction": (0..300).map(|at| {
        let properties = json!({ "id": format!("many{at}"), "total": 1_000 });
        json!({ "operation": "insert",
                "element": { "type": "node", "id": format!("many{at}"), "labels": ["Order"], "properties": properties } })
    }).collect::<Vec<_>>() }).to_string());
    let many = (0..600).find_map(|_| {
        let latest = running.get(&format!("{OUTBOX}?limit=1&search=many")).json()["results"][0].clone();
        livewell_services::pause(std::time::Duration::from_millis(if latest.is_null() { 50 } else { 0 }));
        (!latest.is_null()).then_some(latest)
    });
    let many = many.expect("the result of the transaction");
    assert_eq!((&many["count"], many["results"].as_array().unwrap().len()), (&json!(300), 200));
}
