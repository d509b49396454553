//! Thousands of clients that follow one query: each sees its snapshot and every result, and none costs a copy of them.

use crate::running::{Events, Running, orders};
use serde_json::Value as Json;
use std::fs;

const CLIENTS: usize = 1_500;
const ROWS: i64 = 2_000;
/// What one client may cost the server: its connection with buffers, its task, its place in the query. The rows come
/// to four times as much.
const CLIENT_BYTES_MAX: usize = 80 << 10;

#[test]
fn thousands_follow_one_query_and_none_costs_a_copy_of_its_rows() {
    raise_open_files();
    let running = Running::start();
    let totals: Vec<i64> = (0..ROWS).map(|at| 101 + at).collect();
    let position = running.post(&orders(&totals)).json()["position"].clone();
    let results = format!("/api/v1/queries/big/results?limit=1&wait=20s&position={position}");
    assert_eq!(running.get(&results).status, 200, "the query has them all");
    // What one client makes the server set up once is not the clients' own.
    let mut clients = vec![follow(&running)];
    let before = anonymous_memory(&running);
    clients.extend((1..CLIENTS).map(|_| follow(&running)));
    let each = (anonymous_memory(&running) - before) / CLIENTS;
    assert!(each < CLIENT_BYTES_MAX, "a client costs {each} bytes");

    assert_eq!(running.post(&orders(&[50, 7_000])).status, 200);
    for client in &mut clients {
        for kind in ["DELETE", "UPDATE"] {
            let (name, data) = next(client);
            let diffs = data["results"].as_array().expect("a result has diffs");
            assert!(name == "result" && diffs.len() == 1 && diffs[0]["type"] == kind, "{data}");
        }
    }
}

/// The next event that says something.
fn next(client: &mut Events) -> (String, Json) {
    loop {
        let (name, _, data) = client.next().expect("the stream goes on");
        if name != "heartbeat" {
            return (name, data);
        }
    }
}

/// A client that has read its snapshot.
fn follow(running: &Running) -> Events {
    let mut events = Events::of(running.open("GET", "/api/v1/queries/big/changes", "", ""));
    for _ in 0..ROWS {
        assert_eq!(events.next().expect("a row").0, "row");
    }
    assert_eq!(events.next().expect("the snapshot's end").0, "snapshot_end");
    events
}

fn anonymous_memory(running: &Running) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", running.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// The test has as many connections as the server.
pub fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}
