//! `kind: nats` against a real server: one that restarts, lets nobody in, has no stream, and finds messages too large.

mod ids;
mod subjects;

use async_nats::jetstream::{self, Context, stream};
use livewell_model::{Diff, QueryResult, SmolStr, Timestamp, Value};
use livewell_reaction::nats::{Each, Nats, NatsSettings};
use livewell_reaction::testkit::{Behaviour, Messaged, STORE, Sample, columns, messengers, start};
use livewell_reaction::{DeadLetter, Delivered, ErrorKind, Outgoing, Reaction, ReactionError};
use livewell_services::{self as services, Proxy};
use std::time::Duration;
use tokio::runtime::Runtime;

/// A client with a thread of its own.
pub struct Broker {
    pub runtime: Runtime,
    pub jetstream: Context,
}

impl Broker {
    pub fn at(url: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let jetstream = runtime.block_on(async { jetstream::new(async_nats::connect(url).await.unwrap()) });
        Self { runtime, jetstream }
    }

    pub fn create(&self, max_message_size: i32) {
        let (name, subjects) = ("OUT".into(), vec!["out.>".into()]);
        let config = stream::Config { name, subjects, max_message_size, ..stream::Config::default() };
        self.runtime.block_on(self.jetstream.create_stream(config)).unwrap();
    }

    /// Returns all that the stream holds: subject, id and body.
    pub fn messages(&self) -> Vec<(String, String, String)> {
        self.runtime.block_on(async {
            let stream = self.jetstream.get_stream("OUT").await.unwrap();
            let mut messages = Vec::new();
            for sequence in 1..=stream.cached_info().state.last_sequence {
                let message = stream.get_raw_message(sequence).await.unwrap();
                let id = message.headers.get("Nats-Msg-Id").unwrap().to_string();
                let body = String::from_utf8(message.payload.to_vec()).unwrap();
                messages.push((message.subject.to_string(), id, body));
            }
            messages
        })
    }
}

fn settings(server: &services::Nats) -> NatsSettings {
    NatsSettings { timeout: Duration::from_secs(2), ..NatsSettings::to(&server.url(), "out.{{ query_id }}") }
}

fn started(settings: NatsSettings, detail: Option<&[u8]>) -> Nats {
    let mut nats = Nats::from(settings);
    start(&mut nats, detail).unwrap();
    nats
}

/// Delivers everything as the driver does, without its pauses.
fn deliver_all(nats: &mut Nats, results: &[Outgoing<'_>]) -> (Vec<u8>, Vec<DeadLetter>) {
    let (mut done, mut detail, mut dead) = (0, Vec::new(), Vec::new());
    while done < results.len() {
        match nats.deliver(&results[done..]) {
            Ok(Delivered { results, detail: now, dead: letters }) => {
                done += results;
                detail = now;
                dead.extend(letters);
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Wait, "{error}"),
        }
    }
    (detail, dead)
}

fn key(sequence: u64, index: usize) -> String {
    format!("{STORE}:sample:sample:1:{sequence}:{index}")
}

/// Returns a result whose diffs have texts of these lengths.
fn texts(lengths: &[usize]) -> QueryResult {
    let text = |(at, length): (usize, &usize)| Diff::Add {
        row_signature: at as u64,
        data: vec![Value::Int(at as i64), Value::from("x".repeat(*length))].into(),
    };
    let diffs = lengths.iter().enumerate().map(text).collect();
    QueryResult { sequence: 7, position: 21, timestamp: Timestamp(0), diffs }
}

fn outgoing<'a>(columns: &'a [SmolStr], result: &'a QueryResult) -> [Outgoing<'a>; 1] {
    [Outgoing { query_id: "sample", epoch: 1, columns, result }]
}

/// A server behind a proxy, with a stream.
struct Target {
    _server: services::Nats,
    proxy: Proxy,
    broker: Broker,
}

impl Target {
    fn new() -> Self {
        let server = services::Nats::start();
        let (proxy, broker) = (Proxy::start(server.port()), Broker::at(&server.url()));
        broker.create(-1);
        Self { _server: server, proxy, broker }
    }
}

impl Messaged for Target {
    fn reaction(&self) -> Box<dyn Reaction> {
        let url = format!("nats://127.0.0.1:{}", self.proxy.port());
        let timeout = Duration::from_millis(400);
        Box::new(Nats::from(NatsSettings { timeout, ..NatsSettings::to(&url, "out.{{ query_id }}") }))
    }

    fn taken(&self) -> Vec<(String, String)> {
        self.broker.messages().into_iter().map(|(_, id, body)| (id, body)).collect()
    }

    fn behave(&self, how: Behaviour) {
        self.proxy.hold(how == Behaviour::Hang);
        self.proxy.refuse(how == Behaviour::Refuse);
        if how != Behaviour::Hang {
            self.proxy.cut();
        }
    }
}

#[test]
fn a_stream_passes_the_suite_of_messengers() {
    messengers(Target::new);
}

#[test]
fn every_diff_is_published_in_order_under_its_id_and_a_repetition_is_recognised() {
    let server = services::Nats::start();
    let broker = Broker::at(&server.url());
    broker.create(-1);
    let sample = Sample::new(60);
    let mut nats = started(settings(&server), None);
    let (checkpoint, _) = deliver_all(&mut nats, &sample.outgoing(1..=20));
    deliver_all(&mut nats, &sample.outgoing(21..=40));
    drop(nats);
    let mut nats = started(settings(&server), Some(&checkpoint));
    deliver_all(&mut nats, &sample.outgoing(21..=60));
    let messages = broker.messages();
    let expected: Vec<_> = (1..=60).map(|sequence| key(sequence, 0)).collect();
    assert_eq!(messages.iter().map(|(_, id, _)| id.clone()).collect::<Vec<_>>(), expected);
    let bodies: Vec<_> = messages.iter().map(|(.., body)| body.clone()).collect();
    assert_eq!(bodies, sample.lines(1..=60));
    assert!(messages.iter().all(|(subject, ..)| subject == "out.sample"));
}

#[test]
fn a_subject_and_a_message_are_made_of_the_row() {
    let server = services::Nats::start();
    let broker = Broker::at(&server.url());
    broker.create(-1);
    let (columns, result) = (columns(), texts(&[1, 2]));
    let template = Some("{{ type }} {{ id }}".to_owned());
    let subject = format!("out.{{{{ row.{} }}}}", columns[0]);
    let mut nats = started(NatsSettings { subject, template, ..settings(&server) }, None);
    deliver_all(&mut nats, &outgoing(&columns, &result));
    let expected = [0, 1].map(|at| (format!("out.{at}"), key(7, at), format!("ADD {}", key(7, at))));
    assert_eq!(broker.messages(), expected);
    let whole = NatsSettings { each: Each::Result, ..settings(&server) };
    deliver_all(&mut started(whole, None), &outgoing(&columns, &result));
    assert_eq!(broker.messages()[2].1, format!("{STORE}:sample:sample:1:7"));
    let subject = format!("out.{{{{ row.{} }}}}", columns[1]);
    let (columns, spaced) = (
        columns,
        QueryResult {
            diffs: vec![Diff::Add {
                row_signature: 1,
                data: vec![Value::Int(1), Value::from("two words")].into(),
            }],
            ..texts(&[])
        },
    );
    let mut nats = started(NatsSettings { subject, ..settings(&server) }, None);
    let error = nats.deliver(&outgoing(&columns, &spaced)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stop);
    assert!(error.to_string().contains("is not a subject"), "{error}");
}

#[test]
fn a_message_that_is_too_large_becomes_a_dead_letter_and_the_others_go_on() {
    let server = services::Nats::start_with(&[]);
    let broker = Broker::at(&server.url());
    broker.create(10_000);
    // Too large for the stream, and too large for the server.
    let (columns, result) = (columns(), texts(&[1, 20_000, 2, 2 << 20, 3]));
    let mut nats = started(settings(&server), None);
    let (_, dead) = deliver_all(&mut nats, &outgoing(&columns, &result));
    let ids: Vec<_> = broker.messages().into_iter().map(|(_, id, _)| id).collect();
    assert_eq!(ids, [0, 2, 4].map(|index| key(7, index)));
    let letters: Vec<_> = dead.iter().map(|letter| letter.key.clone()).collect();
    assert_eq!(letters, [1, 3].map(|index| format!("{} out.sample", key(7, index))));
    assert!(matches!(nats.resend(&dead[0]), Err(ReactionError::Refused { .. })));
    let config =
        stream::Config { name: "OUT".into(), subjects: vec!["out.>".into()], ..stream::Config::default() };
    broker.runtime.block_on(broker.jetstream.update_stream(config)).unwrap();
    nats.resend(&dead[0]).unwrap();
    assert_eq!(broker.messages()[3].1, key(7, 1), "under the id it had");
}

#[test]
fn a_server_or_stream_that_is_away_is_waited_for() {
    let mut server = services::Nats::start();
    let sample = Sample::new(3);
    let mut nats = started(settings(&server), None);
    let error = nats.deliver(&sample.outgoing(1..=1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Wait);
    assert!(error.to_string().contains("no stream takes the subject `out.sample`"), "{error}");
    Broker::at(&server.url()).create(-1);
    deliver_all(&mut nats, &sample.outgoing(1..=1));
    server.kill();
    assert_eq!(nats.deliver(&sample.outgoing(2..=2)).unwrap_err().kind(), ErrorKind::Wait);
    server.up();
    deliver_all(&mut nats, &sample.outgoing(2..=3));
    let ids: Vec<_> = Broker::at(&server.url()).messages().into_iter().map(|(_, id, _)| id).collect();
    assert_eq!(ids, [1, 2, 3].map(|sequence| key(sequence, 0)));
}

#[test]
fn wrong_credentials_stop_it_and_are_not_shown() {
    let server = services::Nats::start_with(&["--auth", "the token"]);
    let sample = Sample::new(1);
    let named = NatsSettings { token: Some("a wrong one".into()), ..settings(&server) };
    let error = started(named, None).deliver(&sample.outgoing(1..=1)).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Stop, "LW0410"));
    assert!(
        error.to_string().contains("authorization") && !error.to_string().contains("a wrong one"),
        "{error}"
    );
}
