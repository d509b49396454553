//! Calls by command: what is sent, what came in, how far a source is, what runs as a configuration, and what would be done.

use super::running::{Running, orders};
use super::text;
use std::fs;
use std::process::Output;

fn said(output: &Output, code: i32) -> String {
    let all = [text(&output.stdout), text(&output.stderr)].concat();
    assert_eq!(output.status.code(), Some(code), "{all}");
    all
}

fn write(running: &Running, name: &str, content: &str) -> String {
    let path = running.folder.path().join(name);
    fs::write(&path, content).unwrap();
    path.display().to_string()
}

#[test]
fn lines_are_sent_in_parts_and_a_refusal_says_what_is_taken_in() {
    let running = Running::start();
    // Some megabytes, so that there are several parts.
    let line = |at: u32, more: &str| {
        format!(
            "{{\"operation\":\"insert\",\"element\":{{\"type\":\"node\",\"id\":\"o{at}\",\"labels\":[\"Order\"],\
             \"properties\":{{\"id\":\"o{at}\",\"total\":{at},\"note\":\"{}\"{more}}}}}}}\n",
            "x".repeat(1_000)
        )
    };
    let lines: String = (0..3_000).map(|at| line(at, "")).collect();
    let sent = said(&running.command(&["send", "orders", &write(&running, "all.jsonl", &lines)]), 0);
    assert!(sent.contains("3000 lines are taken in and durable; the last stands at position 3000"), "{sent}");
    assert_eq!(
        running.get("/api/v1/queries/big/results?position=3000&wait=20s").json()["rows"]
            .as_array()
            .unwrap()
            .len(),
        2_899
    );

    let wrong = (3_000..6_000).map(|at| line(at, if at == 5_900 { "," } else { "" })).collect::<String>();
    let refused = said(&running.command(&["send", "orders", &write(&running, "wrong.jsonl", &wrong)]), 1);
    let taken = refused.split("lines 1 to ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let taken: u64 = taken.parse().unwrap_or_else(|_| panic!("{refused}"));
    assert!((1..2_900).contains(&taken), "{refused}");
    let at = running.get("/api/v1/sources/orders").json()["position"].as_u64().unwrap();
    assert_eq!(at, 3_000 + taken, "all before the part, and nothing of it");
    let nowhere = said(&running.command(&["send", "order", &write(&running, "one.jsonl", &orders(&[1]))]), 1);
    assert!(nowhere.contains("`orders`"), "{nowhere}");
    assert!(said(&running.command(&["send", "orders", "/no/such/file"]), 2).contains("/no/such/file"));
}

#[test]
fn what_came_in_and_what_it_caused_is_a_line_each() {
    let running = Running::start();
    running.post(&orders(&[50, 150]));
    running.get("/api/v1/queries/big/results?position=2&wait=20s");
    let shown = said(&running.command(&["transactions", "orders"]), 0);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 2, "{shown}");
    assert!(lines[0].contains("  1  1 change: o1") && !lines[0].contains("->"), "{shown}");
    assert!(lines[1].contains("  2  1 change: o2") && lines[1].ends_with("-> big 1-1 (1 diff)"), "{shown}");
    assert_eq!(said(&running.command(&["transactions", "orders", "--limit", "1"]), 0).lines().count(), 1);
    assert!(said(&running.command(&["progress", "orders"]), 0).starts_with("orders: "));
}

#[test]
fn what_calls_have_made_is_printed_as_the_configuration_that_makes_it() {
    let running = Running::start();
    assert_eq!(
        said(&running.command(&["config", "--by-call"]), 0)
            .lines()
            .filter(|line| line.contains("id:"))
            .count(),
        0
    );
    let query = r#"{"id":"small","sources":["orders"],"cypher":"MATCH (o:Order) RETURN o.id AS id"}"#;
    assert_eq!(running.ask("POST", "/api/v1/queries", "", query).status, 201);
    let by_call = said(&running.command(&["config", "--by-call"]), 0);
    assert!(by_call.contains("small") && !by_call.contains("big"), "{by_call}");
    let all = said(&running.command(&["config"]), 0);
    let file = write(&running, "printed.yaml", &all);
    assert!(
        said(&running.command(&["apply", &file, "--prune", "--dry-run"]), 0).contains("nothing to do"),
        "{all}"
    );
}

#[test]
fn a_dry_run_of_a_command_says_what_would_go_and_nothing_goes() {
    let reaction =
        "reactions:\n  - { id: board, kind: file, queries: [big], path: board.jsonl, mode: table }\n";
    let mut running = Running::start_with("", "", reaction);
    running.post(&orders(&[150, 250]));
    running.get("/api/v1/queries/big/results?position=2&wait=20s");
    let reset = said(&running.command(&["reset", "big", "--dry-run"]), 0);
    for part in
        ["reset   query     big", "2 stored elements", "`board` receives what differs", "nothing was done"]
    {
        assert!(reset.contains(part), "{part}: {reset}");
    }
    let refused = said(&running.command(&["remove", "big", "--dry-run"]), 1);
    assert!(refused.contains("[LW0535]") || refused.contains("[LW0606]"), "{refused}");
    let removed = said(&running.command(&["remove", "board", "--dry-run"]), 0);
    assert!(removed.contains("remove  reaction  board") && removed.contains("nothing was done"), "{removed}");
    assert_eq!(running.get("/api/v1/reactions/board").status, 200);
    running.stop();
    let store = running.store();
    let offline = super::livewell(&["remove", "board", "--dry-run", "--store", store.to_str().unwrap()]);
    assert!(said(&offline, 2).contains("[LW0722]"));
}
