//! A log that is not the one that was read, or no longer holds what comes next: noticed, and never read past.

use super::*;
use livewell_source::error::code;

fn item(id: u32) -> String {
    format!(r#"{{"id":{id}}}"#)
}

fn put(kafka: &Kafka, topic: &str, ids: std::ops::Range<u32>) {
    let values: Vec<String> = ids.map(item).collect();
    let records: Vec<_> = values.iter().map(|value| (0, "", Some(value.as_str()))).collect();
    kafka.send(topic, "", &records);
}

#[track_caller]
fn is_lost(error: &SourceError, says: &str) {
    assert_eq!((error.kind, error.code), (ErrorKind::Changed, code::MESSAGES_LOST), "{error}");
    assert!(error.message.contains(says), "{error}");
}

#[test]
fn records_that_are_gone_before_they_were_read_are_noticed() {
    let kafka = Kafka::start();
    let topic = kafka.topic("items", 1);
    put(&kafka, &topic, 0..10);
    kafka.delete_records(&topic, 0, 5);
    let mut follower = Follower::new(settings(&kafka, &topic));
    follower.settle().expect("what was gone before the first read is not missed");
    assert_eq!(follower.ids().len(), 5);
    put(&kafka, &topic, 10..20);
    kafka.delete_records(&topic, 0, 15);
    is_lost(&follower.error(), "no longer holds records 10 to 14");
    follower.driver.kill();
    is_lost(&follower.error(), "no longer holds records 10 to 14");
    follower.driver.reset(None).expect("it can be read again");
    follower.settle().expect("it follows");
    assert_eq!(follower.ids().len(), 5);
}

#[test]
fn a_topic_that_was_created_again_is_noticed_while_it_is_read_and_after_a_kill() {
    let kafka = Kafka::start();
    // The imitation has no ids of topics: only that there is less than before tells.
    let (again, says) = if kafka.is_ours() {
        (20..25, "no longer has the records")
    } else {
        (20..40, "deleted and created again")
    };
    for is_killed in [false, true] {
        let topic = kafka.topic(if is_killed { "killed" } else { "running" }, 1);
        put(&kafka, &topic, 0..10);
        let mut follower = Follower::new(settings(&kafka, &topic));
        follower.settle().expect("it follows");
        if is_killed {
            follower.driver.kill();
        }
        kafka.delete(&topic);
        kafka.create(&topic, 1);
        put(&kafka, &topic, again.clone());
        is_lost(&follower.error(), says);
    }
}

#[test]
fn another_topic_is_not_taken_for_the_one_that_was_read() {
    let kafka = Kafka::start();
    let (one, other) = (kafka.topic("one", 1), kafka.topic("other", 1));
    let mut follower = Follower::new(settings(&kafka, &one));
    put(&kafka, &one, 0..1);
    follower.settle().expect("it follows");
    let settings = settings(&kafka, &other);
    follower.driver.replace(move || Log::new(settings.clone()));
    is_lost(&follower.error(), "was read");
}
