//! The table of kinds: each has its name, its JSON and its refusals, and no name stands for another kind.

use livewell_reaction::kinds::{BUILT_IN, LEFT_OUT, PLANNED};
use livewell_reaction::{Connector, Settings};

/// A reaction of each kind in JSON, with the form in which it is written back. Users have it in files and scripts, so it
/// does not change.
const WRITTEN: [(&str, &str, &str); 7] = [
    ("file", r#""path":"a""#, r#""path":"a","mode":"append""#),
    ("log", "", ""),
    (
        "webhook",
        r#""url":"https://h""#,
        concat!(
            r#""url":"***","secret":null,"each":"diff","template":null,"content_type":"application/json","#,
            r#""headers":{},"timeout":"10000ms","retries":16,"retry_first":"1000ms","retry_max":"600000ms","allow_private":false"#
        ),
    ),
    (
        "nats",
        r#""url":"nats://h","subject":"s""#,
        concat!(
            r#""url":"***","subject":"s","each":"diff","template":null,"user":null,"password":null,"token":null,"#,
            r#""ca":null,"timeout":"10000ms""#
        ),
    ),
    (
        "kafka",
        r#""url":"kafka://h","topic":"t""#,
        concat!(
            r#""url":"***","topic":"t","key":"{{ row_signature }}","value":"diff","template":null,"tombstones":true,"#,
            r#""delivery":"exactly_once","checkpoints":"livewell-checkpoints","compression":"none","timeout":"10000ms""#
        ),
    ),
    (
        "postgres",
        r#""url":"postgres://h/d","table":"t","key":["id"]"#,
        concat!(
            r#""url":"***","mode":"table","table":"t","key":["id"],"columns":{},"statement":"","#,
            r#""parameters":[],"timeout":"25000ms""#
        ),
    ),
    (
        "redis",
        r#""url":"redis://h","prefix":"p:","key":["id"]"#,
        r#""url":"***","prefix":"p:","key":["id"],"timeout":"10000ms""#,
    ),
];

fn joined(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    format!("{{{}}}", parts.join(","))
}

#[test]
fn every_kind_is_in_the_table_and_keeps_its_json() {
    assert!(WRITTEN.iter().all(|(name, ..)| BUILT_IN.contains(name)), "{BUILT_IN:?}");
    assert!(LEFT_OUT.is_empty() && PLANNED.iter().all(|name| !BUILT_IN.contains(name)));
    for (name, said, written) in WRITTEN {
        let shared = r#""id":"a","queries":["q"],"recovery":"strict","enabled":true,"durable":true"#;
        let kind = format!(r#""kind":"{name}""#);
        let settings: Settings =
            serde_json::from_str(&joined(&[r#""id":"a","queries":["q"]"#, &kind, said])).unwrap();
        assert_eq!(settings.connector.kind(), name);
        assert_eq!(serde_json::to_string(&settings).unwrap(), joined(&[shared, &kind, written]));
        settings.validate().unwrap();
        // As the file's reader has it: the kind beside its settings.
        let read = Connector::read(name, &mut serde_json::Deserializer::from_str(&joined(&[said]))).unwrap();
        assert_eq!(read, settings.connector);
        let reaction = settings.build();
        assert_eq!(reaction.role(), settings.connector.role());
    }
}

#[test]
fn an_unknown_kind_is_refused_by_name_with_those_that_are_there() {
    for unknown in ["pulsar", "amqp", "Log", ""] {
        let whole = format!(r#"{{"id":"a","queries":["q"],"kind":"{unknown}"}}"#);
        let error = serde_json::from_str::<Settings>(&whole).unwrap_err().to_string();
        let read = Connector::read(unknown, &mut serde_json::Deserializer::from_str("{}")).unwrap_err();
        for error in [error, read.to_string()] {
            assert!(error.contains(&format!("`{unknown}`")), "{error}");
            assert!(BUILT_IN.iter().all(|name| error.contains(&format!("`{name}`"))), "{error}");
        }
    }
}
