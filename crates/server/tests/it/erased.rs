//! What it takes until nothing of a person is left: the steps of the guide, and a search through every byte.

use super::place::{Place, ended};
use super::running::Running;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const NAME: &str = "Zebulon-Quatermass-4711";

/// Queries, each with what it reads.
const QUERIES: [(&str, &str, &str); 2] = [
    ("people", "orders", "MATCH (p:Person) RETURN p.id AS id, p.name AS name"),
    ("names", "people", "MATCH (r:Row) RETURN r.name AS name, count(*) AS n"),
];

/// Whether a file below the folder has the name in it.
fn is_in(folder: &Path) -> bool {
    let name = NAME.as_bytes();
    fs::read_dir(folder).unwrap().map(Result::unwrap).any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return is_in(&path);
        }
        fs::read(&path).unwrap_or_default().windows(name.len()).any(|window| window == name)
    })
}

fn command(place: &Place, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_livewell"));
    command.args(arguments).current_dir(place.path());
    ended(command).expect(0, &[]);
}

#[test]
fn after_the_steps_of_the_guide_no_byte_of_a_person_is_left() {
    let query =
        |(id, of, cypher)| format!("  - {{ id: {id}, sources: [{of}], as: Row, cypher: '{cypher}' }}\n");
    let mut running = Running::start_with("", "", &QUERIES.map(query).concat());
    let person = |id: &str, name: &str| {
        let properties = json!({ "id": id, "name": name });
        let element = json!({ "type": "node", "id": id, "labels": ["Person"], "properties": properties });
        json!({ "operation": "insert", "element": element }).to_string() + "\n"
    };
    let send = |running: &Running, body: &str| {
        let answer = running.post(body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        for query in ["people", "names"] {
            let path =
                format!("/api/v1/queries/{query}/results?wait=20s&position={}", answer.json()["position"]);
            assert_eq!(running.get(&path).status, 200);
        }
    };
    send(&running, &(person("p1", NAME) + &person("p2", "somebody-else")));
    send(&running, "{\"operation\":\"delete\",\"id\":\"p1\"}\n");
    assert!(!running.get("/api/v1/queries/people/results").body.contains(NAME));
    let place = Place::new("", &[]);
    let data = running.store();
    let backup = |name: &str| command(&place, &["backup", name, "--store", data.to_str().unwrap()]);
    backup("early");
    assert!(is_in(&place.file("early")), "the outboxes still have the results");

    let with = |capacity: u64| {
        for (id, of, cypher) in QUERIES {
            let body = json!({ "id": id, "sources": [of], "as": "Row", "cypher": cypher, "outbox": { "capacity": capacity } });
            let put = running.ask("PUT", &format!("/api/v1/queries/{id}"), "", &body.to_string());
            assert_eq!(put.status, 200, "{}", put.body);
        }
    };
    with(1);
    // Two results push out everything before them, and the source's log is trimmed behind its queries.
    for at in 3..6 {
        send(&running, &person(&format!("p{at}"), &format!("another-{at}")));
    }
    with(100_000);
    let deadline = Instant::now() + Duration::from_secs(40);
    for attempt in 0.. {
        std::thread::park_timeout(Duration::from_millis(500));
        let name = format!("late{attempt}");
        backup(&name);
        if !is_in(&place.file(&name)) {
            command(&place, &["restore", &name, "--into", "clean"]);
            break;
        }
        assert!(Instant::now() < deadline, "it is still in a backup");
    }
    running.stop();
    assert!(!is_in(&place.file("clean")));
    let results = place.livewell(&["results", "people", "--store", "clean"]);
    assert!(results.out.contains("somebody-else"), "{}{}", results.out, results.err);
}
