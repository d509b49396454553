//! What calls have made and changed is there again after a restart, without secrets, and differences are told.

use super::running::{Running, orders};
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;

const SMALL: &str = "MATCH (o:Order) WHERE o.total <= 100 RETURN o.id AS id";
const NARROW: &str = "MATCH (o:Order) WHERE o.total > 200 RETURN o.id AS id, o.total AS total";

fn send(running: &Running, method: &str, path: &str, body: &Json) -> (u16, Json) {
    let answer = running.ask(method, path, "", &body.to_string());
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Json::Null))
}

fn results(running: &Running, query: &str, position: u64) -> Json {
    running.get(&format!("/api/v1/queries/{query}/results?position={position}&wait=20s")).json()
}

fn rows(results: &Json) -> usize {
    results["rows"].as_array().unwrap_or_else(|| panic!("{results}")).len()
}

/// Waits until a changed query is rebuilt; until then its rows are the old ones.
fn wait_for_rows(running: &Running, query: &str, count: usize) {
    for _ in 0..400 {
        if rows(&results(running, query, 0)) == count {
            return;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
    panic!("{}", results(running, query, 0));
}

#[test]
fn what_calls_have_made_continues_after_a_kill_where_it_was() {
    let mut running = Running::start();
    // The one that is read is made later than the one that reads, so their order does not help.
    let base = json!({"id": "base", "sources": ["orders"], "cypher": SMALL, "as": "Small"});
    assert_eq!(send(&running, "POST", "/api/v1/queries", &base).0, 201);
    let over = json!({"id": "over", "sources": ["base"], "cypher": "MATCH (s:Small) RETURN s.id AS id"});
    assert_eq!(send(&running, "POST", "/api/v1/queries", &over).0, 201);
    let other = json!({"id": "later", "kind": "http"});
    assert_eq!(send(&running, "POST", "/api/v1/sources", &other).0, 201);
    let base = json!({"id": "base", "sources": ["orders", "later"], "cypher": SMALL, "as": "Small"});
    assert_eq!(send(&running, "PUT", "/api/v1/queries/base", &base).0, 200);
    let reaction =
        json!({"id": "file", "kind": "file", "queries": ["over"], "path": "livewell-files/over.jsonl"});
    assert_eq!(send(&running, "POST", "/api/v1/reactions", &reaction).0, 201);
    running.post(&orders(&[50, 60]));
    let before = results(&running, "over", 2);
    assert_eq!(rows(&before), 2);

    running.kill_and_start_again();
    running.wait_until_ready();
    let after = results(&running, "over", 2);
    assert_eq!(after, before, "not rebuilt, and nothing came twice");
    running.post(&orders(&[50, 60, 70]));
    assert_eq!(rows(&results(&running, "over", 3)), 3);
    for (kind, id) in [("sources", "later"), ("queries", "base"), ("queries", "over"), ("reactions", "file")]
    {
        let one = running.get(&format!("/api/v1/{kind}/{id}")).json();
        assert_eq!((&one["configured"], &one["differs_from_file"]), (&json!(true), &json!(false)), "{one}");
        let definition = running.get(&format!("/api/v1/{kind}/{id}/definition")).json();
        assert_eq!(
            (&definition["by"], &definition["in_file"]),
            (&json!("call"), &Json::Null),
            "{definition}"
        );
    }
    assert_eq!(running.get("/api/v1/queries/base/definition").json()["definition"], base);

    // What a call has removed does not come back.
    assert_eq!(send(&running, "DELETE", "/api/v1/reactions/file", &Json::Null).0, 204);
    running.kill_and_start_again();
    running.wait_until_ready();
    assert_eq!(running.get("/api/v1/reactions/file").status, 404);
    assert_eq!(running.get("/api/v1/queries/over").status, 200);
}

#[test]
fn a_change_by_a_call_holds_until_the_file_changes_and_is_told_meanwhile() {
    let mut running = Running::start();
    running.post(&orders(&[150, 250]));
    let unchanged = running.get("/api/v1/queries/big/definition").json();
    assert_eq!((&unchanged["by"], &unchanged["differs_from_file"]), (&json!("file"), &json!(false)));
    let narrow = json!({"id": "big", "sources": ["orders"], "cypher": NARROW});
    let (status, changed) = send(&running, "PUT", "/api/v1/queries/big", &narrow);
    assert_eq!((status, &changed["differs_from_file"]), (200, &json!(true)));

    running.kill_and_start_again();
    running.wait_until_ready();
    wait_for_rows(&running, "big", 1);
    let definition = running.get("/api/v1/queries/big/definition").json();
    assert_eq!((&definition["by"], &definition["definition"]), (&json!("call"), &narrow));
    assert_eq!(definition["in_file"], unchanged["definition"]);
    let shown = String::from_utf8(running.command(&["status"]).stdout).unwrap();
    assert!(shown.contains("big: runs as a call has changed it"), "{shown}");
    let log = &running.begun;
    assert!(log.contains("runs as a call has changed it, not as the file says"), "{log}");
    running.stop();

    // The file was changed after the call, so it is what is wanted.
    let file = fs::read_to_string(running.config()).unwrap();
    fs::write(running.config(), file.replace("o.total > 100", "o.total > 0")).unwrap();
    running.start_again();
    running.wait_until_ready();
    wait_for_rows(&running, "big", 2);
    let definition = running.get("/api/v1/queries/big/definition").json();
    assert_eq!((&definition["by"], &definition["differs_from_file"]), (&json!("file"), &json!(false)));
    let log = &running.begun;
    assert!(log.contains("runs as the file says, which was changed after a call"), "{log}");
    running.stop();

    // A call that says what the file says leaves no difference.
    running.start_again();
    running.wait_until_ready();
    assert_eq!(send(&running, "PUT", "/api/v1/queries/big", &narrow).1["differs_from_file"], json!(true));
    let (_, same) = send(&running, "PUT", "/api/v1/queries/big", &definition["definition"]);
    assert_eq!(same["differs_from_file"], json!(false), "{same}");
}

#[test]
fn secrets_are_never_in_the_store_and_what_needs_one_says_so() {
    let config = "store: { kind: embedded, path: data }\n\
                  server:\n  listen: 127.0.0.1:0\n  allowed_environment: [KEPT_SECRET]\n\
                  sources: [{ id: orders, kind: http }]\n\
                  queries: [{ id: q, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id\" }]\n\
                  reactions:\n  - id: filed\n    kind: webhook\n    queries: [q]\n    url: http://127.0.0.1:9/hook\n    allow_private: true\n    \
                  secret: whsec_dGhlLWZpbGVzLXMzY3JldHRoZS1maWxlcy1zM2NyZXQ=\n";
    let mut running = Running::with_environment(
        config,
        vec![("KEPT_SECRET", "whsec_dGhlLXZhcmlhYmxlcy1zM2NyZXR0aGUtdmFyaWFibGVzLXMzY3JldA==".into())],
    );
    let hook = |id: &str, secret: &str| {
        json!({"id": id, "kind": "webhook", "queries": ["q"], "url": "http://127.0.0.1:9/hook",
            "allow_private": true, "secret": secret})
    };
    let literal = hook("literal", "whsec_dGhlLWNhbGxzLXMzY3JldHRoZS1jYWxscy1zM2NyZXQ=");
    assert_eq!(send(&running, "POST", "/api/v1/reactions", &literal).0, 201);
    assert_eq!(send(&running, "POST", "/api/v1/reactions", &hook("named", "${KEPT_SECRET}")).0, 201);
    let definition = running.get("/api/v1/reactions/filed/definition").json();
    assert_eq!(
        definition["definition"]["secret"]["secret_at"],
        json!("reactions/filed/secret"),
        "{definition}"
    );
    running.stop();
    assert_eq!(found_in(&running.store(), "whsec_"), Vec::<String>::new());

    running.start_again();
    running.wait_until_ready();
    let named = running.get("/api/v1/reactions/named").json();
    assert_eq!(named["configured"], json!(true), "{named}");
    let stopped = running.get("/api/v1/reactions/literal").json();
    assert_eq!((&stopped["configured"], &stopped["state"]), (&json!(false), &json!("stopped")), "{stopped}");
    // Brought again, it continues.
    assert_eq!(send(&running, "POST", "/api/v1/reactions", &literal).0, 201);
    let log = running.begun.clone() + &running.stop();
    assert!(log.contains("LW0724") && log.contains("reactions/literal/secret"), "{log}");
    assert!(!log.contains("whsec_"), "{log}");
}

/// The files below `folder` that hold the text.
fn found_in(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(found_in(&path, text));
        } else if fs::read(&path)
            .is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
        {
            found.push(path.display().to_string());
        }
    }
    found
}
