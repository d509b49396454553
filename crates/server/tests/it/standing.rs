//! Where things stand, told of a store that nobody runs, and of a query that does not come on.

use super::place::{Place, Ran};
use super::running::Running;
use serde_json::{Value as Json, json};

const CONFIG: &str = "sources:
  - { id: ops, kind: file, path: ops.jsonl }
queries:
  - { id: all, sources: [ops], cypher: \"MATCH (n:N) RETURN n.x AS x\" }
  - { id: share, sources: [ops], cypher: \"MATCH (n:N) RETURN 100 / n.x AS share\" }
  - { id: above, sources: [share], cypher: \"MATCH (n:share) RETURN n.share AS share\" }
reactions:
  - { id: diffs, kind: file, queries: [all], path: all.jsonl }
  - { id: shares, kind: file, queries: [share], path: share.jsonl }
";

fn node(id: &str, x: i64) -> String {
    json!({ "operation": "insert", "element": { "type": "node", "id": id, "labels": ["N"], "properties": { "x": x } } })
        .to_string()
}

#[test]
fn a_store_tells_how_far_each_component_came_and_which_rows_are_behind() {
    let place = Place::new(CONFIG, &[&node("a", 1), &node("b", 0), &node("c", 2)]);
    place.run().expect(1, &["`share`"]);
    let ran = place.livewell(&["status", "--store", "livewell-data", "--format", "json"]);
    let all: Json = serde_json::from_str(&ran.expect(0, &[]).out).unwrap();
    let of = |kind: &str, id: &str| {
        let found = all[kind].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
        (found["epoch"].clone(), found["sequence"].clone(), found["position"].clone(), found["lag"].clone())
    };
    assert_eq!(of("sources", "ops"), (json!("1"), json!(3), json!(3), json!(0)));
    assert_eq!(of("queries", "all"), (json!("1"), json!(3), json!(3), json!(0)));
    assert_eq!(of("queries", "share"), (json!("1"), json!(1), json!(1), json!(2)));
    assert_eq!(of("reactions", "diffs"), (json!("1"), json!(3), json!(3), json!(0)));
    assert_eq!(of("reactions", "shares"), (json!("1"), json!(1), json!(1), json!(0)));

    for command in ["results", "verify"] {
        let told = |id: &str| place.livewell(&[command, id, "--store", "livewell-data"]);
        assert_eq!(told("all").expect(0, &[]).err, "");
        let ran = told("share");
        ran.expect(0, &["note: `share` is 2 behind", "rows as of position 1"]);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        told("above").expect(0, &["`above` follows one that is behind", "rows as of position 1"]);
    }
}

#[test]
fn a_server_tells_that_the_rows_of_a_query_in_error_are_old() {
    let running = Running::start_with("", "", "");
    let body =
        json!({ "id": "share", "sources": ["orders"], "cypher": "MATCH (n:N) RETURN 100 / n.x AS share" });
    assert_eq!(running.ask("POST", "/api/v1/queries", "", &body.to_string()).status, 201);
    running.post(&node("a", 1));
    running.post(&node("b", 0));
    while running.ask("GET", "/api/v1/queries/share", "", "").json()["state"] != "error" {
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
    for command in ["results", "verify"] {
        let ran = Ran::from(running.command(&[command, "share"]));
        ran.expect(0, &["note: `share` is in error since 20", "LW0510", "rows as of position 1"]);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    }
}
