//! What the store holds, of each component.

use crate::running::{Running, orders};
use crate::text;
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

const REACTION: &str =
    "reactions:\n  - { id: board, kind: file, queries: [big], path: board.jsonl, mode: table }\n";

fn held(running: &Running, asked: &str) -> Json {
    let answer = running.get(&format!("/api/v1/store{asked}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// Returns a component of a page.
fn one<'j>(store: &'j Json, id: &str) -> &'j Json {
    let found = store["components"].as_array().unwrap().iter().find(|one| one["id"] == id);
    found.unwrap_or_else(|| panic!("{id} in {store:#}"))
}

fn part<'j>(of: &'j Json, name: &str) -> &'j Json {
    let found = of["parts"].as_array().unwrap().iter().find(|part| part["part"] == name);
    found.unwrap_or_else(|| panic!("{name} in {of:#}"))
}

#[test]
fn what_each_component_has_is_counted_and_what_is_left_can_be_removed() {
    let mut running = Running::start_with("", "", REACTION);
    running.post(&orders(&[50, 150, 250]));
    running.get("/api/v1/queries/big/results?position=3&wait=20s");
    let store = held(&running, "");
    assert_eq!(store["position"], 3);
    for (id, name, entries) in
        [("orders", "rows", 3), ("orders", "log", 3), ("big", "rows", 2), ("big", "log", 2)]
    {
        let part = part(one(&store, id), name);
        assert_eq!((&part["entries"], &part["exact"]), (&json!(entries), &json!(true)), "{id} {name}");
    }
    assert_eq!(one(&store, "big")["added"], true);
    assert_eq!(
        (&one(&store, "board")["epoch"], &one(&store, "board")["kind"]),
        (&Json::Null, &json!("reaction"))
    );
    let bytes = |of: &Json| of["bytes"].as_u64().unwrap();
    let sum: u64 = store["components"].as_array().unwrap().iter().map(bytes).sum();
    let parts: u64 = store["parts"].as_array().unwrap().iter().map(bytes).sum();
    assert!(sum > 0 && sum < parts && parts < store["room"]["data_bytes"].as_u64().unwrap(), "{store:#}");

    // Pages are by id, and the last one says so.
    let first = held(&running, "?limit=2");
    let ids = |page: &Json| {
        let all = page["components"].as_array().unwrap().iter();
        all.map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((ids(&first), &first["next"]), (vec!["big".to_owned(), "board".to_owned()], &json!("board")));
    let second = held(&running, "?limit=2&after=board");
    assert_eq!((ids(&second), &second["next"]), (vec!["orders".to_owned()], &Json::Null));
    assert_eq!(running.get("/api/v1/store?limit=0").status, 400);

    let shown = running.command(&["store", "size"]);
    let shown = text(&shown.stdout);
    assert!(shown.contains("position  3") && shown.contains("board"), "{shown}");
    let config = std::fs::read_to_string(running.config()).unwrap();
    std::fs::write(running.config(), config.replace(REACTION, "")).unwrap();
    running.kill_and_start_again();
    assert_eq!(one(&held(&running, ""), "board")["added"], false);
    let shown = running.command(&["store", "size"]);
    assert!(text(&shown.stdout).contains("not in the configuration: board"), "{}", text(&shown.stdout));
    assert_eq!(running.ask("DELETE", "/api/v1/reactions/board", "", "").status, 204);
    let deadline = Instant::now() + Duration::from_secs(20);
    while ids(&held(&running, "")).contains(&"board".to_owned()) {
        assert!(Instant::now() < deadline);
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let name = running.store();
    running.stop();
    let offline = crate::livewell(&["store", "size", "--store", name.to_str().unwrap()]);
    assert!(text(&offline.stdout).contains("orders"), "{offline:?}");
}

#[test]
fn large_parts_are_estimated_and_say_so() {
    let running = Running::start();
    let totals: Vec<i64> = (0..6_000).map(|at| 101 + at).collect();
    running.post(&orders(&totals));
    let there = running.get("/api/v1/queries/big/results?limit=1&position=6000&wait=60s");
    assert_eq!(there.status, 200, "{}", there.body);
    let store = held(&running, "");
    for (id, name) in [("orders", "rows"), ("orders", "log"), ("big", "rows")] {
        let part = part(one(&store, id), name);
        let entries = part["entries"].as_f64().unwrap();
        assert_eq!(part["exact"], false, "{part}");
        assert!((4_800.0..7_200.0).contains(&entries), "{id} {name}: {part}");
    }
    assert_eq!(one(&store, "big")["exact"], false);
}

#[test]
fn a_store_in_memory_is_measured_in_the_same_way() {
    let running = Running::of(
        "store: { kind: memory }\nserver: { listen: '127.0.0.1:0' }\nsources:\n  - { id: orders, kind: http }\n",
    );
    running.post(&orders(&[50, 150]));
    let store = held(&running, "");
    assert_eq!(part(one(&store, "orders"), "rows")["entries"], 2);
    assert_eq!((&store["reusable_bytes"], &store["room"]["kind"]), (&Json::Null, &json!("memory")));
}
