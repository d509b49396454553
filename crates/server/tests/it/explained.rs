//! `why` and `funnel`: over HTTP, by the command, and on the store of a server that has stopped.

use super::running::{Answer, Running, orders};
use super::{livewell, text};
use serde_json::{Value as Json, json};

const QUERIES: &str = "  - { id: per, sources: [orders], cypher: \"MATCH (o:Order) RETURN count(*) AS n\" }\n  \
     - { id: each, sources: [orders], for_each: { of: text }, cypher: \"MATCH (o:Order {id: $of}) WHERE o.total > 100 RETURN o.total AS total\" }\n";

/// Three orders, two of which are above 100.
fn started() -> Running {
    let running = Running::start_with("", "", QUERIES);
    running.post(&orders(&[250, 50, 300]));
    for query in ["big", "per", "each"] {
        let values = if query == "each" { "&of=o1" } else { "" };
        let read = running.get(&format!("/api/v1/queries/{query}/results?position=3&wait=20s{values}"));
        assert_eq!(read.status, 200, "{}", read.body);
    }
    running
}

fn why(running: &Running, query: &str, body: &str) -> Answer {
    running.ask("POST", &format!("/api/v1/queries/{query}/why"), "", body)
}

fn decides(answer: &Json) -> &Json {
    assert_eq!(answer["here"], false, "{answer:#}");
    answer["steps"].as_array().unwrap().iter().find(|step| step["ok"] == false).unwrap()
}

#[test]
fn a_row_is_explained_over_http() {
    let running = started();
    let results = running.get("/api/v1/queries/big/results").json();
    let row = &results["rows"].as_array().unwrap()[0];
    let asked = json!({ "row_signature": row["row_signature"] });
    let answer = why(&running, "big", &asked.to_string()).json();
    assert_eq!((&answer["here"], &answer["row"]), (&json!(true), row));
    assert_eq!(
        (&answer["epoch"], &answer["sequence"], &answer["position"]),
        (&json!("1"), &json!(2), &json!(3))
    );
    let condition =
        answer["steps"].as_array().unwrap().iter().find(|step| step["kind"] == "condition").unwrap();
    assert_eq!(condition["text"], "o.total > 100");
    assert_eq!(condition["used"], json!([{ "text": "o.total", "value": row["data"]["total"] }]));
    assert_eq!(condition["elements"][0]["source"], "orders");
    assert_eq!(answer["history"][0]["op"], "add");

    let answer = why(&running, "big", r#"{"where": {"id": "o2"}}"#).json();
    assert_eq!((&decides(&answer)["text"], &decides(&answer)["left"]), (&json!("o.total > 100"), &json!(0)));
    let answer = why(&running, "big", r#"{"bindings": {"o": {"source": "orders", "id": "o2"}}}"#).json();
    assert_eq!(decides(&answer)["used"][0]["value"], 50);
    let funnel = running.get("/api/v1/queries/big/funnel").json();
    let left: Vec<&Json> = funnel["steps"].as_array().unwrap().iter().map(|step| &step["left"]).collect();
    assert_eq!((left, &funnel["rows"]), (vec![&json!(3), &json!(2)], &json!(2)));

    let each =
        running.ask("POST", "/api/v1/queries/each/why?of=o2", "", r#"{"where": {"total": 50}}"#).json();
    assert_eq!(decides(&each)["text"], "o.total > 100");
    assert_eq!(running.get("/api/v1/queries/each/funnel?of=o1").json()["rows"], 1);
}

#[test]
fn what_no_call_can_mean_is_refused_with_its_reason() {
    let running = started();
    let deep = format!("{}1{}", "[".repeat(110), "]".repeat(110));
    let long = "x".repeat(1 << 20);
    for (query, body, status, code) in [
        ("big", "", 400, "LW0701"),
        ("big", "{}", 400, "LW0701"),
        ("big", "[]", 400, "LW0701"),
        ("big", r#"{"where": {}}"#, 400, "LW0701"),
        ("big", r#"{"where": 1}"#, 400, "LW0701"),
        ("big", r#"{"rows": "x"}"#, 400, "LW0701"),
        ("big", r#"{"row_signature": 12}"#, 400, "LW0701"),
        ("big", r#"{"row_signature": "12"}"#, 400, "LW0701"),
        ("big", r#"{"row_signature": "+00000000000000f"}"#, 400, "LW0701"),
        ("big", r#"{"row_signature": "00000000000000ff", "where": {"id": 1}}"#, 400, "LW0701"),
        ("big", r#"{"row_signature": "00000000000000ff"}"#, 404, "LW0801"),
        ("big", r#"{"where": {"nothing": 1}}"#, 400, "LW0800"),
        ("big", r#"{"where": {"\u001b[2J": 1}}"#, 400, "LW0800"),
        ("big", r#"{"bindings": {"x": {"source": "orders", "id": "o1"}}}"#, 400, "LW0800"),
        ("big", r#"{"bindings": {"o": {"id": "o1"}}}"#, 400, "LW0701"),
        ("big", r#"{"bindings": {"o": "o1"}}"#, 400, "LW0701"),
        ("big", &format!(r#"{{"where": {{"id": {deep}}}}}"#), 400, "LW0701"),
        ("each", r#"{"where": {"total": 1}}"#, 400, "LW0803"),
        ("nope", r#"{"where": {"total": 1}}"#, 404, "LW0501"),
    ] {
        let answer = why(&running, query, body);
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{body}: {}",
            answer.body
        );
    }
    let many: Vec<String> = (0..101).map(|at| format!(r#""c{at}": 1"#)).collect();
    let many = why(&running, "big", &format!(r#"{{"where": {{{}}}}}"#, many.join(",")));
    assert_eq!(many.json()["code"], "LW0701");
    // It is not an error if no row has these values.
    for value in ["null", "1e308", "123456789012345678901234567890", "{\"a\": [1]}", &format!("\"{long}\"")] {
        let answer = why(&running, "big", &format!(r#"{{"where": {{"id": {value}}}}}"#));
        assert_eq!((answer.status, &answer.json()["here"]), (200, &json!(false)), "{}", answer.body);
        assert!(answer.body.len() < 20_000, "{} bytes", answer.body.len());
    }
    for (path, status, code) in [("big/why?of=o1", 400, "LW0544"), ("each/why?off=o1", 400, "LW0544")] {
        let answer =
            running.ask("POST", &format!("/api/v1/queries/{path}"), "", r#"{"where": {"total": 1}}"#);
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{}", answer.body);
    }
    assert_eq!(running.get("/api/v1/queries/each/funnel").json()["code"], "LW0803");
    assert_eq!(running.get("/api/v1/queries/nope/funnel").status, 404);
}

#[test]
fn the_command_shows_a_tree_of_a_server_and_of_its_store() {
    let mut running = started();
    let check = |asked: &dyn Fn(&[&str]) -> std::process::Output| {
        let here = asked(&["why", "big", "--where", "id=o1"]);
        let out = text(&here.stdout);
        assert!(
            here.status.success() && out.contains("is here, in `big` at sequence 2, position 3"),
            "{here:?}"
        );
        assert!(out.contains("✓ o.total > 100    o.total = 250"), "{out}");
        assert!(out.contains("o: orders/o1 :Order {id: \"o1\", total: 250}"), "{out}");
        assert!(out.contains("History, from sequence 1 on:\n  add 1 at position "), "{out}");
        for other in [&["--where", "id=o2"][..], &["--bind", "o=orders/o2"]] {
            let absent = asked(&[&["why", "big"], other].concat());
            let out = text(&absent.stdout);
            assert!(out.starts_with("a row like that is not here, in `big` at sequence 2"), "{absent:?}");
            assert!(out.contains("✗ o.total > 100    o.total = 50, 0 left"), "{out}");
        }
        let left = asked(&["why", "big"]);
        let expected = "`big` has 2 rows at sequence 2, position 3. What is left after each step:\n  \
             · (o:Order)    3 left\n  · o.total > 100    2 left\n";
        assert_eq!(text(&left.stdout), expected);
        let json = asked(&["why", "each", "--for", "of=o1", "--where", "total=250", "--format", "json"]);
        let json: Json = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!((&json["here"], &json["row"]["data"]), (&json!(true), &json!({ "total": 250 })));
        for (arguments, code, part) in [
            (&["why", "big", "--where", "idd=1"][..], 1, "LW0800"),
            (&["why", "nope"], 1, "LW0501"),
            (&["why", "each"], 1, "LW0803"),
            (&["why", "big", "--row", "00000000000000ff"], 1, "LW0801"),
            (&["why", "big", "--where", "id"], 2, "COLUMN=VALUE"),
            (&["why", "big", "--bind", "o=o1"], 2, "VARIABLE=SOURCE/ID"),
        ] {
            let refused = asked(arguments);
            assert_eq!(refused.status.code(), Some(code), "{arguments:?}: {refused:?}");
            assert!(text(&refused.stderr).contains(part), "{arguments:?}: {refused:?}");
        }
    };
    check(&|arguments: &[&str]| running.command(arguments));
    running.stop();
    let store = running.store();
    let store = store.to_str().unwrap();
    check(&|arguments: &[&str]| livewell(&[arguments, &["--store", store]].concat()));
}
