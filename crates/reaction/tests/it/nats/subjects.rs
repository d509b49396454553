//! Subjects made of rows.

use super::{Broker, settings, started};
use livewell_model::{Diff, QueryResult, SmolStr, Timestamp, Value};
use livewell_reaction::nats::{Nats, NatsSettings};
use livewell_reaction::testkit::start;
use livewell_reaction::{ErrorKind, OnRefusal, Outgoing, Reaction};
use livewell_services as services;

#[test]
fn a_subject_with_null_is_refused_by_name_and_booleans_are_written_as_json_has_them() {
    let server = services::Nats::start();
    let broker = Broker::at(&server.url());
    broker.create(-1);
    let columns: [SmolStr; 1] = ["a".into()];
    let published = |subject: &str, value: Value| {
        let subject = subject.to_owned();
        let mut nats = started(NatsSettings { subject, ..settings(&server) }, None);
        let diffs = vec![Diff::Add { row_signature: 1, data: vec![value].into() }];
        let result = QueryResult { sequence: 1, position: 3, timestamp: Timestamp(0), diffs };
        nats.deliver(&[Outgoing { query_id: "q", epoch: 1, columns: &columns, result: &result }])
    };
    for subject in ["out.{{ row.a }}", "out.{{ 'a' ~ row.a }}", "out.{{ row.a | string }}"] {
        let error = published(subject, Value::Null).unwrap_err();
        assert_eq!((error.code(), error.kind()), ("LW0412", ErrorKind::Stop), "{subject}: {error}");
        assert!(error.to_string().contains("null cannot be a part of"), "{error}");
    }
    published("out.{{ row.a }}", Value::Bool(true)).unwrap();
    let subjects: Vec<String> = broker.messages().into_iter().map(|(subject, ..)| subject).collect();
    assert_eq!(subjects, ["out.true"]);
}

#[test]
fn a_message_without_a_subject_is_set_aside_and_published_once_the_subject_is_mended() {
    let server = services::Nats::start();
    let broker = Broker::at(&server.url());
    broker.create(-1);
    let columns: [SmolStr; 1] = ["a".into()];
    let with = |subject: &str| {
        let settings = NatsSettings {
            subject: subject.into(),
            template: Some("{{ row.a }}".into()),
            ..settings(&server)
        };
        let mut nats = Nats::from(settings).on_refusal(OnRefusal::DeadLetter);
        start(&mut nats, None).unwrap();
        nats
    };
    let diffs = [Value::Int(1), Value::Null, Value::string("a b"), Value::Int(2)]
        .map(|value| Diff::Add { row_signature: 1, data: vec![value].into() });
    let result = QueryResult { sequence: 1, position: 3, timestamp: Timestamp(0), diffs: diffs.to_vec() };
    let outgoing = [Outgoing { query_id: "q", epoch: 1, columns: &columns, result: &result }];
    let (_, dead) = super::deliver_all(&mut with("out.{{ row.a }}"), &outgoing);
    let published =
        || broker.messages().into_iter().map(|(subject, _, body)| (subject, body)).collect::<Vec<_>>();
    let both = |subject: &str, body: &str| (subject.to_owned(), body.to_owned());
    assert_eq!(published(), [both("out.1", "1"), both("out.2", "2")]);
    assert_eq!(dead.len(), 2);
    let mut mended = with("out.{{ (row.a or 'none') | replace(' ', '_') }}");
    for letter in &dead {
        mended.resend(letter).unwrap();
    }
    assert_eq!(published()[2..], [both("out.none", "null"), both("out.a_b", "a b")]);
}
