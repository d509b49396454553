//! `kind: webhook` against a web server that takes, refuses, hangs, cuts and lies.

mod bodies;
mod ids;
mod unfilled;

use livewell_model::{Diff, QueryResult, SmolStr, Timestamp, Value};
use livewell_reaction::testkit::{Behaviour, Messaged, STORE, Sample, messengers, start};
use livewell_reaction::webhook::{Each, Webhook, WebhookSettings};
use livewell_reaction::{DeadLetter, Delivered, ErrorKind, Outgoing, Reaction, ReactionError};
use livewell_services::{Act, Web};
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn settings(server: &Web) -> WebhookSettings {
    WebhookSettings {
        allow_private: true,
        timeout: Duration::from_millis(300),
        retries: 2,
        ..WebhookSettings::to(&server.url())
    }
}

fn started(settings: WebhookSettings, detail: Option<&[u8]>) -> (Webhook, Vec<u8>) {
    let mut webhook = Webhook::from(settings);
    let started = start(&mut webhook, detail).unwrap();
    assert!(!started.rebuild && started.reached.is_empty());
    (webhook, started.detail)
}

/// Delivers everything as the driver does, without its pauses.
fn deliver_all(webhook: &mut Webhook, results: &[Outgoing<'_>]) -> (Vec<u8>, Vec<DeadLetter>) {
    let (mut done, mut detail, mut dead) = (0, Vec::new(), Vec::new());
    while done < results.len() {
        match webhook.deliver(&results[done..]) {
            Ok(delivered) => {
                done += delivered.results;
                detail = delivered.detail;
                dead.extend(delivered.dead);
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Wait, "{error}"),
        }
    }
    (detail, dead)
}

fn ids(server: &Web) -> Vec<String> {
    server.seen().iter().map(|request| request.id().to_owned()).collect()
}

fn key(sequence: u64, index: usize) -> String {
    format!("{STORE}:sample:sample:1:{sequence}:{index}")
}

/// Returns a result of `count` diffs at sequence 7.
fn large(count: u64) -> QueryResult {
    let add = |at| Diff::Add { row_signature: at, data: vec![Value::Int(at as i64), Value::Null].into() };
    QueryResult { sequence: 7, position: 21, timestamp: Timestamp(0), diffs: (0..count).map(add).collect() }
}

fn outgoing<'a>(columns: &'a [SmolStr], result: &'a QueryResult) -> [Outgoing<'a>; 1] {
    [Outgoing { query_id: "sample", epoch: 1, columns, result }]
}

fn columns() -> [SmolStr; 2] {
    livewell_reaction::testkit::columns()
}

#[test]
fn every_result_is_sent_in_order_with_its_id_and_a_signature_that_holds() {
    let server = Web::start();
    let sample = Sample::new(250);
    let settings = WebhookSettings { secret: Some(SECRET.into()), ..settings(&server) };
    let (mut webhook, _) = started(settings, None);
    let (_, dead) = deliver_all(&mut webhook, &sample.outgoing(1..=250));
    assert!(dead.is_empty());
    let seen = server.seen();
    let bodies: Vec<_> = seen.iter().map(|request| request.body.clone()).collect();
    assert_eq!(bodies, sample.lines(1..=250), "in order and once");
    assert_eq!(ids(&server), (1..=250).map(|sequence| key(sequence, 0)).collect::<Vec<_>>());
    // The convention's own library is the oracle.
    let oracle = standardwebhooks::Webhook::new(SECRET).unwrap();
    for request in &seen {
        let signature = oracle.sign(request.id(), 1_700_000_000, request.body.as_bytes()).unwrap();
        assert_eq!(request.headers["webhook-signature"], signature);
        assert_eq!(request.headers["content-type"], "application/json");
        assert_eq!(request.headers["webhook-timestamp"], "1700000000");
        assert_eq!(request.path, "/hook");
    }
}

/// A server that notes what it takes.
struct Target {
    server: Web,
    taken: Arc<Mutex<Vec<(String, String)>>>,
}

impl Target {
    fn new() -> Self {
        let target = Self { server: Web::start(), taken: Arc::default() };
        target.behave(Behaviour::Serve);
        target
    }
}

impl Messaged for Target {
    fn reaction(&self) -> Box<dyn Reaction> {
        let patient = WebhookSettings::to(&self.server.url());
        Box::new(Webhook::from(WebhookSettings { retries: patient.retries, ..settings(&self.server) }))
    }

    fn taken(&self) -> Vec<(String, String)> {
        self.taken.lock().unwrap().clone()
    }

    fn behave(&self, how: Behaviour) {
        let taken = self.taken.clone();
        self.server.set(move |request, _| match how {
            Behaviour::Serve => {
                taken.lock().unwrap().push((request.id().to_owned(), request.body.clone()));
                Act::Answer(200, "")
            }
            Behaviour::Refuse => Act::Answer(503, ""),
            Behaviour::Hang => Act::Hang,
        });
    }
}

#[test]
fn webhooks_pass_the_suite_of_messengers() {
    messengers(Target::new);
}

#[test]
fn a_large_result_goes_on_inside_itself_after_a_kill() {
    let server = Web::start();
    let (columns, result) = (columns(), large(250));
    let results = outgoing(&columns, &result);
    let (mut webhook, _) = started(settings(&server), None);
    let part = webhook.deliver(&results).unwrap();
    assert_eq!(part.results, 0, "a large result is delivered in parts");
    let sent = server.seen().len();
    assert!((1..=100).contains(&sent), "{sent}");
    drop(webhook);
    let (mut webhook, _) = started(settings(&server), Some(&part.detail));
    deliver_all(&mut webhook, &results);
    assert_eq!(ids(&server), (0..250).map(|index| key(7, index)).collect::<Vec<_>>());
    let ids: Vec<_> = server.seen().iter().map(|r| row_of(&r.body)).collect();
    assert_eq!(ids, (0..250).collect::<Vec<i64>>(), "each message holds its own diff");
}

fn row_of(body: &str) -> i64 {
    let body: Json = serde_json::from_str(body).unwrap();
    assert_eq!(body["results"].as_array().unwrap().len(), 1);
    body["results"][0]["data"]["id"].as_i64().unwrap()
}

#[test]
fn a_message_can_hold_a_whole_result() {
    let server = Web::start();
    let (columns, result) = (columns(), large(30));
    let results = outgoing(&columns, &result);
    let (mut webhook, _) = started(WebhookSettings { each: Each::Result, ..settings(&server) }, None);
    deliver_all(&mut webhook, &results);
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].id(), format!("{STORE}:sample:sample:1:7"));
    assert_eq!(seen[0].body, serde_json::to_string(&results[0].shape()).unwrap());
}

#[test]
fn a_target_that_fails_now_and_then_gets_everything_in_order() {
    for act in [
        Act::Answer(503, ""),
        Act::Answer(429, "retry-after: 7\r\n"),
        Act::Answer(404, ""),
        Act::Answer(302, "location: /elsewhere\r\n"),
        Act::Hang,
        Act::Cut,
        Act::Garble,
    ] {
        let what = format!("{act:?}");
        let server =
            Web::scripted(move |_, before| if before % 3 == 1 { act.clone() } else { Act::Answer(200, "") });
        let sample = Sample::new(4);
        let (mut webhook, _) = started(settings(&server), None);
        let (_, dead) = deliver_all(&mut webhook, &sample.outgoing(1..=4));
        assert!(dead.is_empty(), "{what}");
        assert_eq!(ids(&server), [1, 2, 2, 3, 4, 4].map(|sequence| key(sequence, 0)), "{what}");
        assert!(server.seen().iter().all(|request| request.path == "/hook"), "redirects are not followed");
    }
}

#[test]
fn what_an_answer_asks_for_is_waited_for() {
    let server = Web::scripted(|_, _| Act::Answer(429, "retry-after: 77\r\n"));
    let (mut webhook, _) = started(settings(&server), None);
    let error = webhook.deliver(&Sample::new(1).outgoing(1..=1)).unwrap_err();
    assert_eq!(error.after(), Some(Duration::from_secs(77)));
    assert!(error.to_string().contains("429") && error.to_string().contains("no thanks"), "{error}");
}

#[test]
fn what_went_out_before_a_failure_is_checkpointed_before_the_failure_is_told() {
    let server = Web::scripted(|_, before| Act::Answer(if before < 2 { 200 } else { 500 }, ""));
    let sample = Sample::new(5);
    let (mut webhook, _) = started(settings(&server), None);
    let Delivered { results, .. } = webhook.deliver(&sample.outgoing(1..=5)).unwrap();
    assert_eq!(results, 2);
    let error = webhook.deliver(&sample.outgoing(3..=5)).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("LW0409", ErrorKind::Wait));
    assert_eq!(server.seen().len(), 3, "the failure is told, not tried again at once");
}

#[test]
fn a_message_refused_for_good_becomes_a_dead_letter_and_can_be_sent_again() {
    let server = Web::scripted(|request, _| {
        Act::Answer(if request.body.contains("\"sequence\":2,") { 400 } else { 200 }, "")
    });
    let sample = Sample::new(3);
    let (mut webhook, _) = started(settings(&server), None);
    let (_, dead) = deliver_all(&mut webhook, &sample.outgoing(1..=3));
    assert_eq!(ids(&server), [1, 2, 2, 2, 3].map(|sequence| key(sequence, 0)), "two repetitions, then on");
    let [letter] = &dead[..] else { panic!("one dead letter: {dead:?}") };
    assert_eq!(letter.key, key(2, 0));
    assert_eq!(letter.body, sample.lines(2..=2)[0].as_bytes());
    assert!(letter.reason.contains("400"), "{}", letter.reason);
    let refusal = webhook.resend(letter).unwrap_err();
    assert_eq!(refusal.code(), "LW0410");
    server.set(|_, _| Act::Answer(200, ""));
    webhook.resend(letter).unwrap();
    let last = server.seen().pop().unwrap();
    assert_eq!((last.id(), last.body.as_bytes()), (letter.key.as_str(), &letter.body[..]));
}

#[test]
fn a_slow_target_is_waited_for_and_a_long_answer_is_not_read_to_its_end() {
    let server = Web::scripted(|_, before| match before {
        0 => Act::Slow(Duration::from_millis(150)),
        1 => Act::Say("x".repeat(8 << 20)),
        2 => Act::Promise,
        _ => Act::Answer(200, ""),
    });
    let sample = Sample::new(4);
    let (mut webhook, _) = started(settings(&server), None);
    let (_, dead) = deliver_all(&mut webhook, &sample.outgoing(1..=4));
    assert!(dead.is_empty());
    assert_eq!(ids(&server), [1, 2, 3, 4].map(|sequence| key(sequence, 0)), "each was taken the first time");
}

#[test]
fn a_private_address_is_not_connected_to_whether_it_is_named_or_resolved() {
    let server = Web::start();
    for host in ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]"] {
        let url = format!("http://{host}:{}/hook", server.port());
        let (mut webhook, _) = started(WebhookSettings::to(&url), None);
        let error = webhook.deliver(&Sample::new(1).outgoing(1..=1)).unwrap_err();
        assert!(matches!(error, ReactionError::Private { .. }), "{host}: {error}");
        assert!(error.to_string().contains("allow_private"), "{error}");
    }
    assert!(server.seen().is_empty());
}

#[test]
fn a_template_makes_the_body_and_a_name_it_does_not_know_stops() {
    let server = Web::start();
    let sample = Sample::new(1);
    let template = r#"{"text": {{ (type ~ " " ~ row.id) | tojson }}, "note": {{ row.note | tojson }}}"#;
    let with = |template: &str| WebhookSettings { template: Some(template.into()), ..settings(&server) };
    let (mut webhook, _) = started(with(template), None);
    deliver_all(&mut webhook, &sample.outgoing(1..=1));
    let body: Json = serde_json::from_str(&server.seen()[0].body).unwrap();
    assert_eq!(body, json!({ "text": "ADD o1", "note": "one\n\"two\" \u{1f41f}" }));
    for (template, word) in [
        ("{{ row.id }}\n{{ row.total }}", "`row.total` is undefined in line 2"),
        ("{% for a in range(99999999) %}{% endfor %}", ""),
    ] {
        let (mut webhook, _) = started(with(template), None);
        let error = webhook.deliver(&sample.outgoing(1..=1)).unwrap_err();
        assert_eq!((error.code(), error.kind()), ("LW0412", ErrorKind::Stop), "{error}");
        assert!(error.to_string().contains(word) && error.to_string().contains("sample:1:1:0"), "{error}");
    }
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn secrets_are_in_no_error_and_no_debug_output() {
    let settings = WebhookSettings {
        secret: Some(SECRET.into()),
        headers: [("authorization".to_owned(), "Bearer hidden".into())].into(),
        ..WebhookSettings::to("http://127.0.0.1:1/path-token")
    };
    let (mut webhook, _) = started(WebhookSettings { allow_private: true, ..settings.clone() }, None);
    let error = webhook.deliver(&Sample::new(1).outgoing(1..=1)).unwrap_err();
    let shown = format!("{settings:?} {error} {error:?} {}", serde_json::to_string(&settings).unwrap());
    for secret in ["whsec", "hidden", "path-token"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!(error.kind(), ErrorKind::Wait, "nobody listens there: {error}");
}
