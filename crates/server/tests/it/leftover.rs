//! Starting, stopping and removing components by command; what a configuration no longer has; who reads what.

use super::control::Run;
use super::place::{Place, Ran};
use super::running::{Running, orders};
use livewell_services::Postgres;
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

const OPS: &str = "sources:
  - { id: ops, kind: file, path: ops.jsonl }
";
const QUERIES: &str = "queries:
  - { id: too-hot, sources: [ops], cypher: \"MATCH (n:N) WHERE n.x > 1 RETURN n.x AS x\" }
  - { id: old, sources: [ops], cypher: \"MATCH (n:N) RETURN n.x AS x\" }
  - { id: older, sources: [old], cypher: \"MATCH (n:old) RETURN n.x AS x\" }
reactions:
  - { id: hook, kind: file, queries: [old], path: old.jsonl }
";

fn whole() -> String {
    format!("{OPS}{QUERIES}")
}

/// Without `old` and what reads it.
fn smaller() -> String {
    let kept = QUERIES.lines().filter(|line| !line.contains("old"));
    format!("{OPS}{}", kept.fold(String::new(), |text, line| text + line + "\n").replace("reactions:\n", ""))
}

fn nodes() -> Vec<String> {
    let node = |(at, x): (usize, i64)| {
        json!({ "operation": "insert", "element": { "type": "node", "id": format!("n{at}"), "labels": ["N"], "properties": { "x": x } } })
            .to_string()
    };
    [1, 2, 3].into_iter().enumerate().map(node).collect()
}

fn place(config: &str) -> Place {
    let nodes = nodes();
    Place::new(config, &nodes.iter().map(String::as_str).collect::<Vec<_>>())
}

fn status(place: &Place, how: &[&str]) -> Json {
    let ran = place.livewell(&[&["status", "--format", "json"], how].concat());
    serde_json::from_str(&ran.expect(0, &[]).out).unwrap()
}

fn one<'j>(status: &'j Json, id: &str) -> Option<&'j Json> {
    let all = status.as_object().unwrap().values().flat_map(|all| all.as_array().unwrap());
    all.into_iter().find(|one| one["id"] == id)
}

#[test]
fn components_are_stopped_and_started_by_command_with_their_kind_or_without() {
    let run = Run::start(place(&whole()));
    run.until(&["results", "old"], "\"x\":3");
    let place = &run.place;
    for (arguments, id) in
        [(&["old"][..], "old"), (&["query", "old"], "old"), (&["reaction", "hook"], "hook")]
    {
        let with = |verb: &str| place.livewell(&[&[verb], arguments].concat());
        assert!(with("stop").expect(0, &[]).out.contains(&format!("livewell start {id}")));
        assert_eq!(one(&status(place, &[]), id).unwrap()["state"], "stopped");
        with("start").expect(0, &[]);
        run.until(&["status"], "caught_up");
        assert_ne!(one(&status(place, &[]), id).unwrap()["state"], "stopped");
    }
    for verb in ["stop", "start", "remove", "reset"] {
        place.livewell(&[verb, "source", "old"]).expect(1, &["LW0501", "source `old`"]);
        place.livewell(&[verb, "sorce", "ops"]).expect(2, &["`sorce` is not a kind"]);
        place.livewell(&[verb, "too-hott"]).expect(1, &["LW0501", "did you mean `too-hot`?"]);
        place.livewell(&[verb]).expect(2, &["ID"]);
    }
}

#[test]
fn what_others_read_is_not_removed_and_they_are_named() {
    let run = Run::start(place(&whole()));
    run.until(&["results", "old"], "\"x\":3");
    let place = &run.place;
    place.livewell(&["remove", "ops"]).expect(1, &["LW0535", "`too-hot`", "`old`"]);
    place.livewell(&["remove", "query", "old"]).expect(1, &["LW0535", "`older`", "`hook`"]);
    for id in ["hook", "older", "old"] {
        assert!(place.livewell(&["remove", id]).expect(0, &[]).out.contains(&format!("`{id}` is removed")));
    }
    assert_eq!(one(&status(place, &[]), "old"), None);
    place.livewell(&["results", "old"]).expect(1, &["LW0501"]);
}

#[test]
fn what_a_configuration_no_longer_has_is_marked_and_removed_while_the_rest_runs() {
    let place = place(&whole());
    place.run().expect(0, &[]);
    place.write("livewell.yaml", &smaller());
    let run = Run::start(place);
    let place = &run.place;
    let shown = status(place, &[]);
    assert_eq!(one(&shown, "too-hot").unwrap()["configured"], true);
    let old = one(&shown, "old").unwrap();
    assert_eq!(
        (&old["state"], &old["configured"], &old["rows"]),
        (&json!("stopped"), &json!(false), &json!(3))
    );
    assert!(place.livewell(&["status"]).out.contains("old: not in the configuration; `livewell remove old`"));
    for verb in ["start", "stop", "reset"] {
        place.livewell(&[verb, "old"]).expect(1, &["LW0716", "livewell remove old"]);
    }
    assert_eq!(
        place.livewell(&["results", "old"]).expect(0, &[]).out.lines().count(),
        3,
        "its rows are still there"
    );
    place.livewell(&["remove", "old"]).expect(1, &["LW0535", "`older`", "`hook`"]);
    for id in ["older", "hook", "old"] {
        place.livewell(&["remove", id]).expect(0, &[]);
        assert_eq!(one(&status(place, &[]), id), None);
    }
    let place = run.stop();
    let inspected = place.livewell(&["store", "inspect", "livewell-data"]);
    assert!(!inspected.expect(0, &[]).out.contains("old"), "{}", inspected.out);
    // What comes back under the id is another one.
    place.write("livewell.yaml", &whole());
    place.run().expect(0, &[]);
    assert_eq!(one(&status(&place, &["--store", "livewell-data"]), "old").unwrap()["epoch"], "2");
    assert_eq!(place.results("older").lines().count(), 3);
}

#[test]
fn leftovers_are_marked_and_removed_without_a_run() {
    let place = place(&whole());
    place.run().expect(0, &[]);
    // What is in the configuration comes back with the next run, so it is not removed.
    place.livewell(&["remove", "too-hot"]).expect(1, &["LW0723", "livewell reset too-hot"]);
    place.write("livewell.yaml", &smaller());
    let shown = status(&place, &[]);
    assert_eq!(one(&shown, "old").unwrap()["configured"], false);
    assert_eq!(one(&shown, "ops").unwrap()["configured"], true);
    let by_store = status(&place, &["--store", "livewell-data"]);
    assert_eq!(one(&by_store, "old").unwrap()["configured"], Json::Null, "a store alone does not know");
    place.livewell(&["remove", "old"]).expect(1, &["LW0535", "`older`", "`hook`"]);
    place.livewell(&["remove", "older", "--config", "livewell.yaml"]).expect(0, &[]);
    place.livewell(&["remove", "reaction", "hook", "--store", "livewell-data"]).expect(0, &[]);
    place.livewell(&["remove", "source", "old", "--store", "livewell-data"]).expect(1, &["`old` is a query"]);
    place.livewell(&["remove", "old", "--store", "livewell-data"]).expect(0, &[]);
    place.livewell(&["remove", "old", "--store", "livewell-data"]).expect(1, &["LW0501"]);
    place
        .livewell(&["remove", "too-hott", "--store", "livewell-data"])
        .expect(1, &["did you mean `too-hot`?"]);
    assert_eq!(status(&place, &[])["queries"].as_array().unwrap().len(), 1);
    place.run().expect(0, &[]);
    assert_eq!(place.results("too-hot").lines().count(), 2);
}

#[test]
fn an_unknown_id_is_answered_with_the_one_that_was_meant() {
    let running = Running::start();
    running.post(&orders(&[250]));
    for (method, path) in [
        ("GET", "/api/v1/queries/bigg"),
        ("GET", "/api/v1/queries/bigg/results"),
        ("GET", "/api/v1/queries/bigg/changes"),
        ("GET", "/api/v1/queries/bigg/explain"),
        ("POST", "/api/v1/queries/bigg/verify"),
        ("POST", "/api/v1/queries/bigg/stop"),
        ("DELETE", "/api/v1/queries/bigg"),
    ] {
        let answer = running.ask(method, path, "", "");
        let problem = answer.json();
        assert_eq!((answer.status, &problem["code"]), (404, &json!("LW0501")), "{method} {path}");
        assert!(problem["detail"].as_str().unwrap().contains("did you mean `big`?"), "{problem}");
    }
    let other = running.get("/api/v1/queries/orders").json();
    assert_eq!(other["detail"], "`orders` is a source, not a query");
    let far = running.get("/api/v1/sources/nowhere-near").json();
    assert!(far["detail"].as_str().unwrap().contains("known are `orders`"), "{far}");
    let read = running.ask("DELETE", "/api/v1/sources/orders", "", "");
    assert_eq!((read.status, &read.json()["code"]), (409, &json!("LW0535")));
    assert!(read.json()["detail"].as_str().unwrap().contains("`big`"), "{}", read.body);
    for command in ["results", "verify"] {
        Ran::from(running.command(&[command, "bigg"])).expect(1, &["did you mean `big`?"]);
    }
}

#[test]
fn a_removed_database_takes_its_slot_along_or_is_said_to_have_left_it() {
    let postgres = Postgres::start();
    postgres.sql("create table t (id int primary key)");
    let url = postgres.url();
    let shop = format!("  - {{ id: shop, kind: postgres, url: \"{url}\", tables: [ {{ table: t }} ] }}\n");
    let slots = || postgres.sql("select slot_name from pg_replication_slots").trim().to_owned();
    let start = || {
        let running = Running::start_with("", &shop, "");
        wait_until("it follows", || running.get("/api/v1/sources/shop").json()["state"] == "caught_up");
        running
    };
    let running = start();
    assert!(slots().starts_with("livewell"), "{}", slots());
    assert_eq!(Ran::from(running.command(&["remove", "shop"])).expect(0, &[]).err, "");
    wait_until("its slot is dropped", || slots().is_empty());

    for is_running in [true, false] {
        let mut running = start();
        running.stop();
        let config = std::fs::read_to_string(running.config()).unwrap().replace(&shop, "");
        std::fs::write(running.config(), config).unwrap();
        let store = running.store();
        if is_running {
            running.kill_and_start_again();
        }
        let removed = Ran::from(super::livewell(&["remove", "shop", "--store", store.to_str().unwrap()]));
        let (_, statement) = removed.expect(0, &["its replication slot"]).err.split_once("SELECT ").unwrap();
        assert!(statement.contains(&slots()) && !slots().is_empty(), "{statement}");
        postgres.sql(&format!("select {statement}"));
        assert_eq!(slots(), "");
    }
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn a_source_resumes_by_command_once_its_line_is_corrected() {
    let nodes = nodes();
    let place = Place::new(&smaller(), &[&nodes[0], "nonsense"]);
    let run = Run::spawned(place);
    run.until(&["status"], "LW0201");
    // It fails at the same line, before the command has seen its state or after that.
    let started = run.place.livewell(&["start", "ops"]);
    assert!(matches!(started.status.code(), Some(0 | 1)), "{started:?}");
    run.until(&["status"], "LW0201");
    run.place.write("ops.jsonl", &format!("{}\n{}\n", nodes[0], nodes[1]));
    assert!(run.place.livewell(&["start", "ops"]).expect(0, &[]).out.contains("`ops` is started"));
    run.until(&["results", "too-hot"], "\"x\":2");
}
