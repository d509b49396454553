//! Envelopes of Debezium.

use super::*;
use livewell_model::Value;
use livewell_source::settings::Format;

fn envelopes(kafka: &Kafka, topic: &str) -> KafkaSettings {
    KafkaSettings { format: Format::Debezium, ..settings(kafka, topic) }
}

/// Returns an envelope, in the form with a schema or without.
fn envelope(with_schema: bool, op: &str, before: Option<&str>, after: Option<&str>) -> String {
    let (before, after) = (before.unwrap_or("null"), after.unwrap_or("null"));
    let bare = format!(
        r#"{{"before":{before},"after":{after},"source":{{"ts_ms":1751371200000,"snapshot":"false"}},"op":"{op}","ts_ms":1751371200001,"transaction":{{"id":"571:53","total_order":1,"data_collection_order":1}}}}"#
    );
    if with_schema { format!(r#"{{"schema":{{"type":"struct"}},"payload":{bare}}}"#) } else { bare }
}

#[test]
fn rows_are_inserted_changed_and_deleted_and_values_that_were_not_sent_stay() {
    let kafka = Kafka::start();
    for with_schema in [false, true] {
        let topic = kafka.topic(if with_schema { "schema" } else { "bare" }, 1);
        let mut follower = Follower::new(envelopes(&kafka, &topic));
        let key = |id: u32| {
            if with_schema {
                format!(r#"{{"schema":null,"payload":{{"id":{id}}}}}"#)
            } else {
                format!(r#"{{"id":{id}}}"#)
            }
        };
        let send =
            |id: u32, value: Option<String>| kafka.send(&topic, "", &[(0, &key(id), value.as_deref())]);
        let envelope = |op, before, after| Some(envelope(with_schema, op, before, after));
        send(1, envelope("r", None, Some(r#"{"id":1,"state":"open","note":"long"}"#)));
        send(2, envelope("c", None, Some(r#"{"id":2,"state":"open","note":null}"#)));
        let unsent = r#"{"id":1,"state":"paid","note":"__debezium_unavailable_value"}"#;
        send(1, envelope("u", None, Some(unsent)));
        send(0, envelope("m", None, None));
        // A deletion, and the tombstone behind it.
        send(2, envelope("d", Some(r#"{"id":2}"#), None));
        send(2, None);
        let come = follower.transactions();
        assert_eq!(come, ["+item:1", "+item:2", "~item:1", "-item:2", "-item:2"]);
        let item = follower.driver.memory.live.values().next().expect("one is left");
        assert_eq!(item.properties().get("note"), Some(&Value::String("long".into())));
        assert_eq!(item.properties().get("state"), Some(&Value::String("paid".into())));
        let first = follower.driver.memory.log[0].transaction.timestamp.expect("it has a time");
        assert_eq!(first.0, 1_751_371_200_000_000_000);
    }
}

#[test]
fn a_truncated_table_is_emptied_if_the_topic_says_what_was_before() {
    let kafka = Kafka::start();
    let (one, two) = (kafka.topic("one", 1), kafka.topic("two", 2));
    for topic in [&one, &two] {
        let row = |id: u32| envelope(false, "c", None, Some(&format!(r#"{{"id":{id}}}"#)));
        let values = [row(1), row(2), envelope(false, "t", None, None), row(3)];
        let records: Vec<_> = values.iter().map(|value| (0, "", Some(value.as_str()))).collect();
        kafka.send(topic, "", &records);
    }
    let mut follower = Follower::new(envelopes(&kafka, &one));
    follower.settle().expect("it follows");
    assert_eq!(follower.ids(), ["item:3"]);
    let mut follower = Follower::new(envelopes(&kafka, &two));
    let error = follower.error();
    assert_eq!(error.kind, ErrorKind::Input);
    assert!(error.message.contains("several partitions"), "{error}");
}
