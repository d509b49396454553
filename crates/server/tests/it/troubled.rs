//! A query that does not come on says so wherever its rows are shown.

use super::running::{Events, Running};
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

fn node(id: &str, x: i64) -> String {
    json!({ "operation": "insert", "element": { "type": "node", "id": id, "labels": ["N"], "properties": { "x": x } } })
        .to_string()
}

/// A server with a query in error, and one that waits for it.
fn troubled() -> Running {
    let queries = "  - { id: share, sources: [orders], cypher: \"MATCH (n:N) RETURN 100 / n.x AS share\" }\n  \
                   - { id: above, sources: [share], cypher: \"MATCH (n:share) RETURN n.share AS share\" }\n";
    let running = Running::start_with("", "", queries);
    running.post(&node("a", 1));
    running.get("/api/v1/queries/above/results?position=1&wait=20s");
    running.post(&node("b", 0));
    while running.get("/api/v1/queries/above").json()["state"] != "waiting" {
        thread::park_timeout(Duration::from_millis(10));
    }
    running
}

#[track_caller]
fn expect_division(error: &Json) {
    assert_eq!(error["code"], "LW0510", "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("divided by zero") && !message.contains("LW0510"), "{message}");
    assert!(error["since"].as_str().unwrap().starts_with("20"), "{error}");
}

#[test]
fn results_and_verify_say_what_keeps_a_query_from_coming_on() {
    let running = troubled();
    for path in ["/api/v1/queries/share/results", "/api/v1/queries/share/results?limit=10"] {
        let results = running.get(path).json();
        assert_eq!((&results["state"], &results["position"]), (&json!("error"), &json!(1)), "{path}");
        assert_eq!(results["rows"].as_array().unwrap().len(), 1);
        expect_division(&results["error"]);
    }
    let verified = running.ask("POST", "/api/v1/queries/share/verify", "", "").json();
    assert_eq!((&verified["equal"], &verified["state"]), (&json!(true), &json!("error")));
    expect_division(&verified["error"]);
    let above = running.get("/api/v1/queries/above/results").json();
    assert_eq!((&above["state"], &above["error"]["code"]), (&json!("waiting"), &json!("LW0527")), "{above}");
    let fine = running.get("/api/v1/queries/big/results").json();
    assert_eq!(fine["error"], Json::Null);
    assert!(["running", "caught_up"].contains(&fine["state"].as_str().unwrap()), "{fine}");
}

#[test]
fn who_watches_on_a_pipe_is_told_once() {
    let running = troubled();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_livewell"));
    command.args(["results", "share", "--watch", "--server", &running.address]);
    let mut watching = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(watching.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.starts_with("note: `share` is in error since 20") && line.contains("[LW0510]"), "{line}");
    // Longer than until the next heartbeat.
    std::thread::park_timeout(std::time::Duration::from_secs(17));
    watching.kill().unwrap();
    watching.wait().unwrap();
    line.clear();
    said.read_to_string(&mut line).unwrap();
    assert_eq!(line, "");
}

#[test]
fn lines_say_it_in_headers() {
    let running = troubled();
    let lines = running.ask("GET", "/api/v1/queries/share/results", "accept: application/x-ndjson\r\n", "");
    assert_eq!(lines.header("livewell-state"), Some("error"));
    expect_division(&serde_json::from_str(lines.header("livewell-error").unwrap()).unwrap());
    let fine = running.ask("GET", "/api/v1/queries/big/results", "accept: application/x-ndjson\r\n", "");
    assert_eq!(fine.header("livewell-error"), None);
}

#[test]
fn a_stream_says_it_at_the_end_of_its_snapshot_and_in_its_heartbeats() {
    let running = troubled();
    let mut events = Events::of(running.open("GET", "/api/v1/queries/share/changes", "", ""));
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let (name, _, data) = events.next().unwrap();
        if name == "snapshot_end" || name == "heartbeat" {
            assert_eq!(data["state"], "error", "{name}");
            expect_division(&data["error"]);
            seen.push(name);
        }
    }
    assert_eq!(seen, ["snapshot_end", "heartbeat"]);
}

#[test]
fn a_new_query_says_what_keeps_its_rows_from_being_built() {
    let running = Running::of(
        "store: { kind: embedded, path: data }\nserver: { listen: 127.0.0.1:0 }\n\
         sources:\n  - { id: shop, kind: postgres, url: 'postgres://x@127.0.0.1:1/x', tables: [ { table: t } ] }\n\
         queries:\n  - { id: q, sources: [shop], cypher: 'MATCH (n) RETURN n' }\n",
    );
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let results = running.get("/api/v1/queries/q/results");
        assert_eq!((results.status, &results.json()["code"]), (503, &json!("LW0714")), "{}", results.body);
        if results
            .body
            .contains("`q` are still to come, and there is trouble: `shop`: the database is out of reach")
        {
            break;
        }
        assert!(Instant::now() < deadline, "{}", results.body);
        thread::park_timeout(Duration::from_millis(20));
    }
    let shown = running.command(&["results", "q"]);
    assert!(super::text(&shown.stderr).contains("[LW0210] [LW0714]"), "{shown:?}");
}
