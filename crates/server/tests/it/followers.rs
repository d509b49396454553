//! Those who follow a query of a Livewell that is killed at random moments: the lines of `kind: log`, and a client of
//! the server-sent events who comes back with the last id that it has.

use crate::place::Place;
use crate::running::Events;
use livewell_services::pause;
use serde_json::{Value as Json, json};
use std::fs::{self, File};
use std::io::Write;
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// How often it is killed; `LIVEWELL_KILLS` says otherwise.
const KILLS: u64 = 20;
/// How many transactions there are for each kill, and how many are read in a second.
const TRANSACTIONS: u64 = 60;
const RATE: u64 = 400;
pub const PATIENCE: Duration = Duration::from_secs(60);

const CONFIG: &str = "store: { kind: embedded, path: data, durability: os }
server: { listen: 127.0.0.1:0 }
sources: [ { id: ops, kind: file, path: ops.jsonl, rate: RATE } ]
queries: [ { id: levels, sources: [ops], cypher: 'MATCH (t:Tank) RETURN t.id AS id, t.level AS level' } ]
reactions:
  - { id: all, kind: file, queries: [levels], path: all.jsonl }
  - { id: lines, kind: log, queries: [levels] }
";

pub fn kills() -> u64 {
    std::env::var("LIVEWELL_KILLS").map_or(KILLS, |text| text.parse().expect("a number"))
}

/// Seven tanks whose levels change, each transaction one result.
fn place() -> Place {
    let place = Place::new(&CONFIG.replace("RATE", &RATE.to_string()), &[]);
    let lines = (0..kills() * TRANSACTIONS).map(|at| {
        let id = format!("t{}", at % 7);
        let element =
            json!({ "type": "node", "id": id, "labels": ["Tank"], "properties": { "id": id, "level": at } });
        format!("{}\n", json!({ "operation": "update", "element": element }))
    });
    place.write("ops.jsonl", &lines.collect::<String>());
    place
}

/// Starts it once more, its log in a file of this life's own.
pub fn start(place: &Place, life: u64) -> Child {
    let mut command = place.command(&["run", "livewell.yaml", "--log-format", "json"]);
    let log = File::create(log_of(place, life)).expect("a log can be written");
    command.stdout(Stdio::null()).stderr(log).spawn().expect("the binary starts")
}

fn log_of(place: &Place, life: u64) -> std::path::PathBuf {
    place.file(format!("log{life}"))
}

pub fn kill(mut child: Child) {
    assert!(child.try_wait().expect("a child can be asked").is_none(), "it ended by itself");
    child.kill().expect("a running child can be killed");
    child.wait().expect("a killed child ends");
}

/// Every result, from the file of all results, which is exact under kills by a test of its own.
fn truth(place: &Place) -> Vec<Json> {
    place.livewell(&["run", "--until-idle", "--log-level", "error", "livewell.yaml"]).expect(0, &[]);
    let all = place.read("all.jsonl");
    all.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// What `kind: log` said in one life: the sequence of a result, and its line.
fn said(place: &Place, life: u64) -> Vec<(u64, String)> {
    let log = fs::read_to_string(log_of(place, life)).expect("a log");
    // The last line may have been cut off.
    let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let lines =
        whole.lines().map(|line| serde_json::from_str::<Json>(line).expect("a line of the log is JSON"));
    let of_results = lines.filter(|line| line["target"] == "livewell::reaction");
    let shown = |line: Json| {
        let message = line["message"].as_str().expect("text").to_owned();
        (line["sequence"].as_u64().expect("a number"), message)
    };
    of_results.map(shown).collect()
}

#[test]
fn killed_anywhere_every_result_is_logged_in_order_at_least_once() {
    let place = place();
    for life in 1..=kills() {
        let child = start(&place, life);
        pause(Duration::from_millis(30 + life * 41 % 150));
        kill(child);
    }
    let (end, last_life) = (kills() * TRANSACTIONS, kills() + 1);
    let child = start(&place, last_life);
    let began = Instant::now();
    while said(&place, last_life).last().is_none_or(|(sequence, _)| *sequence < end) {
        assert!(began.elapsed() < PATIENCE, "the last result is not logged");
        pause(Duration::from_millis(50));
    }
    kill(child);
    let lives: Vec<_> = (1..=last_life).map(|life| said(&place, life)).collect();
    assert!(
        lives.iter().filter(|said| !said.is_empty()).count() as u64 > kills() / 2,
        "it logged before kills"
    );
    let mut reached = 0;
    for said in lives {
        // Each follows the one before it; a life goes back to where a killed one had stood.
        assert!(
            said.first().is_none_or(|(first, _)| *first <= reached + 1),
            "{said:?} comes after {reached}"
        );
        assert!(said.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1), "{said:?}");
        for (sequence, line) in said {
            assert!(line.contains(&format!(r#""level":{}}}"#, sequence - 1)), "{sequence}: {line}");
            reached = reached.max(sequence);
        }
    }
    assert_eq!(reached, end);
}

/// A client that follows `levels`, and what it has seen.
#[derive(Default)]
struct Client {
    last: Option<String>,
    rows: Vec<Json>,
    results: Vec<Json>,
}

impl Client {
    /// Follows on from the last id, until it has seen so many more results.
    fn follow(&mut self, place: &Place, life: u64, results: usize) -> Events {
        let mut events = Events::of(self.connect(&address(place, life)));
        let enough = self.results.len() + results;
        while self.results.len() < enough {
            let event = events.next().expect("it runs");
            self.take(event);
        }
        events
    }

    fn connect(&self, address: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).expect("the server takes connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let last = self.last.iter().map(|id| format!("last-event-id: {id}\r\n")).collect::<String>();
        let path = "/api/v1/queries/levels/changes";
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\n{last}\r\n").expect("the server reads");
        stream
    }

    fn take(&mut self, (name, id, data): (String, Option<String>, Json)) {
        match name.as_str() {
            "row" => self.rows.push(data["data"].clone()),
            "result" => self.results.push(data),
            "snapshot_end" => assert!(self.last.is_none(), "there is one snapshot, at the beginning"),
            "heartbeat" => return,
            other => panic!("a client that comes back in time gets no `{other}`"),
        }
        self.last = id.or(self.last.take());
    }
}

/// Where it serves, from its log.
pub fn address(place: &Place, life: u64) -> String {
    let began = Instant::now();
    loop {
        let log = fs::read_to_string(log_of(place, life)).expect("a log");
        if let Some((_, rest)) = log.split_once("serving http://") {
            return rest.split('"').next().expect("a part").to_owned();
        }
        assert!(began.elapsed() < PATIENCE, "it does not serve: {log}");
        pause(Duration::from_millis(5));
    }
}

#[test]
fn killed_anywhere_a_stream_of_events_goes_on_at_the_last_id_and_shows_every_result_once() {
    let place = place();
    let mut client = Client::default();
    for life in 1..=kills() {
        let child = start(&place, life);
        let mut events = client.follow(&place, life, (life * 13 % 50) as usize);
        kill(child);
        // What was on its way.
        while let Some(event) = events.next() {
            client.take(event);
        }
    }
    let child = start(&place, kills() + 1);
    let end = (kills() * TRANSACTIONS) as usize;
    let first = client.results[0]["sequence"].as_u64().expect("a number") as usize;
    let left = end + 1 - first - client.results.len();
    client.follow(&place, kills() + 1, left);
    kill(child);
    let truth = truth(&place);
    assert_eq!(client.results, truth[first - 1..], "every result after the snapshot, once, in order");
    assert_eq!(client.rows.len(), truth[..first - 1].len().min(7), "the snapshot is of that place");
}
