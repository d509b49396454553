//! What happened: starts, errors, gaps and calls, in order, and over restarts.

use crate::running::{Events, Running, orders};
use crate::text;
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

const QUERIES: &str = "  - { id: share, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id, 100 / o.total AS share' }
reactions:
  - { id: board, kind: file, queries: [big], path: board.jsonl, mode: table }
";

fn read(running: &Running, asked: &str) -> Json {
    running.get(&format!("/api/v1/events?{asked}")).json()
}

/// All events, the oldest first.
fn all(running: &Running) -> Vec<Json> {
    let mut events = read(running, "limit=1000")["events"].as_array().unwrap().clone();
    events.reverse();
    events
}

/// The first event that is as wanted, once there is one.
fn until(running: &Running, is_wanted: impl Fn(&Json) -> bool) -> Json {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let events = all(running);
        if let Some(found) = events.iter().find(|event| is_wanted(event)) {
            return found.clone();
        }
        assert!(Instant::now() < deadline, "{events:#?}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn is_state(event: &Json, id: &str, to: &str) -> bool {
    event["what"] == "state" && event["component"]["id"] == id && event["to"] == to
}

/// A query in error, and mended by a call.
fn troubled() -> Running {
    let running = Running::start_with("", "", QUERIES);
    running.wait_until_ready();
    running.post(&orders(&[50, 0]));
    let failed = until(&running, |event| is_state(event, "share", "error"));
    assert_eq!((&failed["from"], &failed["code"]), (&json!("running"), &json!("LW0510")));
    assert!(failed["message"].as_str().unwrap().contains("divided by zero"), "{failed}");
    running.post("{\"operation\":\"delete\",\"id\":\"o2\"}");
    assert_eq!(running.ask("POST", "/api/v1/queries/share/reset", "", "").status, 202);
    until(&running, |event| event["from"] == "error" && event["component"]["id"] == "share");
    let mended = running.get("/api/v1/queries/share/results?position=3&wait=20s");
    assert_eq!(mended.status, 200, "{}", mended.body);
    running
}

#[test]
fn errors_and_calls_are_told_in_their_order_and_refused_calls_are_none() {
    let running = troubled();
    assert_eq!(running.ask("POST", "/api/v1/queries/nowhere/reset", "", "").status, 404);
    let events = all(&running);
    let numbers: Vec<u64> = events.iter().map(|event| event["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
    let what: Vec<&str> = events.iter().map(|event| event["what"].as_str().unwrap()).collect();
    // The answer to a call, which says that it was made, may come after its effect.
    assert!([["call", "state"], ["state", "call"]].contains(&[what[2], what[3]]), "{events:#?}");
    assert_eq!(what[..2], ["start", "state"], "{events:#?}");
    let call = events.iter().find(|event| event["what"] == "call").unwrap();
    let of = json!({ "kind": "query", "id": "share" });
    assert_eq!(
        (&call["component"], &call["call"], &call["caller"]),
        (&of, &json!("reset"), &json!("anonymous"))
    );
    assert_eq!(call["status"], 202);
    let times: Vec<&str> = events.iter().map(|event| event["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted() && times[0].starts_with("20"), "{times:?}");

    let shown = running.command(&["events", "--limit", "3"]);
    let shown = text(&shown.stdout);
    assert_eq!(shown.lines().count(), 3, "{shown}");
    assert!(shown.contains("query share: running -> error: ") && shown.contains(" [LW0510]\n"), "{shown}");
    assert!(shown.contains("query share: reset by anonymous\n"), "{shown}");
}

#[test]
fn they_outlive_a_killed_process_and_say_how_it_ended() {
    let mut running = troubled();
    let before = all(&running);
    // They are written by a thread of its own, a moment later.
    let deadline = Instant::now() + Duration::from_secs(20);
    let file = running.store().join("events.jsonl");
    while std::fs::read_to_string(&file).unwrap().lines().count() < before.len() {
        assert!(Instant::now() < deadline, "{before:#?}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    running.kill_and_start_again();
    let after = all(&running);
    assert_eq!(after[..before.len()], before);
    let started = &after[before.len()];
    let crashed = format!("{}, after a process that did not end in order", env!("CARGO_PKG_VERSION"));
    assert_eq!((&started["what"], &started["message"]), (&json!("start"), &json!(crashed)));
    running.stop();
    running.start_again();
    let ended: Vec<Json> = all(&running).split_off(after.len());
    let what: Vec<&str> = ended.iter().map(|event| event["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["stop", "start"], "the end of each component is not one of its own: {ended:#?}");
    assert_eq!(ended[1]["message"], env!("CARGO_PKG_VERSION"));
    assert_eq!(read(&running, "")["durable"], true);
    let memory = Running::of("store: { kind: memory }\nserver: { listen: '127.0.0.1:0' }\n");
    assert_eq!((&read(&memory, "")["durable"], all(&memory).len()), (&json!(false), 1));
}

#[test]
fn a_component_that_is_stopped_and_started_is_told_and_so_is_the_gap_that_it_finds() {
    let config = "store: { kind: embedded, path: data }\nserver: { listen: '127.0.0.1:0' }\n\
        sources:\n  - { id: orders, kind: http }\n\
        queries:\n  - { id: all, sources: [orders], outbox: { capacity: 2 }, cypher: 'MATCH (o:Order) RETURN o.total AS total' }\n\
        reactions:\n  - { id: diffs, kind: file, queries: [all], path: diffs.jsonl }\n";
    let running = Running::of(config);
    running.wait_until_ready();
    running.post(&orders(&[1]));
    running.get("/api/v1/queries/all/results?position=1&wait=20s");
    running.ask("POST", "/api/v1/reactions/diffs/stop", "", "");
    until(&running, |event| is_state(event, "diffs", "stopped"));
    for line in orders(&[1, 2, 3, 4, 5, 6, 7, 8]).lines().skip(1) {
        running.post(line);
    }
    running.get("/api/v1/queries/all/results?position=8&wait=20s");
    running.ask("POST", "/api/v1/reactions/diffs/start", "", "");
    let gap = until(&running, |event| event["what"] == "gap");
    assert_eq!(gap["component"]["id"], "diffs");
    let message = "the log no longer reaches back to where it was: it stops until a person decides";
    assert_eq!(gap["message"], message);
    let failed = until(&running, |event| is_state(event, "diffs", "error"));
    assert_eq!(failed["code"], "LW0530");
    let needs = running.get("/api/v1/needs").json();
    let need = &needs["needs"][0];
    assert_eq!((&need["what"], &need["actions"][0]["destroys"]), (&json!("gap"), &json!(true)), "{need}");
    let reset = need["actions"][0]["path"].as_str().unwrap();
    assert_eq!(running.ask("POST", reset, "", "").status, 202);
    until(&running, |event| event["from"] == "error" && event["component"]["id"] == "diffs");
}

#[test]
fn pages_go_back_to_the_first_and_nonsense_is_refused() {
    let running = troubled();
    let (mut before, mut found) = (String::new(), Vec::new());
    loop {
        let page = read(&running, &format!("limit=1{before}"));
        found.extend(page["events"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_u64() else { break };
        before = format!("&before={next}");
    }
    found.reverse();
    assert_eq!(found, all(&running));
    assert_eq!(read(&running, "before=0")["events"], json!([]));
    assert_eq!(
        read(&running, "before=18446744073709551615&limit=1000")["events"].as_array().unwrap().len(),
        4
    );
    for wrong in [
        "before=-1",
        "before=x",
        "before=18446744073709551616",
        "before=1&before=2",
        "limit=0",
        "limit=1001",
        "after=1",
    ] {
        let refused = running.get(&format!("/api/v1/events?{wrong}"));
        assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("LW0701")), "{wrong}");
    }
}

#[test]
fn a_stream_of_a_tab_has_them_as_they_come() {
    let running = Running::start_with("", "", QUERIES);
    running.wait_until_ready();
    let mut tab = Events::of(running.open("GET", "/api/v1/stream?status=60s", "", ""));
    assert_eq!(tab.next().unwrap().0, "status");
    running.ask("POST", "/api/v1/queries/big/stop", "", "");
    let mut told = Vec::new();
    while told.len() < 2 {
        let (name, id, data) = tab.next().unwrap();
        if name == "event" {
            assert_eq!(id, None);
            told.push(data);
        }
    }
    assert_eq!(told, all(&running).split_off(1), "a state and a call, as the call for events has them");
}

#[test]
fn events_are_found_by_component_kind_caller_code_and_words() {
    let running = troubled();
    let count = |asked: &str| {
        let page = read(&running, &format!("limit=1000&{asked}"));
        page["events"].as_array().unwrap_or_else(|| panic!("{asked}: {page}")).len()
    };
    let everything = all(&running);
    for (asked, of) in [
        (
            "component=share",
            Box::new(|one: &Json| one["component"]["id"] == "share") as Box<dyn Fn(&Json) -> bool>,
        ),
        ("kind=query", Box::new(|one: &Json| one["component"]["kind"] == "query")),
        ("what=call", Box::new(|one: &Json| one["what"] == "call")),
        ("caller=anonymous", Box::new(|one: &Json| one["caller"] == "anonymous")),
        ("code=LW0510", Box::new(|one: &Json| one["code"] == "LW0510")),
        ("search=DIVIDED%20by", Box::new(|one: &Json| one["code"] == "LW0510")),
        (
            "component=share&what=state",
            Box::new(|one: &Json| one["component"]["id"] == "share" && one["what"] == "state"),
        ),
        ("component=nobody", Box::new(|_: &Json| false)),
    ] {
        assert_eq!(count(asked), everything.iter().filter(|one| of(one)).count(), "{asked}");
    }
    // Pages are of what is wanted, and the last one says so.
    let first = read(&running, "component=share&limit=1");
    assert!(first["next"].is_u64(), "{first}");
    let none = read(&running, "what=call&limit=1");
    assert_eq!((none["events"].as_array().unwrap().len(), &none["next"]), (1, &Json::Null), "{none}");
    for refused in ["kind=table", "what=nothing", &format!("search={}", "x".repeat(201))] {
        assert_eq!(running.get(&format!("/api/v1/events?{refused}")).status, 400, "{refused}");
    }
    let shown = running.command(&["events", "--component", "share", "--what", "state"]);
    assert_eq!(text(&shown.stdout).lines().count(), count("component=share&what=state"));
}
