//! What needs somebody, and that what is said to do about it works.

use crate::running::{Running, orders};
use crate::text;
use livewell_services::{Act, Postgres, Web, pause};
use serde_json::{Value as Json, json};
use std::process::Stdio;
use std::time::{Duration, Instant};

const QUERIES: &str = "  - { id: share, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id, 100 / o.total AS share' }
  - { id: above, sources: [share], cypher: 'MATCH (s:share) RETURN s.id AS id' }
reactions:
  - { id: says, kind: log, queries: [above] }
  - { id: board, kind: file, queries: [big], path: board.jsonl, mode: table }
";

fn needs(running: &Running) -> Vec<Json> {
    let needs = running.get("/api/v1/needs").json();
    assert_eq!(needs["total"].as_u64().unwrap(), needs["needs"].as_array().unwrap().len() as u64);
    // How full the disk is that these tests run on is not what they are about.
    let is_of_disk = |need: &Json| need["reason"].as_str().unwrap().starts_with("the disk of the store has");
    let needs = needs["needs"].as_array().unwrap().iter();
    needs.filter(|need| !is_of_disk(need)).cloned().collect()
}

/// Waits until exactly these are the needs, and returns them.
fn until(running: &Running, expected: &[(&str, &str)]) -> Vec<Json> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let needs = needs(running);
        let of = |need: &Json| (need["what"].clone(), need["component"]["id"].clone());
        let found: Vec<_> = needs.iter().map(of).collect();
        if found
            .iter()
            .map(|(what, id)| (what.as_str().unwrap(), id.as_str().unwrap_or("-")))
            .eq(expected.to_vec())
        {
            return needs;
        }
        assert!(Instant::now() < deadline, "{needs:#?}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn act(running: &Running, need: &Json, which: usize) {
    let action = &need["actions"][which];
    let (method, path) = (action["method"].as_str().unwrap(), action["path"].as_str().unwrap());
    let done = running.ask(method, path, "", "");
    assert!(done.status < 300, "{action}: {}", done.body);
}

#[test]
fn a_query_in_error_says_what_it_holds_up_and_its_action_mends_it() {
    let running = Running::start_with("", "", QUERIES);
    running.post(&orders(&[50, 150]));
    running.get("/api/v1/queries/above/results?position=2&wait=20s");
    assert!(until(&running, &[]).is_empty(), "nothing needs anybody");
    running.post(orders(&[50, 150, 0]).lines().last().unwrap());
    let needs = until(&running, &[("error", "share")]);
    let need = &needs[0];
    assert_eq!((&need["severity"], &need["code"]), (&json!("error"), &json!("LW0510")), "{need}");
    assert_eq!(need["holds_up"], json!({ "ids": ["above", "says"], "count": 2 }));
    assert!(need["reason"].as_str().unwrap().contains("divided by zero"), "{need}");
    assert_eq!(
        (&need["actions"][0]["label"], &need["actions"][0]["destroys"]),
        (&json!("Rebuild"), &json!(false))
    );
    let status = running.command(&["status"]);
    let status = text(&status.stdout);
    let since = need["since"].as_str().unwrap();
    assert!(
        status.contains(&format!("share: since {since}: {} [LW0510]\n", need["reason"].as_str().unwrap())),
        "{status}"
    );
    assert!(status.contains(&format!("share: fix: {}\n", need["fix"].as_str().unwrap())), "{status}");
    running.post("{\"operation\":\"delete\",\"id\":\"o3\"}");
    act(&running, need, 0);
    until(&running, &[]);
    running.get("/api/v1/queries/above/results?position=4&wait=20s");
    assert_eq!(running.get("/api/v1/queries/above/results").json()["rows"].as_array().unwrap().len(), 2);
}

#[test]
fn parked_input_needs_somebody_until_it_is_taken_in_or_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.jsonl");
    std::fs::write(&path, format!("{}not json\n", orders(&[150]))).unwrap();
    let running = Running::of(&format!(
        "store: {{ kind: embedded, path: data }}\nserver: {{ listen: '127.0.0.1:0' }}\n\
         sources:\n  - {{ id: orders, kind: file, path: '{}', on_error: park }}\n",
        path.display()
    ));
    let needs = until(&running, &[("parked", "orders")]);
    let need = &needs[0];
    assert_eq!(
        (&need["severity"], &need["reason"]),
        (&json!("warning"), &json!("1 piece of input is parked"))
    );
    let status = running.command(&["status", "--format", "json"]);
    let status: Json = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["needs"], json!(needs), "the command shows the same");
    act(&running, need, 0);
    until(&running, &[("parked", "orders")]);
    assert_eq!(need["actions"][1]["destroys"], true);
    act(&running, need, 1);
    until(&running, &[]);
}

#[test]
fn an_address_without_tls_needs_somebody_and_comes_after_what_stands_still() {
    let running = Running::of(
        "store: { kind: memory }\nserver: { listen: '0.0.0.0:0', insecure: true, token: a-token-of-the-test }\n\
         sources:\n  - { id: orders, kind: file, path: no-such-file.jsonl }\n",
    );
    let ask = |path: &str| {
        let at = running.address.replace("0.0.0.0", "127.0.0.1");
        let headers = "authorization: Bearer a-token-of-the-test\r\nconnection: close\r\n";
        crate::running::answer(crate::running::send(&at, "GET", path, headers, "")).json()
    };
    while ask("/api/v1/sources/orders")["error"].is_null() {
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let needs = ask("/api/v1/needs")["needs"].clone();
    let needs: Vec<_> = needs.as_array().unwrap().iter().map(|need| &need["what"]).collect();
    assert!(needs.contains(&&json!("settings")) && needs.len() == 2, "{needs:?}");
}

/// A query without a condition, whose results a webhook delivers.
fn hooked(web: &Web, more_of_query: &str, more_of_hook: &str) -> Running {
    Running::of(&format!(
        "store: {{ kind: embedded, path: data }}\nserver: {{ listen: '127.0.0.1:0' }}\n\
         sources:\n  - {{ id: orders, kind: http }}\n\
         queries:\n  - {{ id: all, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id, o.total AS total'{more_of_query} }}\n\
         reactions:\n  - {{ id: hook, kind: webhook, queries: [all], url: '{}', allow_private: true{more_of_hook} }}\n",
        web.url()
    ))
}

#[test]
fn dead_letters_need_somebody_until_they_are_taken() {
    let web = Web::scripted(|_, _| Act::Answer(422, "no such order"));
    let running = hooked(&web, "", ", retries: 0, on_refusal: dead_letter");
    running.post(&orders(&[150, 250]));
    let need = &until(&running, &[("dead_letters", "hook")])[0];
    assert_eq!((&need["severity"], need["actions"].as_array().map(Vec::len)), (&json!("warning"), Some(2)));
    // Letters come one after the other.
    let deadline = Instant::now() + Duration::from_secs(20);
    while needs(&running)[0]["reason"] != "its target has refused 2 messages" {
        assert!(Instant::now() < deadline, "{:?}", needs(&running));
        std::thread::park_timeout(Duration::from_millis(20));
    }
    web.set(|_, _| Act::Answer(200, ""));
    act(&running, need, 0);
    until(&running, &[]);
    assert!(web.seen().len() >= 4);
}

#[test]
fn an_outbox_that_is_about_to_drop_results_needs_somebody_before_it_does() {
    let web = Web::scripted(|_, _| Act::Hang);
    let running = hooked(&web, ", outbox: { capacity: 10 }", "");
    running.post(&orders(&[1; 7]));
    running.get("/api/v1/queries/all/results?position=7&wait=20s");
    assert!(needs(&running).iter().all(|need| need["what"] != "outbox"));
    running.post(&orders(&[2; 9]).lines().skip(7).map(|line| format!("{line}\n")).collect::<String>());
    running.get("/api/v1/queries/all/results?position=9&wait=20s");
    let deadline = Instant::now() + Duration::from_secs(20);
    let need = loop {
        let all = needs(&running);
        if let Some(need) = all.iter().find(|need| need["what"] == "outbox") {
            break need.clone();
        }
        assert!(Instant::now() < deadline, "{all:#?}");
        std::thread::park_timeout(Duration::from_millis(20));
    };
    assert_eq!(
        (&need["component"]["id"], &need["reason"]),
        (&json!("all"), &json!("its outbox is 90 % full of what is not read"))
    );
    assert_eq!(need["holds_up"]["ids"], json!(["hook"]));
}

#[test]
fn a_store_near_its_limit_needs_somebody_before_it_is_full() {
    let running = Running::of(
        "store: { kind: embedded, path: data, durability: os, map_size_bytes: 4194304 }\n\
         server: { listen: '127.0.0.1:0' }\nsources:\n  - { id: orders, kind: http }\n",
    );
    until(&running, &[]);
    let large = "x".repeat(20_000);
    let mut needed = Vec::new();
    for at in 0..400 {
        let properties = json!({ "id": at, "text": large });
        let element =
            json!({ "type": "node", "id": format!("n{at}"), "labels": ["Order"], "properties": properties });
        let answer = running.post(&json!({ "operation": "insert", "element": element }).to_string());
        needed = needs(&running);
        if answer.status != 200 || needed.iter().any(|need| need["what"] == "disk") {
            break;
        }
    }
    let need = needed.iter().find(|need| need["what"] == "disk").unwrap_or_else(|| panic!("{needed:#?}"));
    assert!(need["reason"].as_str().unwrap().contains("of its limit of 4.2 MB"), "{need}");
    assert_eq!(
        (&need["component"], &need["loses"]),
        (&Json::Null, &json!("once there is no room, nothing is taken in"))
    );
}

#[test]
fn a_reaction_that_falls_behind_all_through_a_minute_needs_somebody() {
    let web = Web::scripted(|_, _| Act::Slow(Duration::from_millis(500)));
    let running = hooked(&web, "", "");
    let deadline = Instant::now() + Duration::from_secs(240);
    let mut total = 0;
    loop {
        let changes: Vec<i64> = (0..40).map(|at| total + at).collect();
        total += 40;
        // The first time they are inserted, then replaced.
        let changes = orders(&changes);
        let changes = if total == 40 { changes } else { changes.replace("\"insert\"", "\"update\"") };
        assert_eq!(running.post(&changes).status, 200);
        let needs = needs(&running);
        if let Some(need) =
            needs.iter().find(|need| need["what"] == "lag" && need["component"]["id"] == "hook")
        {
            assert!(need["reason"].as_str().unwrap().contains("sequences behind what it reads"), "{need}");
            return;
        }
        assert!(Instant::now() < deadline, "{needs:#?}");
        std::thread::park_timeout(Duration::from_secs(1));
    }
}

#[test]
fn a_slot_that_comes_near_its_limit_needs_somebody_until_it_moves_on() {
    let postgres = Postgres::start();
    postgres.sql("create table a (id int primary key); insert into a values (1)");
    let running = Running::of(&format!(
        "store: {{ kind: embedded, path: data, durability: os }}\nserver: {{ listen: '127.0.0.1:0' }}\n\
         sources:\n  - id: shop\n    kind: postgres\n    url: '{}'\n    slot: near\n    tables: [ {{ table: a }} ]\n\
         queries:\n  - {{ id: all, sources: [shop], cypher: 'MATCH (a:a) RETURN a.id AS id' }}\n",
        postgres.url()
    ));
    let deadline = Instant::now() + Duration::from_secs(60);
    while running.get("/api/v1/queries/all").json()["rows"] != 1 {
        assert!(Instant::now() < deadline, "{}", running.get("/api/v1/sources/shop").body);
        pause(Duration::from_millis(50));
    }
    postgres.sql("alter system set max_slot_wal_keep_size = '64MB'");
    postgres.sql("select pg_reload_conf()");
    assert!(until(&running, &[]).is_empty());
    // As long as a transaction is open, the log since its beginning is kept for the slot.
    let mut psql = postgres.program("psql");
    psql.args(["-X", "-q", "-c", "begin; insert into a values (2); select pg_sleep(600)"])
        .stderr(Stdio::null());
    let mut open = psql.spawn().unwrap();
    while postgres.sql("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") != "1" {
        pause(Duration::from_millis(10));
    }
    postgres.sql("create table filler as select g, repeat('x', 1000) as x from generate_series(1, 40000) g");
    let needs = until(&running, &[("slot", "shop")]);
    assert_eq!(needs[0]["severity"], "warning", "{}", needs[0]);
    for (field, part) in
        [("reason", "`max_slot_wal_keep_size`"), ("loses", "copied again"), ("fix", "`shop`")]
    {
        assert!(needs[0][field].as_str().unwrap().contains(part), "{}", needs[0]);
    }
    postgres.sql("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'");
    open.wait().unwrap();
    // The server finds out at its next checkpoint that nothing older is open.
    postgres.sql("checkpoint");
    postgres.sql("insert into a values (3)");
    postgres.sql("checkpoint");
    assert!(until(&running, &[]).is_empty());
}
