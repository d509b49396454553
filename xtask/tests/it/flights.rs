//! The prepared flights: the example's promises, counted naively from the lines themselves.

use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::Path;

/// 2013-01-31T21:00:00Z, in nanoseconds: the moment at which the example ends, inclusive.
const CUT: i64 = 1_359_666_000_000_000_000;

/// The elements after some lines.
#[derive(Default)]
struct Graph {
    nodes: HashMap<String, Value>,
    relationships: HashMap<String, Value>,
    /// How many lines there were of each kind.
    counts: BTreeMap<String, usize>,
    /// The time of the last line.
    time: i64,
}

impl Graph {
    fn read(&mut self, name: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/flights/data").join(name);
        let file = zstd::Decoder::new(std::fs::File::open(path).unwrap()).unwrap();
        for line in BufReader::new(file).lines() {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let time = line["timestamp"].as_i64().unwrap();
            assert!(self.time <= time, "time goes on: {line}");
            self.time = time;
            let changes = line["transaction"].as_array().cloned().unwrap_or(vec![line]);
            let what = changes.iter().map(|change| self.apply(change)).max().unwrap();
            *self.counts.entry(what).or_default() += 1;
        }
    }

    /// Applies a change and returns what it is about.
    fn apply(&mut self, change: &Value) -> String {
        let element = &change["element"];
        let id = change.get("id").unwrap_or(&element["id"]).as_str().unwrap().to_string();
        let kind = id.split(':').next().unwrap().to_string();
        match change["operation"].as_str().unwrap() {
            "delete" => {
                let gone = self.nodes.remove(&id).or(self.relationships.remove(&id));
                assert!(gone.is_some(), "{id} was there");
                format!("{kind} gone")
            }
            "update" => {
                let properties = self.nodes.get_mut(&id).unwrap()["properties"].as_object_mut().unwrap();
                let named = element["properties"].as_object().unwrap();
                properties.extend(named.clone());
                format!("{kind} {}", named.get("status").and_then(Value::as_str).unwrap_or("updated"))
            }
            _ => {
                let is_node = element["type"] == "node";
                let elements = if is_node { &mut self.nodes } else { &mut self.relationships };
                assert!(elements.insert(id, element.clone()).is_none());
                format!("{kind} new")
            }
        }
    }

    fn flights(&self) -> impl Iterator<Item = &Value> {
        self.nodes.values().filter(|node| node["labels"][0] == "Flight").map(|node| &node["properties"])
    }

    /// Returns the node that a flight's relationship of `kind` leads to, if it is there.
    fn end(&self, flight: &Value, kind: &str) -> Option<&Value> {
        let id = format!("{}/{kind}", flight["id"].as_str().unwrap());
        let to = &self.relationships.get(&id)?["to"];
        let to = to.get("id").unwrap_or(to).as_str().unwrap();
        self.nodes.get(to).map(|node| &node["properties"])
    }

    fn count(&self, what: &str) -> usize {
        self.counts.get(what).copied().unwrap_or(0)
    }
}

fn at_the_cut() -> Graph {
    let mut graph = Graph::default();
    graph.read("reference.jsonl.zst");
    graph.read("ops.jsonl.zst");
    graph
}

#[test]
fn the_stream_tells_the_whole_month() {
    let mut graph = at_the_cut();
    graph.read("ops-rest.jsonl.zst");
    let events =
        ["flight new", "flight departed", "flight landed", "flight gone"].map(|what| graph.count(what));
    assert_eq!(events, [27_004, 26_483, 26_468, 521]);
    assert_eq!(events.iter().sum::<usize>(), 80_476);
    assert_eq!(
        (graph.count("weather new"), graph.count("day new") + graph.count("day updated")),
        (2_226, 31)
    );
    assert_eq!(graph.flights().filter(|flight| flight["status"] == "departed").count(), 15);
    let landed = || graph.flights().filter(|flight| flight["status"] == "landed");
    assert_eq!(landed().filter(|flight| flight.get("air_time").is_none()).count(), 70);
    assert_eq!(graph.flights().filter(|flight| flight["status"] == "scheduled").count(), 0);
}

#[test]
fn a_join_loses_no_flight_that_departed() {
    let graph = at_the_cut();
    for flight in graph.flights() {
        for kind in ["DEPARTS_FROM", "FLIES_TO", "OPERATED_BY", "ON"] {
            assert!(graph.end(flight, kind).is_some(), "{kind} of {flight}");
        }
        let has_plane = graph.end(flight, "FLOWN_BY").is_some();
        assert_eq!(has_plane, flight.get("tailnum").is_some(), "{flight}");
        assert!(has_plane || flight["status"] == "scheduled");
    }
    let unknown: HashSet<&str> = graph
        .flights()
        .filter_map(|flight| {
            let airport = graph.end(flight, "FLIES_TO")?;
            (airport["known"] == false).then(|| airport["faa"].as_str())?
        })
        .collect();
    assert_eq!(unknown, HashSet::from(["BQN", "PSE", "SJU", "STT"]));
}

#[test]
fn the_example_ends_with_something_to_see() {
    let graph = at_the_cut();
    assert_eq!(graph.time, CUT);
    let late = graph
        .flights()
        .filter(|flight| flight["status"] == "departed" && flight["dep_delay"].as_i64().unwrap() > 60);
    assert_eq!(late.count(), 21);
    let mut windy = BTreeMap::new();
    for flight in graph.flights().filter(|flight| flight["status"] == "scheduled") {
        let wind = graph.end(flight, "DUE_IN").and_then(|reading| reading["wind_speed"].as_f64());
        if wind.is_some_and(|wind| wind >= 25.0) {
            *windy.entry(flight["origin"].as_str().unwrap()).or_insert(0) += 1;
        }
    }
    assert_eq!(windy, BTreeMap::from([("EWR", 33), ("JFK", 30), ("LGA", 22)]));
    let current = graph.nodes.values().filter(|node| node["properties"]["current"] == true);
    assert_eq!(current.map(|node| &node["id"]).collect::<Vec<_>>(), ["day:2013-01-31"]);
}
