//! The rows of an ordered query, in its order: over HTTP, on the command line, out of a store.

use super::running::{Running, orders};
use super::{livewell, text};
use serde_json::{Value as Json, json};

const TOTALS: [i64; 6] = [110, 500, 130, 500, 120, 900];
/// By total, the largest first; the two of 500 by their identity.
const IN_ORDER: [&str; 6] = ["o6", "o2", "o4", "o3", "o5", "o1"];

fn ids(rows: &[Json]) -> Vec<&str> {
    rows.iter().map(|row| row["data"]["id"].as_str().unwrap()).collect()
}

fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn started() -> Running {
    let more = "  - { id: ranked, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id ORDER BY o.total DESC\" }\n";
    let running = Running::start_with("", "", more);
    running.post(&orders(&TOTALS));
    assert_eq!(running.get("/api/v1/queries/ranked/results?position=6&wait=20s").status, 200);
    running
}

#[test]
fn over_http_whole_in_lines_in_pages_and_as_a_stream() {
    let running = started();
    let path = "/api/v1/queries/ranked/results";
    let whole = running.get(path).json();
    assert_eq!(ids(whole["rows"].as_array().unwrap()), IN_ORDER);
    let streamed = running.ask("GET", path, "accept: application/x-ndjson\r\n", "");
    assert_eq!(ids(&lines(&streamed.body)), IN_ORDER);
    let mut paged = Vec::new();
    let mut page = running.get(&format!("{path}?limit=4")).json();
    // What comes in between is not in these pages.
    running.post(&orders(&[1000]));
    running.get(&format!("{path}?position=7&wait=20s"));
    loop {
        paged.extend(page["rows"].as_array().unwrap().clone());
        let Some(cursor) = page["cursor"].as_str() else { break };
        page = running.get(&format!("{path}?limit=4&cursor={cursor}")).json();
    }
    assert_eq!(ids(&paged), IN_ORDER);
    let mut events =
        super::running::Events::of(running.open("GET", "/api/v1/queries/ranked/changes", "", ""));
    let rows: Vec<Json> = (0..6).map(|_| events.next().unwrap().2).collect();
    assert_eq!(ids(&rows), ["o1", "o6", "o2", "o4", "o3", "o5"]);
    assert_eq!(events.next().unwrap().2["ordered"], json!(true));
}

#[test]
fn on_the_command_line_from_a_server_and_from_a_store() {
    let mut running = started();
    let served = running.command(&["results", "ranked", "--format", "ndjson"]);
    assert_eq!(ids(&lines(text(&served.stdout))), IN_ORDER);
    running.stop();
    let store = running.store();
    for format in ["ndjson", "csv", "json", "table"] {
        let stored = livewell(&["results", "ranked", "--format", format, "--store", store.to_str().unwrap()]);
        let out = text(&stored.stdout);
        let places: Vec<usize> = IN_ORDER.iter().map(|id| out.find(id).unwrap()).collect();
        assert!(places.is_sorted(), "{format}: {out}");
    }
}
