//! What `/health` and `/ready` say in each state. Full and failing disks are in `failing`.

use super::running::{Running, orders};
use serde_json::json;

/// Returns the statuses of `/health` and `/ready`.
fn probes(running: &Running) -> (u16, u16) {
    (running.get("/health").status, running.get("/ready").status)
}

#[test]
fn what_is_not_ready_yet_is_alive() {
    let running = Running::of(
        "store: { kind: embedded, path: data }\n\
         server: { listen: 127.0.0.1:0 }\n\
         sources: [{ id: missing, kind: file, path: no-such.jsonl }]\n\
         queries: [{ id: late, sources: [missing], cypher: \"MATCH (n:N) RETURN n.id AS id\" }]\n",
    );
    assert_eq!(probes(&running), (200, 503));
    let ready = running.get("/ready");
    assert_eq!((&ready.json()["code"], &ready.json()["waiting_for"]), (&json!("LW0714"), &json!(["late"])));
    assert_eq!(ready.header("retry-after"), Some("1"));
    std::fs::write(running.folder.path().join("no-such.jsonl"), "").unwrap();
    running.ask("POST", "/api/v1/sources/missing/start", "", "");
    running.wait_until_ready();
    assert_eq!(probes(&running), (200, 200));
}

#[test]
fn a_query_that_fails_later_makes_neither_red_for_the_others() {
    let divides =
        "  - { id: divides, sources: [orders], cypher: \"MATCH (o:Order) RETURN 1 / o.total AS x\" }\n";
    let mut running = Running::start_with("", "", divides);
    running.wait_until_ready();
    running.post(&orders(&[0]));
    while running.get("/api/v1/queries/divides").json()["state"] != "error" {
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
    assert_eq!(probes(&running), (200, 200));
    running.ask("POST", "/api/v1/queries/big/stop", "", "");
    assert_eq!(probes(&running), (200, 200));
    // After a restart it has to catch up, and cannot.
    running.kill_and_start_again();
    while running.get("/api/v1/queries/divides").json()["state"] != "error" {
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
    assert_eq!(running.get("/health").status, 200);
}
