//! Queries across sources, and the limits of paths, from configuration to results.

use super::{livewell, text};
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;

fn node(id: &str, label: &str, properties: &Json) -> String {
    let element = json!({ "type": "node", "id": id, "labels": [label], "properties": properties });
    json!({ "operation": "insert", "element": element }).to_string()
}

fn next(from: usize) -> String {
    let (id, from, to) = (format!("r{from}"), format!("n{from}"), format!("n{}", from + 1));
    let element =
        json!({ "type": "relation", "id": id, "labels": ["NEXT"], "from": from, "to": to, "properties": {} });
    json!({ "operation": "insert", "element": element }).to_string()
}

fn stored(folder: &Path, query: &str) -> Vec<Json> {
    let store = folder.join("data");
    let store = store.to_str().unwrap();
    let rows = livewell(&["results", query, "--format", "ndjson", "--store", store]);
    let verified = livewell(&["verify", query, "--store", store]);
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    text(&rows.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Json>(line).unwrap()["data"].clone())
        .collect()
}

#[test]
fn a_join_ties_the_elements_of_two_sources() {
    let folder = tempfile::tempdir().unwrap();
    let vehicles = [("v1", "AB 1"), ("v2", "AB 2"), ("v3", "AB 3")];
    let lines: Vec<String> =
        vehicles.iter().map(|(id, plate)| node(id, "Vehicle", &json!({ "plate": plate }))).collect();
    fs::write(folder.path().join("vehicles.jsonl"), lines.join("\n")).unwrap();
    let drivers = [("d1", "AB 2", "Ada"), ("d2", "AB 3", "Bea"), ("d3", "CD 1", "Cem")];
    let lines: Vec<String> = drivers
        .iter()
        .map(|(id, plate, name)| node(id, "Driver", &json!({ "car": plate, "name": name })))
        .collect();
    fs::write(folder.path().join("drivers.jsonl"), lines.join("\n")).unwrap();
    let config = folder.path().join("livewell.yaml");
    let text_of_config = "store: { kind: embedded, path: data }
sources:
  - { id: vehicles, kind: file, path: vehicles.jsonl }
  - { id: drivers, kind: file, path: drivers.jsonl }
queries:
  - id: owners
    sources: [vehicles, drivers]
    cypher: MATCH (d:Driver)-[:OWNS]->(v:Vehicle) RETURN d.name AS driver, v.plate AS plate ORDER BY driver
    joins: [ { type: OWNS, keys: [ { label: Vehicle, property: plate }, { label: Driver, property: car } ] } ]
";
    fs::write(&config, text_of_config).unwrap();
    let ran = livewell(&["run", config.to_str().unwrap(), "--until-idle"]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let expected = [json!({ "driver": "Ada", "plate": "AB 2" }), json!({ "driver": "Bea", "plate": "AB 3" })];
    assert_eq!(stored(folder.path(), "owners"), expected);
}

#[test]
fn a_path_beyond_its_limit_stops_its_query_alone() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = (0..40).map(|at| node(&format!("n{at}"), "Stop", &json!({ "at": at })));
    let lines: Vec<String> = nodes.chain((0..39).map(next)).collect();
    fs::write(folder.path().join("line.jsonl"), lines.join("\n")).unwrap();
    let config = folder.path().join("livewell.yaml");
    let query = "MATCH (a:Stop {at: 0})-[:NEXT*]->(b) RETURN count(b) AS reached";
    let text_of_config = format!(
        "store: {{ kind: embedded, path: data }}
sources: [ {{ id: line, kind: file, path: line.jsonl }} ]
queries:
  - {{ id: usual, sources: [line], cypher: '{query}' }}
  - {{ id: wider, sources: [line], cypher: '{query}', limits: {{ hops: 50 }} }}
  - {{ id: bounded, sources: [line], cypher: 'MATCH (a:Stop {{at: 0}})-[:NEXT*..35]->(b) RETURN count(b) AS reached' }}
"
    );
    fs::write(&config, text_of_config).unwrap();
    let ran = livewell(&["run", config.to_str().unwrap(), "--until-idle"]);
    assert_eq!(ran.status.code(), Some(1));
    let message = text(&ran.stderr);
    assert!(message.contains("`usual`") && message.contains("`limits.hops`"), "{message}");
    assert_eq!(stored(folder.path(), "wider"), [json!({ "reached": 39 })]);
    assert_eq!(stored(folder.path(), "bounded"), [json!({ "reached": 35 })]);
}
