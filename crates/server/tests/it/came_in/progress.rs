//! How far a source is outside: by file, by table of a real PostgreSQL, and what the server holds back for it.

use crate::running::Running;
use livewell_services::{Postgres, pause};
use serde_json::{Value as Json, json};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Asks until the answer is as it is waited for.
#[track_caller]
fn until(running: &Running, source: &str, is: impl Fn(&Json) -> bool) -> Json {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let progress = running.get(&format!("/api/v1/sources/{source}/progress")).json();
        if is(&progress) {
            return progress;
        }
        assert!(Instant::now() < deadline, "{progress:#}");
        pause(Duration::from_millis(50));
    }
}

#[test]
fn each_file_of_a_list_is_read_in_its_turn_with_the_bytes_that_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let lines = |name: &str, count: usize| {
        let change = |at| {
            format!(
                r#"{{"operation":"update","element":{{"type":"node","id":"{name}{at:05}","labels":["N"]}}}}"#
            ) + "\n"
        };
        let text: String = (0..count).map(change).collect();
        std::fs::write(folder.path().join(name), &text).unwrap();
        text.len() as u64
    };
    let lengths =
        [("one.jsonl", 10), ("two.jsonl", 4_000), ("three.jsonl", 5)].map(|(name, count)| lines(name, count));
    let path = |name: &str| folder.path().join(name).display().to_string();
    let files = ["one.jsonl", "two.jsonl", "three.jsonl"].map(|name| format!("{{ path: '{}' }}", path(name)));
    let config = |rate: &str| {
        format!(
            "store: {{ kind: embedded, path: data, durability: os }}\nserver: {{ listen: '127.0.0.1:0' }}\n\
             sources: [ {{ id: files, kind: file, files: [ {} ]{rate} }} ]\nqueries: []\n",
            files.join(", ")
        )
    };
    let running = Running::of(&config(", rate: 40"));
    let all: u64 = lengths.iter().sum();
    let reading = until(&running, "files", |progress| {
        progress["parts"][1]["state"] == "under_way"
            && progress["parts"][1]["done"].as_u64() > Some(0)
            && progress["seconds_left"].is_number()
    });
    let parts = reading["parts"].as_array().unwrap();
    let part = |at: usize| (&parts[at]["state"], &parts[at]["total"], parts[at]["done"].as_u64().unwrap());
    assert_eq!(part(0), (&json!("done"), &json!(lengths[0]), lengths[0]));
    let read = part(1).2;
    assert!(read < lengths[1], "{reading:#}");
    assert_eq!(part(2), (&json!("waiting"), &json!(lengths[2]), 0));
    assert_eq!(parts[1]["name"], json!(path("two.jsonl")));
    let said = ["done", "total", "unit", "parts_total", "copying", "held"].map(|name| reading[name].clone());
    assert_eq!(json!(said), json!([lengths[0] + read, all, "bytes", 3, false, null]));
    let rate = reading["per_second"].as_f64().unwrap();
    let left = reading["seconds_left"].as_f64().unwrap();
    let expected = (all - lengths[0] - read) as f64 / rate;
    assert!(rate > 0.0 && (left - expected).abs() <= expected * 0.1, "{reading:#}");
    drop(running);

    let running = Running::of(&config(""));
    let last = lengths[0] + lengths[1] + lengths[2];
    let read = until(&running, "files", |progress| progress["done"] == json!(last));
    assert_eq!((&read["seconds_left"], &read["behind_bytes"]), (&Json::Null, &json!(0)), "{read:#}");
    assert_eq!(running.get("/api/v1/sources/nothing/progress").status, 404);
}

#[test]
fn a_copy_shows_each_table_and_a_slot_what_the_server_holds_back_for_it() {
    let postgres = Postgres::start();
    postgres.sql(
        "create table a (id int primary key, x text); create table b (id int primary key); \
         insert into a select g, repeat('x', 50) from generate_series(1, 5000) g; insert into b values (1); analyze",
    );
    let running = Running::of(&format!(
        "store: {{ kind: embedded, path: data, durability: os }}\nserver: {{ listen: '127.0.0.1:0' }}\n\
         sources:\n  - id: shop\n    kind: postgres\n    url: '{}'\n    slot: shown\n    \
         tables: [ {{ table: a }}, {{ table: b }} ]\nqueries: []\n",
        postgres.url()
    ));
    until(&running, "shop", |progress| progress["state"] == "caught_up");
    // Somebody has the second table to themselves, so that no copy of it can end.
    let mut psql = postgres.program("psql");
    psql.args(["-X", "-q", "-c", "begin; lock table b; select pg_sleep(600)"]).stderr(Stdio::null());
    let mut locked = psql.spawn().unwrap();
    while postgres.sql("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") != "1" {
        pause(Duration::from_millis(10));
    }
    assert!(running.command(&["reset", "shop", "--table", "a", "--table", "b"]).status.success());
    let part = |progress: &Json, name: &str| {
        let mut parts = progress["parts"].as_array().into_iter().flatten();
        parts.find(|part| part["name"] == name).cloned()
    };
    let copying = until(&running, "shop", |progress| {
        progress["copying"] == true && part(progress, "public.b").is_some()
    });
    let waits = part(&copying, "public.b").unwrap();
    assert_eq!(
        (&waits["done"], &waits["unit"], &copying["unit"]),
        (&json!(0), &json!("rows"), &json!("rows"))
    );
    assert_ne!(waits["state"], "done");
    postgres.sql("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'");
    locked.wait().unwrap();
    let followed =
        until(&running, "shop", |progress| progress["copying"] == false && progress["state"] == "caught_up");
    assert_eq!((&followed["parts"], &followed["parts_total"]), (&json!([]), &json!(0)));
    assert_eq!(running.get("/api/v1/sources/shop").json()["rows"], json!(5_001));

    let held = until(&running, "shop", |progress| progress["held"]["bytes"].is_u64());
    assert_eq!((&held["held"]["kind"], &held["held"]["name"]), (&json!("slot"), &json!("shown")));
    assert_eq!((&held["held"]["left_bytes"], &held["held"]["limit_bytes"]), (&Json::Null, &Json::Null));
    postgres.sql("alter system set max_slot_wal_keep_size = '256MB'");
    postgres.sql("select pg_reload_conf(); insert into b values (2)");
    let held = until(&running, "shop", |progress| {
        progress["held"]["left_bytes"].is_u64() && progress["last_commit"].is_string()
    });
    let [bytes, left, limit] =
        ["bytes", "left_bytes", "limit_bytes"].map(|name| held["held"][name].as_u64().unwrap());
    assert_eq!(limit, bytes + left, "{held:#}");
    assert!(held["last_commit"].is_string() && held["behind_bytes"].is_u64(), "{held:#}");
}
