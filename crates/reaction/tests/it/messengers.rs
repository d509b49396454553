//! What all messengers do alike, held over each kind against its real server, and over transports of a test.

mod faults;
mod own;

use crate::nats::Broker;
use async_nats::jetstream::stream;
use livewell_model::{Diff, QueryResult, Timestamp, Value};
use livewell_reaction::nats::{Nats, NatsSettings};
use livewell_reaction::testkit::{STORE, Sample, columns, start};
use livewell_reaction::webhook::{Webhook, WebhookSettings};
use livewell_reaction::{DeadLetter, Delivered, ErrorKind, OnRefusal, Outgoing, Reaction};
use livewell_services::{self as services, Act, Web};
use std::time::Duration;

/// A kind against its server, which takes no message of results from sequence 3 on until it works again.
trait Served {
    /// Returns a reaction whose messages are made by the template, with a start behind it.
    fn reaction(&self, template: Option<&str>) -> Box<dyn Reaction>;

    /// Returns the keys and bodies that the server has.
    fn taken(&self) -> Vec<(String, String)>;

    /// Has the server take everything from now on.
    fn mend(&self);
}

impl Served for Web {
    fn reaction(&self, template: Option<&str>) -> Box<dyn Reaction> {
        let timeout = Duration::from_millis(500);
        let template = template.map(ToOwned::to_owned);
        let settings =
            WebhookSettings { allow_private: true, timeout, template, ..WebhookSettings::to(&self.url()) };
        let mut webhook = Webhook::from(settings).on_refusal(OnRefusal::DeadLetter);
        start(&mut webhook, None).unwrap();
        Box::new(webhook)
    }

    fn taken(&self) -> Vec<(String, String)> {
        let seen = self.seen().into_iter().filter(|request| !is_late(&request.body));
        seen.map(|request| (request.id().to_owned(), request.body)).collect()
    }

    fn mend(&self) {
        self.set(|_, _| Act::Answer(200, ""));
    }
}

/// Returns whether a message is of a result from sequence 3 on.
fn is_late(body: &str) -> bool {
    (3..9).any(|sequence| body.contains(&format!("\"sequence\":{sequence},")))
}

struct Streams {
    server: services::Nats,
    broker: Broker,
}

impl Streams {
    fn start() -> Self {
        let server = services::Nats::start();
        let broker = Broker::at(&server.url());
        broker.create(-1);
        Self { server, broker }
    }
}

impl Served for Streams {
    fn reaction(&self, template: Option<&str>) -> Box<dyn Reaction> {
        let template = template.map(ToOwned::to_owned);
        let subject = "{{ 'out' if sequence < 3 else 'late' }}.rows";
        let settings = NatsSettings { template, ..NatsSettings::to(&self.server.url(), subject) };
        let mut nats = Nats::from(settings).on_refusal(OnRefusal::DeadLetter);
        start(&mut nats, None).unwrap();
        Box::new(nats)
    }

    fn taken(&self) -> Vec<(String, String)> {
        self.broker.messages().into_iter().map(|(_, key, body)| (key, body)).collect()
    }

    fn mend(&self) {
        let (name, subjects) = ("OUT".into(), vec!["out.>".into(), "late.>".into()]);
        let config = stream::Config { name, subjects, ..stream::Config::default() };
        self.broker.runtime.block_on(self.broker.jetstream.update_stream(config)).unwrap();
    }
}

fn web() -> Web {
    Web::scripted(|request, _| Act::Answer(if is_late(&request.body) { 503 } else { 200 }, ""))
}

fn key(sequence: u64, index: usize) -> String {
    format!("{STORE}:sample:sample:1:{sequence}:{index}")
}

/// Delivers everything as the driver does, without its pauses; returns what was set aside.
fn deliver_all(reaction: &mut dyn Reaction, results: &[Outgoing<'_>]) -> Vec<DeadLetter> {
    let (mut done, mut dead) = (0, Vec::new());
    while done < results.len() {
        match reaction.deliver(&results[done..]) {
            Ok(Delivered { results, dead: letters, .. }) => {
                done += results;
                dead.extend(letters);
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Wait, "{error}"),
        }
    }
    dead
}

fn a_failure_comes_after_the_checkpoint_of_what_went_out_before(server: &impl Served) {
    let sample = Sample::new(5);
    let mut reaction = server.reaction(None);
    let Delivered { results, .. } = reaction.deliver(&sample.outgoing(1..=5)).unwrap();
    assert_eq!(results, 2, "what went out is checkpointed first");
    server.mend();
    let before = server.taken().len();
    let error = reaction.deliver(&sample.outgoing(3..=5)).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("LW0409", ErrorKind::Wait));
    assert_eq!(server.taken().len(), before, "and the failure is told then: nothing is sent at once");
    assert!(deliver_all(&mut *reaction, &sample.outgoing(3..=5)).is_empty());
}

#[test]
fn a_failure_comes_after_the_checkpoint_of_what_went_out_before_over_http_and_nats() {
    a_failure_comes_after_the_checkpoint_of_what_went_out_before(&web());
    let streams = Streams::start();
    a_failure_comes_after_the_checkpoint_of_what_went_out_before(&streams);
    let keys: Vec<String> = streams.taken().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, (1..=5).map(|sequence| key(sequence, 0)).collect::<Vec<_>>());
}

/// Returns a result of three rows, the second of which has no note.
fn noted() -> QueryResult {
    let notes = [Value::from("a"), Value::Null, Value::from("c")];
    let add = |(at, note)| Diff::Add { row_signature: 1, data: vec![Value::Int(at), note].into() };
    let diffs = (0..).zip(notes).map(add).collect();
    QueryResult { sequence: 1, position: 3, timestamp: Timestamp(0), diffs }
}

fn what_templates_cannot_make_is_one_form_of_letter(server: &impl Served, first_form: &str) {
    let (columns, result) = (columns(), noted());
    let outgoing = [Outgoing { query_id: "sample", epoch: 1, columns: &columns, result: &result }];
    let template = "{{ row.note if row.note is string else row.missing }}";
    let dead = deliver_all(&mut *server.reaction(Some(template)), &outgoing);
    let [letter] = &dead[..] else { panic!("one letter: {dead:?}") };
    let key_of = |at| key(1, at);
    assert_eq!(letter.key, format!("{} not filled in", key_of(1)));
    let body: serde_json::Value = serde_json::from_slice(&letter.body).unwrap();
    assert_eq!(body["results"][0]["data"]["note"], serde_json::Value::Null, "it holds what it is about");
    let taken =
        || server.taken().into_iter().map(|(key, body)| (key, body.trim().to_owned())).collect::<Vec<_>>();
    assert_eq!(taken(), [(key_of(0), "a".to_owned()), (key_of(2), "c".to_owned())]);
    let mut mended = server.reaction(Some("mended {{ row.id }}"));
    mended.resend(letter).unwrap();
    // A letter that an earlier commit has stored is made again, too, under its own key.
    let other = key_of(1).replace(":1:1:1", ":1:9:9");
    let earlier = DeadLetter { key: format!("{other}{first_form}"), ..letter.clone() };
    mended.resend(&earlier).unwrap();
    assert_eq!(taken()[2..], [(key_of(1), "mended 1".to_owned()), (other, "mended 1".to_owned())]);
}

#[test]
fn what_templates_cannot_make_is_one_form_of_letter_over_http_and_nats() {
    what_templates_cannot_make_is_one_form_of_letter(&web(), " unfilled");
    what_templates_cannot_make_is_one_form_of_letter(&Streams::start(), "");
}
