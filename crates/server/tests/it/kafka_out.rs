//! Between topics of Kafka, a Livewell that is killed at random moments: for readers of committed records every diff is
//! there once and in order, and a topic of rows is the live results.

use crate::place::Place;
use livewell_services::{Kafka, pause};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

/// How often it is killed; `LIVEWELL_KILLS` says otherwise.
const KILLS: u64 = 10;
/// How many records there are for each kill.
const RECORDS: u64 = 60;
const NODES: u64 = 17;
const PARTITIONS: i32 = 3;

/// The topics of a run.
struct Topics {
    read: String,
    diffs: String,
    rows: String,
    checkpoints: String,
}

#[test]
fn killed_anywhere_every_diff_is_committed_once_and_in_order_and_rows_are_the_live_results() {
    let kafka = Kafka::start();
    let topics = Topics {
        read: kafka.topic("in", 1),
        diffs: kafka.topic("diffs", 1),
        rows: kafka.topic("rows", PARTITIONS),
        checkpoints: kafka.name("checkpoints"),
    };
    let kills: u64 = std::env::var("LIVEWELL_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let place = Place::new(&config(&kafka, &topics), &[]);
    for kill in 0..kills {
        let run = ["run", "--log-level", "error", "livewell.yaml"];
        let mut child = place.command(&run).stdout(Stdio::null()).spawn().expect("the binary starts");
        let records: Vec<(String, Option<String>)> =
            (kill * RECORDS..(kill + 1) * RECORDS).map(record).collect();
        for part in records.chunks(20) {
            let part: Vec<_> = part.iter().map(|(key, value)| (0, key.as_str(), value.as_deref())).collect();
            pause(Duration::from_millis(80 + kill * 37 % 120));
            kafka.send(&topics.read, "", &part);
        }
        // While the last of them go out.
        pause(Duration::from_millis(kill * 7 % 29));
        child.kill().expect("a running child can be killed");
        child.wait().expect("a killed child ends");
    }
    place.livewell(&["run", "--until-idle", "--log-level", "error", "livewell.yaml"]).expect(0, &[]);
    // The file, which is exact under kills by a test of its own, is what the records must come to.
    let mut expected = Vec::new();
    for line in place.read("diffs.jsonl").lines() {
        let result: Json = serde_json::from_str(line).expect("a line is JSON");
        let [diff] = &result["results"].as_array().expect("it has diffs")[..] else { panic!("{line}") };
        let row = diff.get("after").unwrap_or(&diff["data"]);
        let key = row["id"].to_string();
        expected.push((key.clone(), Some(line.to_owned())));
        if diff["type"] == "DELETE" {
            expected.push((key, None));
        }
    }
    assert!(expected.len() as u64 > kills * RECORDS / 2, "{}", expected.len());
    let diffs = kafka.read(&topics.diffs, 1);
    let found: Vec<_> = records_of(&diffs[0]).collect();
    assert!(found == expected, "each diff once: {} instead of {}", found.len(), expected.len());
    let mut live = BTreeMap::new();
    let rows = kafka.read(&topics.rows, PARTITIONS);
    for (key, value) in rows.as_array().expect("a list").iter().flat_map(records_of) {
        match value {
            Some(row) => live.insert(key, row),
            None => live.remove(&key),
        };
    }
    let row = |line: &str| serde_json::from_str::<Json>(line).expect("a line is JSON")["data"].to_string();
    let mut wanted: Vec<String> = place.read("rows.jsonl").lines().map(row).collect();
    let mut found: Vec<String> = live.into_values().collect();
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted, "the topic of rows is the live results");
}

/// Returns keys and values.
fn records_of(partition: &Json) -> impl Iterator<Item = (String, Option<String>)> {
    let text = |text: &Json| text.as_str().map(ToOwned::to_owned);
    let record = move |record: &Json| (text(&record[1]).expect("it has a key"), text(&record[2]));
    partition.as_array().expect("a list").iter().map(record)
}

/// Returns the record with this number: an insert, a change, or a tombstone.
fn record(number: u64) -> (String, Option<String>) {
    let id = number * 7 % NODES;
    let row = (number % 5 != 3).then(|| format!(r#"{{"id":{id},"v":{number}}}"#));
    (id.to_string(), row)
}

fn config(kafka: &Kafka, topics: &Topics) -> String {
    let Topics { read, diffs, rows, checkpoints } = topics;
    let url = kafka.url();
    let out = |id: &str, topic: &str, value: &str| {
        format!(
            "\x20 - {{ id: {id}, kind: kafka, queries: [all], url: '{url}', topic: {topic}, key: '{{{{ row.id }}}}', \
             value: {value}, checkpoints: {checkpoints} }}\n"
        )
    };
    format!(
        "store: {{ kind: embedded, path: data, durability: os }}\n\
         sources:\n  - {{ id: in, kind: kafka, url: '{url}', topic: {read}, node: {{ label: N, id: 'n:{{id}}' }} }}\n\
         queries:\n  - {{ id: all, sources: [in], cypher: 'MATCH (n:N) RETURN n.id AS id, n.v AS v' }}\n\
         reactions:\n\
         \x20 - {{ id: file, kind: file, queries: [all], path: diffs.jsonl }}\n\
         \x20 - {{ id: table, kind: file, queries: [all], path: rows.jsonl, mode: table }}\n\
         {}{}",
        out("out", diffs, "diff"),
        out("copy", rows, "row"),
    )
}
