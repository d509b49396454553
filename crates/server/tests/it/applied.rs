//! `livewell apply`, `POST /api/v1/apply` and SIGHUP: what is shown is what is done, and what is wrong changes nothing.

use super::running::{Running, orders};
use serde_json::{Value as Json, json};
use std::fs;
use std::process::Output;

fn apply(running: &Running, arguments: &[&str]) -> Output {
    let config = running.config();
    let first = ["apply", config.to_str().unwrap()];
    super::livewell(&[&first[..], arguments].concat())
}

fn said(output: &Output, code: i32) -> String {
    let text = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

fn rewrite(running: &Running, change: impl Fn(&str) -> String) {
    let text = fs::read_to_string(running.config()).unwrap();
    fs::write(running.config(), change(&text)).unwrap();
}

fn query(id: &str, over: i64) -> String {
    let cypher = format!("MATCH (o:Order) WHERE o.total > {over} RETURN o.id AS id");
    format!("  - {{ id: {id}, sources: [orders], cypher: \"{cypher}\" }}\n")
}

fn rows(running: &Running, query: &str, position: u64) -> usize {
    let path = format!("/api/v1/queries/{query}/results?position={position}&wait=20s");
    let results = running.get(&path).json();
    results["rows"].as_array().unwrap_or_else(|| panic!("{results}")).len()
}

fn wait_for_rows(running: &Running, query: &str, count: usize) {
    for _ in 0..400 {
        if running.get(&format!("/api/v1/queries/{query}")).status == 200 && rows(running, query, 0) == count
        {
            return;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
    panic!("`{query}` has not {count} rows: {}", running.get("/api/v1/queries").body);
}

const REACTIONS: &str = "reactions:\n  - { id: board, kind: file, queries: [small], path: board.jsonl, mode: table }\n  \
                         - { id: log, kind: file, queries: [small], path: log.jsonl }\n";

/// With the queries `small` and `other`, and reactions to `small`.
fn start() -> Running {
    let more = [query("small", 10), query("other", 20), REACTIONS.to_owned()].concat();
    let running = Running::start_with("", "", &more);
    running.wait_until_ready();
    running.post(&orders(&[15, 25, 150]));
    assert_eq!(rows(&running, "small", 3), 3);
    running
}

#[test]
fn a_plan_says_what_is_done_what_it_costs_and_who_receives_what() {
    let running = start();
    assert!(
        said(&apply(&running, &["--dry-run"]), 0).contains("nothing to do: 6 components are as they are")
    );
    rewrite(&running, |text| {
        text.replace("total > 10 ", "total > 20 ").replace(&query("other", 20), &query("new", 100))
    });
    let shown = said(&apply(&running, &["--dry-run"]), 0);
    for line in [
        "change  query     small                    cypher; rebuilt from 3 stored elements; its 3 rows stay until then; \
         `board` receives what differs; `log` continues with the next result",
        "create  query     new                      built from 3 stored elements",
        "keep    query     other                    not in the configuration; --prune removes it",
        "4 unchanged",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    assert_eq!(rows(&running, "small", 3), 3, "nothing was done");
    // Without a terminal nobody can be asked.
    assert!(said(&apply(&running, &[]), 2).contains("--yes"));

    assert!(said(&apply(&running, &["--yes"]), 0).contains("applied"));
    wait_for_rows(&running, "small", 2);
    wait_for_rows(&running, "new", 1);
    assert_eq!(rows(&running, "other", 3), 2, "it stays");
    assert!(said(&apply(&running, &["--dry-run"]), 0).contains("nothing to do"));
    let pruned = said(&apply(&running, &["--prune", "--yes"]), 0);
    assert!(pruned.contains("remove  query     other                    with its 2 rows"), "{pruned}");
    assert_eq!(running.get("/api/v1/queries/other").status, 404);
}

#[test]
fn what_would_be_in_error_is_refused_and_another_target_is_foretold() {
    let running = start();
    let keys = |prefix: &str, key: &str| {
        format!(
            "  - {{ id: keys, kind: redis, queries: [small], url: \"redis://127.0.0.1:1/\", prefix: \"{prefix}\", \
             key: [{key}] }}\n"
        )
    };
    rewrite(&running, |text| format!("{text}{}", keys("a:", "nope")));
    let refused = said(&apply(&running, &["--dry-run"]), 1);
    assert!(refused.contains("LW0606") && refused.contains("nope"), "{refused}");
    rewrite(&running, |text| text.replace("nope", "id"));
    assert!(said(&apply(&running, &["--yes"]), 0).contains("applied"));
    rewrite(&running, |text| text.replace("\"a:\"", "\"b:\""));
    let shown = said(&apply(&running, &["--dry-run"]), 0);
    let line = "change  reaction  keys                     prefix; all rows are written again, in another target; what the \
                former one has stays";
    assert!(shown.contains(line), "{shown}");
}

#[test]
fn the_plan_in_json_is_as_its_schema_says() {
    let running = start();
    rewrite(&running, |text| text.replace("total > 10 ", "total > 20 ").replace(&query("other", 20), ""));
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schemas/apply.schema.json");
    let schema = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for how in [&["--dry-run"][..], &["--yes", "--prune"]] {
        let output = apply(&running, &[how, &["--format", "json"]].concat());
        let plan: Json = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        let wrong: Vec<String> = validator.iter_errors(&plan).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?} {plan:#}");
    }
}

#[test]
fn the_next_start_finds_what_was_applied() {
    let mut running = start();
    rewrite(&running, |text| text.replace("total > 10 ", "total > 20 "));
    said(&apply(&running, &["--yes"]), 0);
    wait_for_rows(&running, "small", 2);
    // The rows, and where they are; not the state, which may be either.
    let shown = |running: &Running| {
        let results = running.get("/api/v1/queries/small/results").json();
        ["epoch", "sequence", "position", "rows"].map(|field| results[field].clone())
    };
    let before = shown(&running);
    running.kill_and_start_again();
    running.wait_until_ready();
    assert_eq!(shown(&running), before, "it is not rebuilt again");
    let definition = running.get("/api/v1/queries/small/definition").json();
    assert_eq!((&definition["by"], &definition["differs_from_file"]), (&json!("file"), &json!(false)));
}

#[test]
fn a_query_stops_reading_what_is_removed_with_the_same_step() {
    let running = start();
    let calls = format!("queries:\n{}", query("over", 10).replace("[orders]", "[orders, small]"));
    assert_eq!(running.ask("POST", "/api/v1/apply", "", &calls).status, 200);
    wait_for_rows(&running, "over", 3);
    // All but these three, of which one no longer reads what goes.
    let left = format!(
        "sources: [{{ id: orders, kind: http }}]\nqueries:\n{}{}",
        query("big", 100),
        query("over", 20)
    );
    let done = running.ask("POST", "/api/v1/apply?prune=true", "", &left);
    assert_eq!(done.status, 200, "{}", done.body);
    wait_for_rows(&running, "over", 2);
    for gone in ["queries/small", "queries/other", "reactions/board", "reactions/log"] {
        assert_eq!(running.get(&format!("/api/v1/{gone}")).status, 404, "{gone}");
    }
}

#[test]
fn what_is_wrong_changes_nothing() {
    let running = start();
    let whole = fs::read_to_string(running.config()).unwrap();
    for (wrong, code) in [
        (whole.replace("total > 10 ", "total >> 10 "), "LW1001"),
        (whole.replace("queries: [small], path: log", "queries: [none], path: log"), "LW0606"),
        (whole.replace("id: other", "id: board"), "LW0605"),
        (format!("{whole}  - {{ id: twice, kind: file, queries: [other], path: log.jsonl }}\n"), "LW0422"),
        ("sources: [".to_owned(), "LW06"),
    ] {
        fs::write(running.config(), &wrong).unwrap();
        let text =
            said(&apply(&running, &["--yes", "--prune", "--store", running.store().to_str().unwrap()]), 1);
        assert!(text.contains(code), "{code}: {text}");
        assert_eq!(rows(&running, "small", 3), 3);
        assert_eq!(running.get("/api/v1/queries/other").status, 200);
    }
    // What stays would write where a reaction of the file does.
    let moved = whole.replace("id: log, kind", "id: moved, kind");
    fs::write(running.config(), moved).unwrap();
    assert!(said(&apply(&running, &["--yes"]), 1).contains("log.jsonl"));
    said(&apply(&running, &["--yes", "--prune"]), 0);
    assert_eq!(running.get("/api/v1/reactions/log").status, 404);
}

#[test]
fn a_plan_that_is_no_longer_true_is_refused() {
    let running = start();
    rewrite(&running, |text| text.replace("total > 10 ", "total > 20 "));
    let plan = running.ask("POST", "/api/v1/apply?dry_run=true", "", "").json();
    assert_eq!((&plan["applied"], &plan["steps"][0]["id"]), (&json!(false), &json!("small")), "{plan}");
    let named = format!("/api/v1/apply?plan={}", plan["plan"].as_str().unwrap());
    assert_eq!(running.ask("DELETE", "/api/v1/queries/other", "", "").status, 204);
    let refused = running.ask("POST", &named, "", "");
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("LW0790")));
    let unknown = running.ask("POST", "/api/v1/apply?dry=true", "", "");
    assert_eq!((unknown.status, &unknown.json()["code"]), (400, &json!("LW0701")));
}

#[test]
fn another_configuration_is_applied_as_calls_would() {
    let running = start();
    let post = |how: &str, body: &str| running.ask("POST", &format!("/api/v1/apply?{how}"), "", body);
    let done = post("", &format!("queries:\n{}", query("new", 100))).json();
    assert_eq!(
        done["steps"],
        json!([{"kind": "query", "id": "new", "action": "create", "reads": 3}]),
        "{done}"
    );
    wait_for_rows(&running, "new", 1);
    assert_eq!(running.get("/api/v1/queries/new/definition").json()["by"], "call");
    // Calls may not read any file, and the message has no secret.
    for body in [
        "sources: [{ id: s, kind: file, path: /etc/passwd.csv, node: { label: L, id: '{a}' } }]",
        "reactions: [{ id: r, kind: webhook, queries: [small], url: 'https://example.com', secret: {file: /etc/hosts} }]",
        "queries: [{ id: q, sources: [orders], cypher: 'MATCH (n' }]",
        "[]",
        "queries: { include: queries/ }",
        "quries: []",
        "queries: [{ id: a, sources: [orders], cypher: 'MATCH (n) RETURN n.id AS id' }, { id: a, sources: [orders], cypher: 'MATCH (n) RETURN n.x AS id' }]",
        "queries: [{ sources: [orders], cypher: 'MATCH (n) RETURN n.id AS id' }]",
    ] {
        let refused = post("", body);
        assert_eq!(refused.status, 400, "{body}: {}", refused.body);
        assert!(
            refused.json()["rendered"].as_str().is_some_and(|text| text.contains("configuration:1:")),
            "{}",
            refused.body
        );
    }
    // By name: all but this one.
    let all = "sources: [{ id: orders, kind: http }]\nqueries:\n".to_owned() + &query("big", 100);
    let pruned = post("prune=true", &all).json();
    let gone: Vec<&str> = pruned["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["action"] == "remove")
        .map(|step| step["id"].as_str().unwrap())
        .collect();
    assert_eq!(gone.len(), 5, "{pruned}");
    let at = |id: &str| gone.iter().position(|one| *one == id).unwrap();
    assert!(at("board") < at("small") && at("log") < at("small"), "readers first: {gone:?}");
    let left: Vec<Json> = running.get("/api/v1/queries").json().as_array().unwrap().clone();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_hang_up_reads_the_file_and_leaves_what_calls_have_changed() {
    let mut running = start();
    let put = json!({"id": "other", "sources": ["orders"], "cypher": "MATCH (o:Order) RETURN o.id AS id"});
    assert_eq!(running.ask("PUT", "/api/v1/queries/other", "", &put.to_string()).status, 200);
    rewrite(&running, |text| text.replace("total > 10 ", "total > 20 "));
    running.hang_up();
    wait_for_rows(&running, "small", 2);
    wait_for_rows(&running, "other", 3);
    rewrite(&running, |text| text.replace("MATCH", "MTACH"));
    running.hang_up();
    running.wait_for_log("LW0791");
    assert_eq!(rows(&running, "small", 3), 2);
    // An apply says so, and undoes the call.
    rewrite(&running, |text| text.replace("MTACH", "MATCH"));
    let shown = said(&apply(&running, &["--yes"]), 0);
    assert!(shown.contains("change  query     other"), "{shown}");
    wait_for_rows(&running, "other", 2);
}
