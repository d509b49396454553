//! `value: row`: a topic that is a copy of the live results.

use super::Target;
use livewell_reaction::kafka::{Delivery, Kafka, KafkaSettings, RecordValue};
use livewell_reaction::testkit::{History, start};
use livewell_reaction::{Reaction, ReactionError};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// How many partitions a topic has at first; a test may add one.
const PARTITIONS: i32 = 4;

/// Returns a topic for rows, which are identified by their column `id`.
fn copy(delivery: Delivery) -> Target {
    let mut target = Target::new(PARTITIONS, delivery);
    target.settings.value = RecordValue::Row;
    target.settings.key = "{{ row.id }}".into();
    target
}

/// Returns the rows that whoever reads the topic from its beginning has in the end, as JSON arrays `[id,note]`.
fn rows(target: &Target) -> BTreeSet<String> {
    let read = target.server.borrow().read(&target.topic, PARTITIONS);
    let mut live = BTreeMap::new();
    for record in read.as_array().unwrap().iter().flat_map(|part| part.as_array().unwrap()) {
        let key = record[1].as_str().unwrap().to_owned();
        match record[2].as_str() {
            Some(value) => live.insert(key, value.to_owned()),
            None => live.remove(&key),
        };
    }
    let row = |(key, value): (String, String)| {
        let row: Json = serde_json::from_str(&value).unwrap();
        assert_eq!(key, row["id"].to_string(), "a row has its key");
        serde_json::json!([row["id"], row["note"]]).to_string()
    };
    live.into_iter().map(row).collect()
}

fn count(target: &Target) -> usize {
    let read = target.server.borrow().read(&target.topic, PARTITIONS);
    read.as_array().unwrap().iter().map(|part| part.as_array().unwrap().len()).sum()
}

#[test]
fn a_topic_is_the_live_results_at_every_result_and_whenever_it_is_killed() {
    for delivery in [Delivery::ExactlyOnce, Delivery::AtLeastOnce] {
        let (target, history) = (copy(delivery), History::new(11, 60));
        let mut reaction = target.reaction();
        assert!(start(&mut reaction, None).unwrap().rebuild, "nothing is there at first");
        let mut detail = history.snapshot(10, |snapshot| reaction.replace(snapshot)).unwrap();
        assert_eq!(rows(&target), history.rows(10));
        for at in (11..60).step_by(7) {
            let results = history.outgoing(at..=at + 6);
            reaction.deliver(&results[..3]).unwrap();
            // Killed before its checkpoint was stored.
            reaction = target.reaction();
            let started = start(&mut reaction, Some(&detail)).unwrap();
            assert!(!started.rebuild, "the copy is whole");
            if delivery == Delivery::ExactlyOnce {
                assert_eq!(started.reached[0].sequence, at + 2, "the cluster's checkpoint wins");
            }
            detail = reaction.deliver(&results).unwrap().detail;
            assert_eq!(rows(&target), history.rows(at + 6), "{delivery:?}");
        }
    }
}

#[test]
fn a_rebuild_writes_what_differs_and_nothing_else() {
    let (target, history) = (copy(Delivery::ExactlyOnce), History::new(3, 30));
    let mut reaction = target.reaction();
    start(&mut reaction, None).unwrap();
    history.snapshot(29, |snapshot| reaction.replace(snapshot)).unwrap();
    let before = count(&target);
    assert_eq!(before, history.rows(29).len());
    history.snapshot(29, |snapshot| reaction.replace(snapshot)).unwrap();
    assert_eq!(count(&target), before, "nothing differs");
    let foreign = [(0, "777", Some(r#"{"id":777,"note":"foreign"}"#))];
    target.server.borrow().send(&target.topic, "", &foreign);
    history.snapshot(29, |snapshot| reaction.replace(snapshot)).unwrap();
    assert_eq!((rows(&target), count(&target)), (history.rows(29), before + 2), "a tombstone");
    reaction.deliver(&history.outgoing(30..=30)).unwrap();
    assert_eq!(rows(&target), history.rows(30));
}

#[test]
fn another_topic_or_key_or_a_lost_checkpoint_asks_for_a_rebuild() {
    let (target, history) = (copy(Delivery::ExactlyOnce), History::new(5, 20));
    let mut reaction = target.reaction();
    start(&mut reaction, None).unwrap();
    let detail = history.snapshot(20, |snapshot| reaction.replace(snapshot)).unwrap();
    drop(reaction);
    let rebuilds = |settings: KafkaSettings| start(&mut Kafka::new(settings), Some(&detail)).unwrap().rebuild;
    assert!(!rebuilds(target.settings.clone()));
    let other = target.server.borrow().topic("other", 1);
    assert!(rebuilds(KafkaSettings { topic: other, ..target.settings.clone() }));
    target.server.borrow().add_partitions(&target.topic, PARTITIONS + 1);
    assert!(rebuilds(target.settings.clone()), "keys are in other partitions now");
    assert!(rebuilds(KafkaSettings { key: "k{{ row.id }}".into(), ..target.settings.clone() }));
    target.forget_checkpoint();
    assert!(rebuilds(target.settings), "without a checkpoint nothing is built upon");
}

#[test]
fn rows_move_to_the_partitions_of_their_keys_when_there_are_more() {
    let (target, history) = (copy(Delivery::ExactlyOnce), History::new(6, 20));
    let mut reaction = target.reaction();
    start(&mut reaction, None).unwrap();
    let detail = history.snapshot(20, |snapshot| reaction.replace(snapshot)).unwrap();
    target.server.borrow().add_partitions(&target.topic, PARTITIONS + 1);
    let mut reaction = target.reaction();
    assert!(start(&mut reaction, Some(&detail)).unwrap().rebuild);
    history.snapshot(20, |snapshot| reaction.replace(snapshot)).unwrap();
    let read = target.server.borrow().read(&target.topic, PARTITIONS + 1);
    let mut places = BTreeMap::new();
    for (partition, records) in read.as_array().unwrap().iter().enumerate() {
        for record in records.as_array().unwrap() {
            places.insert((record[1].to_string(), partition), !record[2].is_null());
        }
    }
    let live: Vec<_> = places.iter().filter(|(_, is_live)| **is_live).map(|((key, _), _)| key).collect();
    assert_eq!(live.len(), history.rows(20).len(), "a row is in one partition");
    assert!(places.values().any(|is_live| !is_live), "rows have moved");
}

#[test]
fn two_rows_of_one_key_in_one_result_stop_it_and_are_named() {
    let (target, history) = (copy(Delivery::ExactlyOnce), History::new(5, 20));
    let constant = KafkaSettings { key: "same".into(), ..target.settings.clone() };
    let mut reaction = Kafka::new(constant);
    start(&mut reaction, None).unwrap();
    let error = history.snapshot(20, |snapshot| reaction.replace(snapshot)).unwrap_err();
    assert!(matches!(error, ReactionError::SameKey { .. }), "{error}");
    assert_eq!(count(&target), 0, "nothing of it is there");
}
