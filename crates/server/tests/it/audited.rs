//! Who changed what: a line for each call that changes something, in the log and in a file of its own.

use super::running::{Running, orders};
use super::{livewell, text};
use serde_json::{Value as Json, json};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

const TOKEN: &str = "authorization: Bearer open-sesame\r\n";

fn start() -> Running {
    Running::start_with("  token: open-sesame\n  audit: { path: audit.jsonl }\n", "", "")
}

fn lines(running: &Running) -> Vec<Json> {
    let text = fs::read_to_string(running.folder.path().join("audit.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a line says beside the time: caller, call, kind, id, result, status, code.
fn said(line: &Json) -> Json {
    json!([
        line["caller"],
        line["call"],
        line["kind"],
        line["id"],
        line["result"],
        line["status"],
        line["code"]
    ])
}

#[test]
fn every_change_has_a_line_with_its_caller_and_reading_has_none() {
    let mut running = start();
    let ask = |method: &str, path: &str, body: &str| {
        running.ask(method, &format!("/api/v1/{path}"), TOKEN, body).status
    };
    let query = r#"{"id":"small","sources":["orders"],"cypher":"MATCH (o:Order) RETURN o.id AS id"}"#;
    for (method, path, body, status) in [
        ("POST", "queries", query, 201),
        ("POST", "queries", query, 409),
        ("POST", "queries", "nonsense", 400),
        ("PUT", "queries/small", query, 200),
        ("POST", "queries/small/reset", "", 202),
        ("POST", "queries/small/stop", "", 200),
        ("POST", "queries/small/start", "", 200),
        ("POST", "sources/orders/parked/retry?number=7", "", 404),
        ("POST", "sources/orders/parked/discard", "", 202),
        ("POST", "reactions/nope/dead-letters/discard", "", 404),
        ("POST", "backup", "", 200),
        ("DELETE", "queries/small", "", 204),
        ("DELETE", "queries/a%0Ab", "", 404),
        ("POST", "queries/%ff/reset", "", 400),
    ] {
        assert_eq!(ask(method, path, body), status, "{method} {path}");
    }
    for path in ["queries", "queries/big", "sources/orders/parked"] {
        assert_eq!(ask("GET", path, ""), 200);
    }
    assert_eq!(ask("POST", "sources/orders/changes", &orders(&[1])), 200);
    assert_eq!(running.post(&orders(&[1])).status, 401, "without the token");
    let reset = livewell(&["reset", "big", "--store", running.store().to_str().unwrap()]);
    assert!(reset.status.success(), "{}", text(&reset.stderr));
    let lines = lines(&running);
    let by = |call: &str, id: Json, result: &str, status: u16, code: Json| {
        json!(["default", call, "query", id, result, status, code])
    };
    let expected = [
        by("create", json!("small"), "done", 201, Json::Null),
        by("create", json!("small"), "refused", 409, json!("LW0503")),
        by("create", Json::Null, "refused", 400, json!("LW0701")),
        by("change", json!("small"), "done", 200, Json::Null),
        by("reset", json!("small"), "done", 202, Json::Null),
        by("stop", json!("small"), "done", 200, Json::Null),
        by("start", json!("small"), "done", 200, Json::Null),
        json!(["default", "parked retry", "source", "orders", "refused", 404, "LW0501"]),
        json!(["default", "parked discard", "source", "orders", "done", 202, null]),
        json!(["default", "dead-letters discard", "reaction", "nope", "refused", 404, "LW0501"]),
        json!(["default", "backup", null, null, "done", 200, null]),
        by("remove", json!("small"), "done", 204, Json::Null),
        by("remove", json!("a%0Ab"), "refused", 404, json!("LW0501")),
        by("reset", json!("%ff"), "refused", 400, json!("LW0701")),
        json!(["control-socket", "reset", "query", "big", "done", 202, null]),
    ];
    assert_eq!(lines.iter().map(said).collect::<Vec<_>>(), expected);
    assert_eq!((&lines[7]["parameters"], &lines[0]["address"]), (&json!("number=7"), &json!("127.0.0.1")));
    assert_eq!(lines[14]["address"], Json::Null);
    assert!(lines.iter().all(|line| line["time"].as_str().unwrap().starts_with("20")));
    let mode = fs::metadata(running.folder.path().join("audit.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let log = running.stop();
    let logged: Vec<&str> = log.lines().filter(|line| line.contains(" audit: ")).collect();
    assert_eq!(logged.len(), expected.len(), "{log}");
    for part in ["reset done", "caller=control-socket", "id=\"big\"", "status=202"] {
        assert!(logged[14].contains(part), "{part}: {}", logged[14]);
    }
}

#[test]
fn changes_that_are_refused_for_their_caller_have_a_line_each_within_bounds() {
    let tokens = "  audit: { path: audit.jsonl }\n  tokens:\n    \
        - { name: ops, token: token-of-the-operator, scopes: [operate] }\n    \
        - { name: eyes, token: token-of-a-reader, scopes: [read] }\n";
    let mut running = Running::start_with(tokens, "", "");
    let refused = |token: &str, method: &str, path: &str, status: u16| {
        let token = format!("authorization: Bearer {token}\r\n");
        let token = if token.contains("Bearer none") { "" } else { &token };
        assert_eq!(running.ask(method, path, token, "").status, status, "{method} {path}");
    };
    refused("none", "POST", "/api/v1/queries/big/reset", 401);
    refused("token-of-nobody", "DELETE", "/api/v1/queries/big?really", 401);
    refused("token-of-a-reader", "DELETE", "/api/v1/queries/big", 403);
    refused("token-of-the-operator", "PUT", "/api/v1/sources/orders", 403);
    refused("none", "GET", "/api/v1/queries/big", 401);
    refused("none", "POST", "/api/v1/sources/orders/changes", 401);
    let line = |caller: &str, call: &str, kind: &str, id: &str, status: u16, code: &str| {
        json!([caller, call, kind, id, "refused", status, code])
    };
    let expected = [
        line("unknown", "reset", "query", "big", 401, "LW0707"),
        line("unknown", "remove", "query", "big", 401, "LW0707"),
        line("eyes", "remove", "query", "big", 403, "LW0740"),
        line("ops", "change", "source", "orders", 403, "LW0740"),
    ];
    let found = lines(&running);
    assert_eq!(found.iter().map(said).collect::<Vec<_>>(), expected);
    assert_eq!((&found[1]["parameters"], &found[1]["address"]), (&json!("really"), &json!("127.0.0.1")));

    for _ in 0..80 {
        refused("none", "POST", "/api/v1/backup", 401);
    }
    refused("token-of-a-reader", "POST", "/api/v1/backup", 403);
    let found = lines(&running);
    assert!((60..80).contains(&found.len()), "{}", found.len());
    assert_eq!(said(found.last().unwrap())[0], "eyes", "others do not hide it");
    let log = running.stop();
    assert_eq!(log.lines().filter(|line| line.contains(" audit: ")).count(), found.len());
}

#[test]
fn the_file_outlives_restarts_and_nobody_else_writes_to_it() {
    let mut running = start();
    running.ask("POST", "/api/v1/queries/big/reset", TOKEN, "");
    let reaction = r#"{"id":"sly","kind":"file","queries":["big"],"path":"audit.jsonl"}"#;
    let refused = running.ask("POST", "/api/v1/reactions", TOKEN, reaction);
    assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("LW0610")), "{}", refused.body);
    running.kill_and_start_again();
    running.ask("POST", "/api/v1/queries/big/stop", TOKEN, "");
    let calls: Vec<Json> = lines(&running).iter().map(|line| line["call"].clone()).collect();
    assert_eq!(calls, ["reset", "create", "stop"]);
}

#[test]
fn what_commands_do_while_nobody_runs_the_store_is_in_the_audit_log_of_the_next_run() {
    let mut running = start();
    running.ask("POST", "/api/v1/queries/big/stop", TOKEN, "");
    running.stop();
    let store = running.store();
    let copy = running.folder.path().join("copy");
    let (store, copy) = (store.to_str().unwrap(), copy.to_str().unwrap());
    let ran = |arguments: &[&str], code: i32| {
        let output = livewell(&[arguments, &["--store", store]].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    ran(&["reset", "big"], 0);
    ran(&["backup", copy], 0);
    ran(&["remove", "query", "big"], 0);
    ran(&["remove", "big"], 1);
    ran(&["status"], 0);
    let events = ran(&["events", "--what", "call", "--limit", "3"], 0);
    let uid = format!("uid:{}", fs::metadata(copy).unwrap().uid());
    for part in ["query big: reset by uid:", "backup by uid:", "query big: remove by uid:"] {
        assert!(events.contains(part), "{part}: {events}");
    }
    assert_eq!(lines(&running).len(), 1, "nobody ran it");

    running.start_again();
    let command = |call: &str, kind: Json, id: Json| json!([uid, call, kind, id, "done", null, null]);
    let expected = [
        json!(["default", "stop", "query", "big", "done", 200, null]),
        command("reset", json!("query"), json!("big")),
        command("backup", Json::Null, Json::Null),
        command("remove", json!("query"), json!("big")),
    ];
    let all = lines(&running);
    assert_eq!(all.iter().map(said).collect::<Vec<_>>(), expected);
    assert!(all.is_sorted_by_key(|line| line["time"].as_str().unwrap().to_owned()), "{all:#?}");
    assert_eq!(
        running.begun.lines().filter(|line| line.contains(" audit: ")).count(),
        3,
        "{}",
        running.begun
    );
    running.kill_and_start_again();
    assert_eq!(lines(&running).len(), expected.len(), "each is told once");

    // A restored store says where it comes from.
    let restored = running.folder.path().join("restored");
    let restored = restored.to_str().unwrap();
    assert!(livewell(&["restore", copy, "--into", restored]).status.success());
    let events = livewell(&["events", "--store", restored, "--format", "json"]);
    let event: Json = serde_json::from_slice(&events.stdout).unwrap();
    assert_eq!(
        (&event["call"], &event["caller"], &event["number"]),
        (&json!("restore"), &json!(uid), &json!(1))
    );
}

#[test]
fn an_audit_log_that_cannot_be_written_is_an_error_at_the_start() {
    let folder = tempfile::TempDir::new().unwrap();
    let config = folder.path().join("livewell.yaml");
    fs::write(&config, "store: { kind: memory }\nserver: { audit: { path: no/such/audit.jsonl } }\n")
        .unwrap();
    let output = livewell(&["run", config.to_str().unwrap(), "--until-idle"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("[LW0760]") && said.contains("no/such/audit.jsonl"), "{said}");
}
