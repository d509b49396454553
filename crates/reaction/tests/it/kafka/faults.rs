//! A topic that is missing, a checkpoint that is gone, a reaction that another one has shut out.

use super::Target;
use livewell_reaction::kafka::{Delivery, Kafka, KafkaSettings};
use livewell_reaction::testkit::{Sample, start};
use livewell_reaction::{Connector, ErrorKind, Reaction, ReactionError};

#[test]
fn a_topic_that_is_missing_is_waited_for_and_named() {
    let mut target = Target::new(1, Delivery::ExactlyOnce);
    target.topic = target.server.borrow().name("later");
    target.settings.topic = target.topic.clone();
    let probe = |target: &Target| Connector::Kafka(Box::new(target.settings.clone())).probe().unwrap();
    for error in [start(&mut target.reaction(), None).unwrap_err(), probe(&target).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Wait);
        assert!(
            error.to_string().contains("there is no such topic") && error.to_string().contains("later"),
            "{error}"
        );
    }
    target.server.borrow().create(&target.topic, 1);
    let mut reaction = target.reaction();
    start(&mut reaction, None).unwrap();
    reaction.deliver(&Sample::new(1).outgoing(1..=1)).unwrap();
    assert_eq!(target.records().len(), 1);
    let said = probe(&target).unwrap();
    assert!(said.found.contains("1 partitions") && said.found.contains("is there"), "{said:?}");
}

#[test]
fn a_cluster_that_cannot_be_reached_is_waited_for() {
    let mut reaction = Kafka::new(KafkaSettings::to("kafka://127.0.0.1:1", "out"));
    assert_eq!(start(&mut reaction, None).unwrap_err().kind(), ErrorKind::Wait);
}

#[test]
fn who_was_shut_out_by_a_later_one_writes_nothing_and_can_start_again() {
    let target = Target::new(1, Delivery::ExactlyOnce);
    let sample = Sample::new(6);
    let mut old = target.reaction();
    let first = start(&mut old, None).unwrap().detail;
    let detail = old.deliver(&sample.outgoing(1..=1)).unwrap().detail;
    let mut new = target.reaction();
    start(&mut new, Some(&detail)).unwrap();
    new.deliver(&sample.outgoing(2..=3)).unwrap();
    let error = old.deliver(&sample.outgoing(2..=4)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Wait);
    assert!(error.to_string().contains("a copy of the store"), "{error}");
    assert_eq!(target.records().len(), 3);
    let started = start(&mut old, Some(&first)).unwrap();
    assert_eq!(started.reached[0].sequence, 3);
    // What the other one has written is left out.
    let delivered = old.deliver(&sample.outgoing(2..=6)).unwrap();
    assert_eq!(delivered.results, 5);
    let values: Vec<String> = target.records().into_iter().filter_map(|(_, value, _)| value).collect();
    assert_eq!(values, sample.lines(1..=6));
}

#[test]
fn a_checkpoint_that_is_gone_stops_it_until_it_is_reset() {
    let target = Target::new(1, Delivery::ExactlyOnce);
    let sample = Sample::new(4);
    let mut reaction = target.reaction();
    start(&mut reaction, None).unwrap();
    let detail = reaction.deliver(&sample.outgoing(1..=2)).unwrap().detail;
    drop(reaction);
    target.forget_checkpoint();
    let mut reaction = target.reaction();
    let error = start(&mut reaction, Some(&detail)).unwrap_err();
    assert!(matches!(error, ReactionError::Unknown { .. }), "{error}");
    assert!(start(&mut reaction, None).unwrap().reached.is_empty(), "a reset begins again");
    reaction.deliver(&sample.outgoing(3..=4)).unwrap();
    assert_eq!(target.records().len(), 4);
}

#[test]
fn going_over_to_the_other_delivery_keeps_what_was_delivered() {
    let target = Target::new(1, Delivery::AtLeastOnce);
    let exact = KafkaSettings { delivery: Delivery::ExactlyOnce, ..target.settings.clone() };
    let sample = Sample::new(6);
    let mut reaction = target.reaction();
    start(&mut reaction, None).unwrap();
    let mut detail = reaction.deliver(&sample.outgoing(1..=2)).unwrap().detail;
    for (settings, range) in [(&exact, 3..=4), (&target.settings, 5..=6)] {
        let mut reaction = Kafka::new(settings.clone());
        let started = start(&mut reaction, Some(&detail)).unwrap();
        assert!(started.reached.is_empty());
        detail = reaction.deliver(&sample.outgoing(range)).unwrap().detail;
    }
    let values: Vec<String> = target.records().into_iter().filter_map(|(_, value, _)| value).collect();
    assert_eq!(values, sample.lines(1..=6));
}
