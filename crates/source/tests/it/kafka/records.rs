//! Records, tombstones and transactions.

use super::*;
use livewell_source::settings::OnError;

#[test]
fn records_of_several_partitions_and_tombstones_come_in_with_every_compression() {
    let kafka = Kafka::start();
    let topic = kafka.topic("items", 3);
    let mut follower = Follower::new(settings(&kafka, &topic));
    for (at, codec) in ["none", "gzip", "snappy", "lz4", "zstd"].into_iter().enumerate() {
        let value = |number: usize| format!(r#"{{"id":{number},"text":"{}"}}"#, "x".repeat(2_000));
        let values: Vec<(i32, String)> = (0..30).map(|n| (n as i32 % 3, value(at * 30 + n))).collect();
        let records: Vec<_> = values.iter().map(|(part, value)| (*part, "k", Some(value.as_str()))).collect();
        kafka.send_with(&topic, "", &records, &json!({ "compression.codec": codec }));
    }
    follower.settle().expect("it follows");
    assert_eq!(follower.ids().len(), 150);
    // Without a transaction each record is one of its own, and a key of one value is that of the only field.
    assert_eq!(follower.transactions().len(), 150);
    kafka.send(
        &topic,
        "",
        &[(0, "0", None), (1, r#"{"id":1}"#, None), (2, "\"2\"", None), (0, "absent", None)],
    );
    let mut deleted = follower.transactions();
    deleted.sort_unstable();
    assert_eq!(deleted, ["-item:0", "-item:1", "-item:2", "-item:absent"]);
    assert_eq!(follower.ids().len(), 147);
}

#[test]
fn transactions_come_whole_and_what_was_aborted_does_not_come() {
    let kafka = Kafka::start();
    let topic = kafka.topic("items", 2);
    let mut follower = Follower::new(settings(&kafka, &topic));
    let item = |id: &str| format!(r#"{{"id":"{id}"}}"#);
    let send =
        |producer: &str, part: i32, id: &str| kafka.send(&topic, producer, &[(part, id, Some(&item(id)))]);
    for producer in ["a", "b"] {
        kafka.begin(producer);
    }
    send("a", 0, "a1");
    send("b", 0, "b1");
    send("", 0, "alone");
    send("a", 0, "a2");
    send("a", 1, "a3");
    send("b", 1, "b2");
    assert_eq!(follower.transactions(), Vec::<String>::new(), "nothing is decided");
    kafka.abort("b");
    kafka.commit("a");
    let mut come = follower.transactions();
    come.sort_unstable();
    assert_eq!(come, ["+item:a1 +item:a2", "+item:a3", "+item:alone"]);
    // One that overlaps: what is finished is taken in although the other is not, and that survives a kill.
    kafka.begin("a");
    kafka.begin("b");
    send("a", 0, "c1");
    send("b", 0, "d1");
    kafka.commit("a");
    send("b", 0, "d2");
    follower.settle().expect("it follows");
    follower.driver.kill();
    kafka.commit("b");
    send("", 0, "last");
    assert_eq!(follower.transactions(), ["+item:c1", "+item:d1 +item:d2", "+item:last"]);
    // Another client sees the same records.
    let read = kafka.read(&topic, 2);
    let keys = read.as_array().into_iter().flatten().flat_map(|part| part.as_array().into_iter().flatten());
    let mut seen: Vec<String> =
        keys.map(|record| format!("item:{}", record[1].as_str().unwrap_or(""))).collect();
    seen.sort_unstable();
    assert_eq!(seen, follower.ids());
}

#[test]
fn a_record_that_is_none_stops_the_source_or_is_set_aside_and_read_again() {
    let kafka = Kafka::start();
    let topic = kafka.topic("items", 1);
    let strict = settings(&kafka, &topic);
    kafka.send(
        &topic,
        "",
        &[(0, "", Some(r#"{"id":1}"#)), (0, "", Some("[]")), (0, "", Some(r#"{"id":2}"#))],
    );
    let mut follower = Follower::new(strict.clone());
    let error = follower.error();
    assert_eq!(error.kind, ErrorKind::Input);
    assert!(error.message.contains(&format!("topic `{topic}`, partition 0, offset 1")), "{error}");
    assert_eq!(follower.ids(), ["item:1"], "what comes before it is taken in");
    let parks = KafkaSettings { on_error: OnError::Park, ..strict };
    follower.driver.replace(move || Log::new(parks.clone()));
    assert_eq!(follower.transactions(), ["+item:1", "+item:2"]);
    assert_eq!(follower.driver.memory.parked.len(), 1);
}

#[test]
fn a_broker_that_is_killed_is_waited_for() {
    let mut kafka = Kafka::start();
    if !kafka.is_ours() {
        return;
    }
    let topic = kafka.topic("items", 1);
    let mut follower = Follower::new(settings(&kafka, &topic));
    kafka.send(&topic, "", &[(0, "", Some(r#"{"id":1}"#))]);
    assert_eq!(follower.transactions(), ["+item:1"]);
    // The imitation writes to its disk now and then.
    livewell_services::pause(Duration::from_secs(2));
    kafka.kill();
    assert_eq!(follower.driver.step(WAIT).expect_err("nobody answers").kind, ErrorKind::Unreachable);
    kafka.up();
    kafka.send(&topic, "", &[(0, "", Some(r#"{"id":2}"#))]);
    assert_eq!(follower.transactions(), ["+item:2"]);
}

/// Librdkafka's own imitation, which has ids of topics and several brokers, and no transactions.
#[test]
fn partitions_with_several_leaders_are_read_by_the_id_of_their_topic() {
    let kafka = Kafka::mock(3);
    let item = |number: usize| format!(r#"{{"id":{number}}}"#);
    let values: Vec<(i32, String)> = (0..40).map(|number| (number as i32 % 4, item(number))).collect();
    let records: Vec<_> = values.iter().map(|(part, value)| (*part, "", Some(value.as_str()))).collect();
    kafka.send("items", "", &records[..20]);
    let mut follower = Follower::new(settings(&kafka, "items"));
    follower.settle().expect("it follows");
    assert_eq!(follower.ids().len(), 20);
    kafka.send("items", "", &records[20..]);
    follower.driver.kill();
    assert_eq!(follower.transactions().len(), 40, "each once");
}
