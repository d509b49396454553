//! The commands that ask a running server or read a store directory.

use super::place::Place;
use super::running::{Running, orders};
use super::{livewell, text};
use serde_json::Value as Json;
use std::process::Output;

fn failed_with(output: &Output, code: i32, part: &str) {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(error.contains(part), "{error}");
}

#[test]
fn a_store_in_use_names_its_owner_and_a_port_in_use_its_address() {
    let running = Running::start();
    let store = running.store();
    let store = store.to_str().unwrap();
    failed_with(&livewell(&["store", "inspect", store]), 1, "pid ");
    let again = std::fs::read_to_string(running.config()).unwrap().replace("127.0.0.1:0", &running.address);
    let config = running.folder.path().join("again.yaml");
    std::fs::write(&config, again).unwrap();
    failed_with(&livewell(&["run", config.to_str().unwrap()]), 1, &running.address);
}

#[test]
fn a_store_gives_the_same_as_the_server_did() {
    let mut running = Running::start();
    running.post(&orders(&[250, 50, 300]));
    running.get("/api/v1/queries/big/results?position=3&wait=20s");
    let formats = ["ndjson", "json", "csv", "table"];
    let served: Vec<Output> =
        formats.iter().map(|format| running.command(&["results", "big", "--format", format])).collect();
    let verified = running.command(&["verify", "big"]);
    assert_eq!(
        text(&verified.stdout),
        "`big` is right: 2 rows at sequence 2\n",
        "{}",
        text(&verified.stderr)
    );
    running.stop();
    let store = running.store();
    let store = store.to_str().unwrap();
    for (format, served) in formats.iter().zip(&served) {
        let stored = livewell(&["results", "big", "--format", format, "--store", store]);
        assert!(stored.status.success(), "{}", text(&stored.stderr));
        assert_eq!(text(&stored.stdout), text(&served.stdout));
    }
    assert_eq!(text(&served[0].stdout).lines().count(), 2);
    assert_eq!(livewell(&["verify", "big", "--store", store]).stdout, verified.stdout);
    let status = livewell(&["status", "--format", "json", "--store", store]);
    let status: Json = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["queries"][0]["sequence"], 2);
    let inspected = livewell(&["store", "inspect", store]);
    assert!(text(&inspected.stdout).ends_with("no damage found\n"), "{}", text(&inspected.stderr));
}

#[test]
fn status_and_reset_ask_the_server() {
    let running = Running::start();
    running.post(&orders(&[250]));
    running.get("/api/v1/queries/big/results?position=1&wait=20s");
    let status: Json =
        serde_json::from_slice(&running.command(&["status", "--format", "json"]).stdout).unwrap();
    assert_eq!(status["sources"][0]["id"], "orders");
    assert_eq!(status["queries"][0]["rows"], 1);
    assert!(text(&running.command(&["status"]).stdout).contains("orders"));
    assert!(running.command(&["reset", "big"]).status.success());
    failed_with(&running.command(&["reset", "orders"]), 1, "LW0528");
    failed_with(&running.command(&["reset", "nope"]), 1, "LW0501");
    failed_with(&running.command(&["results", "nope"]), 1, "LW0501");
}

#[test]
fn without_a_server_or_a_store_it_is_said_what_to_do() {
    failed_with(&livewell(&["status", "--server", "http://127.0.0.1:1"]), 1, "livewell run");
    failed_with(&livewell(&["status", "--server", "ftp://x"]), 2, "http://");
    failed_with(&livewell(&["results", "big", "--store", "no-such-directory"]), 1, "no store");
    failed_with(&livewell(&["reset", "big", "--store", "no-such-directory"]), 2, "running server");
    assert!(!super::configs().join("no-such-directory").exists());
}

#[test]
fn a_query_without_a_value_at_the_start_is_in_error_by_name_and_the_others_run() {
    let config = "sources:\n  - { id: ops, kind: file, path: ops.jsonl }\nqueries:\n  \
                  - { id: mean, sources: [ops], cypher: 'MATCH (n:A) RETURN sum(n.x) / count(*) AS mean' }\n  \
                  - { id: all, sources: [ops], cypher: 'MATCH (n:A) RETURN n.x AS x' }\n";
    let line =
        r#"{"operation":"insert","element":{"type":"node","id":"n","labels":["A"],"properties":{"x":8}}}"#;
    let place = Place::new(config, &[line]);
    let ran = place.run();
    ran.expect(1, &["`mean`: ", "empty graph", "divided by zero [LW0510]"]);
    assert!(ran.out.contains("in error") && ran.out.contains("1 result, 1 row"), "{}", ran.out);
    assert!(place.results("all").ends_with("\"data\":{\"x\":8}}\n"));
    let refused = place.livewell(&["results", "mean", "--store", "livewell-data"]);
    refused.expect(1, &["`mean`", "[LW0714]"]);
    // Once there are elements, the next start builds it.
    place.run().expect(0, &[]);
    assert!(place.results("mean").ends_with("\"data\":{\"mean\":8}}\n"));
}
