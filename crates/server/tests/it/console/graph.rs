//! What reads what, in the graph and in each component's status.

use crate::running::{Running, orders};
use crate::text;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::time::Duration;

const CONFIG: &str = "store: { kind: embedded, path: data }
server: { listen: '127.0.0.1:0' }
sources:
  - { id: orders, kind: http }
  - { id: stock, kind: http }
queries:
  - { id: big, sources: [orders], cypher: 'MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id, o.total AS total' }
  - { id: both, sources: [orders, stock], cypher: 'MATCH (o:Order) MATCH (s:Stock) RETURN o.id AS id, s.id AS stock' }
  - { id: share, sources: [big], cypher: 'MATCH (b:big) RETURN b.id AS id, 100 / (b.total - 666) AS share' }
  - { id: later, sources: [orders], enabled: false, cypher: 'MATCH (o:Order) RETURN o.id AS id' }
reactions:
  - { id: board, kind: file, queries: [big], path: board.jsonl, mode: table }
  - { id: all, kind: file, queries: [big, share], path: all.jsonl }
  - { id: says, kind: log, queries: [share] }
";

fn started() -> Running {
    let running = Running::of(CONFIG);
    running.post(&orders(&[50, 150, 250]));
    running.get("/api/v1/queries/share/results?position=3&wait=20s");
    running
}

fn edges(graph: &Json) -> BTreeSet<(String, String)> {
    let text = |json: &Json| json.as_str().unwrap().to_owned();
    let edges = graph["edges"].as_array().unwrap();
    edges.iter().map(|edge| (text(&edge["from"]), text(&edge["to"]))).collect()
}

fn node<'g>(graph: &'g Json, id: &str) -> &'g Json {
    let all = graph["components"].as_array().unwrap();
    all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id} in {graph}"))
}

#[test]
fn the_graph_is_what_the_configuration_says() {
    let running = started();
    let graph = running.get("/api/v1/graph").json();
    let expected = [
        ("orders", "big"),
        ("orders", "both"),
        ("stock", "both"),
        ("big", "share"),
        ("orders", "later"),
        ("big", "board"),
        ("big", "all"),
        ("share", "all"),
        ("share", "says"),
    ];
    let expected = expected.map(|(from, to)| (from.to_owned(), to.to_owned()));
    assert_eq!(edges(&graph), expected.into());
    assert_eq!((&graph["total"], &graph["whole"]), (&json!(9), &json!(true)));
    let counted: u64 =
        graph["counts"].as_array().unwrap().iter().map(|one| one["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, 9, "{graph}");
    for (id, kind, of) in [
        ("orders", "source", json!("http")),
        ("big", "query", Json::Null),
        ("board", "reaction", json!("file")),
    ] {
        let node = node(&graph, id);
        assert_eq!((&node["kind"], &node["type"]), (&json!(kind), &of), "{node}");
    }
    assert_eq!((&node(&graph, "big")["rows"], &node(&graph, "orders")["sequence"]), (&json!(2), &json!(3)));
    let dot = running.command(&["graph", "--format", "dot"]);
    assert_eq!(text(&dot.stdout).matches(" -> ").count(), 9);
    let tree = running.command(&["graph"]);
    assert!(
        text(&tree.stdout).starts_with("orders  http source, caught up\n  big  query, "),
        "{}",
        text(&tree.stdout)
    );
}

#[test]
fn each_status_names_its_neighbours_and_what_it_promises() {
    let running = started();
    let expect = |path: &str, of: Json, reads: Json, read_by: Json, guarantee: &str| {
        let one = running.get(&format!("/api/v1/{path}")).json();
        assert_eq!((&one["type"], &one["reads"]), (&of, &reads), "{one}");
        assert_eq!((&one["read_by"]["ids"], &one["guarantee"]), (&read_by, &json!(guarantee)), "{one}");
        assert_eq!(one["read_by"]["count"].as_u64().unwrap(), read_by.as_array().unwrap().len() as u64);
    };
    expect("sources/orders", json!("http"), json!([]), json!(["big", "both", "later"]), "at_least_once");
    expect("queries/both", Json::Null, json!(["orders", "stock"]), json!([]), "exactly_once");
    expect("queries/big", Json::Null, json!(["orders"]), json!(["share", "board", "all"]), "exactly_once");
    expect("reactions/board", json!("file"), json!(["big"]), json!([]), "whole");
    expect("reactions/all", json!("file"), json!(["big", "share"]), json!([]), "exactly_once");
    expect("reactions/says", json!("log"), json!(["share"]), json!([]), "at_least_once");
    let list = running.get("/api/v1/reactions").json();
    assert_eq!((&list[0]["id"], &list[0]["kind"]), (&json!("all"), &json!("reaction")));
}

#[test]
fn what_has_read_nothing_has_no_lag_in_seconds_rather_than_one_since_1970() {
    let running = started();
    let later = running.get("/api/v1/queries/later").json();
    assert_eq!((&later["lag"], &later["lag_seconds"]), (&json!(3), &Json::Null), "{later}");
    let metrics = running.get("/metrics").body;
    assert!(metrics.contains("livewell_lag_seconds{kind=\"query\",id=\"big\"} 0.0"));
    assert!(!metrics.contains("livewell_lag_seconds{kind=\"query\",id=\"later\"}"));
}

#[test]
fn an_error_and_what_waits_for_it_are_in_the_picture() {
    let running = started();
    running.post(&orders(&[50, 150, 250, 666]).lines().last().unwrap().replace("o4", "o9"));
    let graph = loop {
        let graph = running.get("/api/v1/graph").json();
        if node(&graph, "says")["state"] == "waiting" {
            break graph;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    };
    let share = node(&graph, "share");
    assert_eq!((&share["state"], &share["error"]["code"]), (&json!("error"), &json!("LW0510")), "{share}");
    assert_eq!(node(&graph, "says")["error"]["code"], "LW0527");
    assert_eq!(node(&graph, "big")["error"], Json::Null);
    let count = json!({ "kind": "query", "state": "error", "count": 1 });
    assert!(graph["counts"].as_array().unwrap().contains(&count), "{graph}");
}
