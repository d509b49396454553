//! Between two streams of a real NATS server, a Livewell that is killed at random moments: every message comes in once,
//! and every diff goes out under its own id.

use crate::place::Place;
use async_nats::jetstream::{self, Context, stream};
use livewell_services::{Nats, pause};
use serde_json::{Value as Json, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::runtime::Runtime;

/// How often it is killed; `LIVEWELL_KILLS` says otherwise.
const KILLS: u64 = 30;
/// How many messages there are for each kill.
const MESSAGES: u64 = 60;

/// A client with a thread of its own.
pub struct Broker {
    runtime: Runtime,
    jetstream: Context,
}

impl Broker {
    pub fn of(nats: &Nats) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let client = runtime.block_on(async_nats::connect(nats.url())).expect("NATS takes connections");
        let jetstream = {
            let _inside = runtime.enter();
            jetstream::new(client)
        };
        Self { runtime, jetstream }
    }

    pub fn create(&self, name: &str, subject: &str) {
        let config =
            stream::Config { name: name.into(), subjects: vec![subject.into()], ..stream::Config::default() };
        self.runtime.block_on(self.jetstream.create_stream(config)).expect("a stream");
    }

    /// What stands in the stream of diffs, in its order: the sequence in the id, and the message.
    fn published(&self) -> Vec<(u64, String)> {
        self.runtime.block_on(async {
            let stream = self.jetstream.get_stream("OUT").await.expect("the stream is there");
            let mut published = Vec::new();
            for sequence in 1..=stream.cached_info().state.last_sequence {
                let message = stream.get_raw_message(sequence).await.expect("a message");
                let id = message.headers.get("Nats-Msg-Id").expect("an id").to_string();
                let parts: Vec<&str> = id.split(':').collect();
                let [_, _, "all", "1", sequence, "0"] = parts[..] else { panic!("{id}") };
                let body = String::from_utf8(message.payload.to_vec()).expect("text");
                published.push((sequence.parse().expect("a number"), body));
            }
            published
        })
    }

    pub fn publish(&self, subject: &'static str, bodies: impl Iterator<Item = String>) {
        self.runtime.block_on(async {
            for body in bodies {
                let ack = self.jetstream.publish(subject, body.into()).await.expect("sent");
                ack.await.expect("taken");
            }
        });
    }
}

#[test]
fn killed_anywhere_every_message_comes_in_once_and_every_diff_goes_out_under_its_id() {
    let nats = Nats::start();
    let broker = Broker::of(&nats);
    broker.create("IN", "in");
    broker.create("OUT", "out.*");
    let kills: u64 = std::env::var("LIVEWELL_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let place = Place::new(&config(&nats), &[]);
    for kill in 0..kills {
        let run = ["run", "--log-level", "error", "livewell.yaml"];
        let mut child = place.command(&run).stdout(Stdio::null()).spawn().expect("the binary starts");
        broker.publish("in", (kill * MESSAGES..(kill + 1) * MESSAGES).map(insert));
        pause(Duration::from_millis(kill * 37 % 150));
        child.kill().expect("a running child can be killed");
        child.wait().expect("a killed child ends");
    }
    place.livewell(&["run", "--until-idle", "--log-level", "error", "livewell.yaml"]).expect(0, &[]);
    let mut seen = Vec::new();
    for (at, line) in place.read("all.jsonl").lines().enumerate() {
        let result: Json = serde_json::from_str(line).expect("a line is JSON");
        assert_eq!(result["sequence"], at + 1, "no message makes two results");
        seen.push(result["results"][0]["data"]["x"].as_u64().expect("a number"));
    }
    assert_eq!(seen, (0..kills * MESSAGES).collect::<Vec<_>>(), "each message, once, in order");
    // The file, which is exact under kills by a test of its own, is what the messages must come to.
    let expected: Vec<_> = (1..).zip(place.read("all.jsonl").lines().map(str::to_owned)).collect();
    assert_eq!(broker.published(), expected, "the stream recognises what is sent again by its id");
}

fn insert(x: u64) -> String {
    let element = json!({ "type": "node", "id": format!("n{x}"), "labels": ["N"], "properties": { "x": x } });
    json!({ "operation": "insert", "element": element }).to_string()
}

fn config(nats: &Nats) -> String {
    format!(
        "store: {{ kind: embedded, path: data, durability: os }}\n\
         sources:\n  - {{ id: in, kind: nats, url: '{}', stream: IN }}\n\
         queries:\n  - id: all\n    sources: [in]\n    cypher: 'MATCH (n:N) RETURN n.x AS x'\n\
         reactions:\n\
         \x20 - {{ id: file, kind: file, queries: [all], path: all.jsonl }}\n\
         \x20 - {{ id: out, kind: nats, queries: [all], url: '{}', subject: 'out.{{{{ row.x }}}}' }}\n",
        nats.url(),
        nats.url()
    )
}
