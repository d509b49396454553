//! Clients who each follow one value of a Livewell that is killed at random moments.

use crate::followers::{PATIENCE, address, kill, kills, start};
use crate::place::Place;
use crate::running::Events;
use livewell_services::pause;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

const TRANSACTIONS: u64 = 60;
const RATE: u64 = 400;
/// How many owners the tanks have, one after another.
const OWNERS: u64 = 6;

const CONFIG: &str = "store: { kind: embedded, path: data, durability: os }
server: { listen: 127.0.0.1:0 }
sources: [ { id: ops, kind: file, path: ops.jsonl, rate: RATE } ]
queries:
  - id: tanks
    sources: [ops]
    cypher: MATCH (t:Tank) WHERE t.owner = $owner RETURN t.id AS id, t.level AS level
    for_each: { owner: text }
    outbox: { capacity: CAPACITY }
  - id: sum
    sources: [ops]
    cypher: MATCH (t:Tank) WHERE t.owner = $owner RETURN count(*) AS tanks, sum(t.level) AS level
    for_each: { owner: text }
";

/// Seven tanks whose levels and owners change.
fn place(capacity: u64) -> Place {
    let config = CONFIG.replace("RATE", &RATE.to_string()).replace("CAPACITY", &capacity.to_string());
    let place = Place::new(&config, &[]);
    let lines = (0..kills() * TRANSACTIONS).map(|at| {
        let (id, owner) = (format!("t{}", at % 7), format!("w{}", at * at % 11 % OWNERS));
        let properties = json!({ "id": id, "level": at, "owner": owner });
        let element = json!({ "type": "node", "id": id, "labels": ["Tank"], "properties": properties });
        format!("{}\n", json!({ "operation": "update", "element": element }))
    });
    place.write("ops.jsonl", &lines.collect::<String>());
    place
}

/// What a client has who follows one value.
#[derive(Default)]
struct Follower {
    path: String,
    last: Option<String>,
    resets: usize,
    rows: BTreeMap<String, Json>,
}

impl Follower {
    fn take(&mut self, (name, id, data): (String, Option<String>, Json)) {
        let put = |rows: &mut BTreeMap<String, Json>, row: &Json, field: &str| {
            rows.insert(row["row_signature"].as_str().unwrap().to_owned(), row[field].clone());
        };
        match name.as_str() {
            "reset" => {
                self.rows.clear();
                self.resets += 1;
            }
            "row" => put(&mut self.rows, &data, "data"),
            "result" => {
                for diff in data["results"].as_array().unwrap() {
                    let signature = diff["row_signature"].as_str().unwrap();
                    let before = match diff["type"].as_str().unwrap() {
                        "ADD" => Json::Null,
                        "UPDATE" => diff["before"].clone(),
                        _ => diff["data"].clone(),
                    };
                    assert_eq!(self.rows.remove(signature).unwrap_or_default(), before, "{data}");
                    match diff["type"].as_str().unwrap() {
                        "ADD" => put(&mut self.rows, diff, "data"),
                        "UPDATE" => put(&mut self.rows, diff, "after"),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        self.last = id.or(self.last.take());
    }

    /// Opens a stream that goes on where this one was.
    fn open(&self, address: &str) -> Events {
        let mut stream = TcpStream::connect(address).expect("the server takes connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let last = self.last.iter().map(|id| format!("last-event-id: {id}\r\n")).collect::<String>();
        let path = &self.path;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\n{last}\r\n").expect("the server reads");
        Events::of(stream)
    }

    fn rows(&self) -> Vec<Json> {
        let row = |(signature, data): (&String, &Json)| json!({ "row_signature": signature, "data": data });
        sorted(self.rows.iter().map(row).collect())
    }
}

/// A follower of each owner, and of one that nothing has, of both queries.
fn followers() -> Vec<(&'static str, String, Follower)> {
    let owners = (0..OWNERS).map(|owner| format!("w{owner}")).chain(["nobody".to_owned()]);
    let of = |query, owner: &String| {
        let path = format!("/api/v1/queries/{query}/changes?owner={owner}");
        (query, owner.clone(), Follower { path, ..Follower::default() })
    };
    owners.flat_map(|owner| [of("tanks", &owner), of("sum", &owner)]).collect()
}

/// Lets the followers read through all lives and a last one to its end; returns how often they began again.
fn follow_through_kills(place: &Place) -> usize {
    let mut followers = followers();
    for life in 1..=kills() {
        let child = start(place, life);
        let address = address(place, life);
        let mut streams: Vec<Events> = followers.iter().map(|(.., one)| one.open(&address)).collect();
        pause(Duration::from_millis(10 + life * 37 % 160));
        kill(child);
        for ((.., one), stream) in followers.iter_mut().zip(&mut streams) {
            while let Some(event) = stream.next() {
                one.take(event);
            }
        }
    }
    let child = start(place, kills() + 1);
    let address = address(place, kills() + 1);
    let mut streams: Vec<Events> = followers.iter().map(|(.., one)| one.open(&address)).collect();
    for ((.., one), stream) in followers.iter_mut().zip(&mut streams) {
        // A heartbeat comes once nothing has come for a while.
        while let Some(event) = stream.next().filter(|(name, ..)| name != "heartbeat") {
            one.take(event);
        }
    }
    kill(child);
    place.livewell(&["run", "--until-idle", "--log-level", "error", "livewell.yaml"]).expect(0, &[]);
    for (query, owner, one) in &followers {
        let named = format!("owner={owner}");
        let arguments = ["--for", &named, "--store", "data"];
        let shown = place.livewell(&[&["results", query, "--format", "ndjson"][..], &arguments].concat());
        let rows = shown.expect(0, &[]).out.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        assert_eq!(one.rows(), sorted(rows.collect()), "what {owner} has of {query}");
        place.livewell(&[&["verify", query][..], &arguments].concat()).expect(0, &[]);
    }
    followers.iter().map(|(.., one)| one.resets).sum()
}

fn sorted(mut rows: Vec<Json>) -> Vec<Json> {
    rows.sort_by_key(ToString::to_string);
    rows
}

#[test]
fn killed_anywhere_what_each_client_of_a_value_has_are_the_rows_of_that_value() {
    assert_eq!(follow_through_kills(&place(10_000)), 0, "nobody had to begin again");
}

#[test]
fn killed_anywhere_clients_whom_the_outbox_has_left_behind_begin_again_and_have_the_rows() {
    assert!(follow_through_kills(&place(12)) > 0, "some had to begin again");
}
