//! Creating, changing and removing components of a running server.

use super::running::{Running, orders};
use serde_json::{Value as Json, json};

const SMALL: &str = "MATCH (o:Order) WHERE o.total <= 100 RETURN o.id AS id";

fn send(running: &Running, method: &str, path: &str, body: &Json) -> (u16, Json) {
    let answer = running.ask(method, path, "", &body.to_string());
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Json::Null))
}

fn rows(running: &Running, query: &str, position: u64) -> usize {
    let path = format!("/api/v1/queries/{query}/results?position={position}&wait=20s");
    running.get(&path).json()["rows"].as_array().unwrap().len()
}

#[test]
fn a_query_and_a_reaction_are_created_changed_and_removed_with_what_they_stored() {
    let running = Running::start();
    running.post(&orders(&[250, 50, 30]));
    let query = |cypher: &str| json!({"id": "small", "sources": ["orders"], "cypher": cypher});
    let (status, created) = send(&running, "POST", "/api/v1/queries", &query(SMALL));
    assert_eq!((status, &created["id"]), (201, &json!("small")), "{created}");
    assert_eq!(rows(&running, "small", 3), 2);
    let (status, problem) = send(&running, "POST", "/api/v1/queries", &query(SMALL));
    assert_eq!((status, &problem["code"]), (409, &json!("LW0503")));
    let reaction = json!({"id": "file", "kind": "file", "queries": ["small"], "path": "livewell-files/small.jsonl", "mode": "table"});
    assert_eq!(send(&running, "POST", "/api/v1/reactions", &reaction).0, 201);

    let narrower = SMALL.replace("<= 100", "<= 40");
    assert_eq!(send(&running, "PUT", "/api/v1/queries/small", &query(&narrower)).0, 200);
    running.post(&orders(&[251]));
    assert_eq!(rows(&running, "small", 4), 1);

    let (status, problem) = send(&running, "DELETE", "/api/v1/queries/small", &Json::Null);
    assert_eq!((status, &problem["code"]), (409, &json!("LW0535")), "a reaction still names it");
    assert!(problem["detail"].as_str().unwrap().contains("`file`"), "{problem}");
    assert_eq!(send(&running, "DELETE", "/api/v1/reactions/file", &Json::Null).0, 204);
    assert_eq!(send(&running, "DELETE", "/api/v1/queries/small", &Json::Null).0, 204);
    assert_eq!(running.get("/api/v1/queries/small").status, 404);
    assert_eq!(running.get("/api/v1/queries/small/results").status, 404);
    // What comes back under the name is another one, with another epoch.
    assert_eq!(send(&running, "POST", "/api/v1/queries", &query(SMALL)).0, 201);
    assert_eq!(rows(&running, "small", 4), 2);
    let again = running.get("/api/v1/queries/small/results").json();
    assert!(again["epoch"].as_str().unwrap().parse::<u64>().unwrap() > 2, "{}", again["epoch"]);
}

#[test]
fn what_a_configuration_may_not_say_a_call_may_not_say_either_and_nothing_changes() {
    let running = Running::start();
    running.wait_until_ready();
    let before = running.get("/api/v1/queries").body;
    for (kind, body, code) in [
        ("queries", json!({"id": "q", "sources": ["orders"], "cyhper": SMALL}), "LW0603"),
        ("queries", json!({"id": "q", "sources": ["nope"], "cypher": SMALL}), "LW0606"),
        ("queries", json!({"id": "no id", "sources": ["orders"], "cypher": SMALL}), "LW0605"),
        ("queries", json!({"id": "q", "sources": ["orders"], "cypher": "MATCH"}), "LW1"),
        ("sources", json!({"id": "s", "kind": "mqtt"}), "LW0608"),
        (
            "reactions",
            json!({"id": "r", "kind": "log", "queries": ["big"], "recovery": "auto_reset"}),
            "LW04",
        ),
        ("queries", json!({"sources": ["orders"]}), "LW0605"),
    ] {
        let (status, problem) = send(&running, "POST", &format!("/api/v1/{kind}"), &body);
        assert_eq!(status, 400, "{body}: {problem}");
        assert!(problem["code"].as_str().unwrap().starts_with(code), "{body}: {problem}");
    }
    let other = json!({"id": "other", "sources": ["orders"], "cypher": SMALL});
    assert_eq!(send(&running, "PUT", "/api/v1/queries/big", &other).0, 400);
    assert_eq!(send(&running, "PUT", "/api/v1/queries/nope", &other).0, 404);
    let (status, problem) = send(&running, "DELETE", "/api/v1/sources/orders", &Json::Null);
    assert_eq!((status, &problem["code"]), (409, &json!("LW0535")), "{problem}");
    let after = running.get("/api/v1/queries").body;
    assert_eq!(before, after);
}

#[test]
fn a_source_that_was_created_takes_changes_and_queries_read_it() {
    let running = Running::start();
    assert_eq!(send(&running, "POST", "/api/v1/sources", &json!({"id": "more", "kind": "http"})).0, 201);
    let query =
        json!({"id": "all", "sources": ["orders", "more"], "cypher": "MATCH (o:Order) RETURN o.id AS id"});
    assert_eq!(send(&running, "POST", "/api/v1/queries", &query).0, 201);
    running.post(&orders(&[1]));
    assert_eq!(running.ask("POST", "/api/v1/sources/more/changes", "", &orders(&[1, 2])).status, 200);
    assert_eq!(rows(&running, "all", 3), 3);
}

#[test]
fn what_a_call_cannot_remove_because_another_one_came_first_runs_as_before() {
    let running = Running::start();
    let query = json!({"id": "q", "sources": ["orders"], "cypher": SMALL});
    let reader = json!({"id": "reader", "sources": ["q"], "cypher": "MATCH (n:q) RETURN n.id AS id"});
    for _ in 0..20 {
        assert_eq!(send(&running, "POST", "/api/v1/queries", &query).0, 201);
        let (removed, read) = std::thread::scope(|scope| {
            let removing = scope.spawn(|| send(&running, "DELETE", "/api/v1/queries/q", &Json::Null).0);
            let reading = scope.spawn(|| send(&running, "POST", "/api/v1/queries", &reader).0);
            (removing.join().unwrap(), reading.join().unwrap())
        });
        match (removed, read) {
            (204, 400..) => {}
            (409, 201) => {
                let status = running.get("/api/v1/queries/q").json();
                assert_ne!(status["state"], "stopped", "{status}");
                assert_eq!(send(&running, "DELETE", "/api/v1/queries/reader", &Json::Null).0, 204);
                assert_eq!(send(&running, "DELETE", "/api/v1/queries/q", &Json::Null).0, 204);
            }
            other => panic!("{other:?}"),
        }
    }
}
