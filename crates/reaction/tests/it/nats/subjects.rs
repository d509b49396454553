//! Subjects made of rows.

use super::{Broker, settings, started};
use livewell_model::{Diff, QueryResult, SmolStr, Timestamp, Value};
use livewell_reaction::nats::NatsSettings;
use livewell_reaction::{ErrorKind, Outgoing, Reaction};
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
