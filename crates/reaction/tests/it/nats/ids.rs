//! Ids that name the reaction, in one stream.

use super::{Broker, Target, settings};
use livewell_reaction::Reached;
use livewell_reaction::nats::{Nats, NatsSettings};
use livewell_reaction::testkit::{STORE, Sample, start_as};
use livewell_services as services;

#[test]
fn two_reactions_on_one_query_lose_nothing_in_one_stream() {
    let server = services::Nats::start();
    let broker = Broker::at(&server.url());
    broker.create(-1);
    let sample = Sample::new(4);
    for id in ["out", "audit"] {
        let subject = format!("out.{id}");
        let mut nats = Nats::from(NatsSettings { subject, ..settings(&server) });
        start_as(&mut nats, id, None, &[]).unwrap();
        super::deliver_all(&mut nats, &sample.outgoing(1..=4));
    }
    let subjects: Vec<String> = broker.messages().into_iter().map(|(subject, ..)| subject).collect();
    assert_eq!(subjects, [["out.out"; 4], ["out.audit"; 4]].concat());
}

#[test]
fn a_message_that_a_version_before_sent_comes_into_the_stream_once() {
    let target = Target::new();
    let sample = Sample::new(3);
    let bodies = sample.lines(1..=3);
    // The version before published two results under its ids, and was killed before the checkpoint.
    for (sequence, body) in (1..=2).zip(&bodies) {
        let id = format!("{STORE}:sample:1:{sequence}:0");
        let message = async_nats::jetstream::message::PublishMessage::build();
        let message = message.payload(body.clone().into()).message_id(id);
        let jetstream = &target.broker.jetstream;
        let sent = async { jetstream.send_publish("out.sample", message).await.unwrap().await.unwrap() };
        target.broker.runtime.block_on(sent);
    }
    let mut nats = super::Messaged::reaction(&target);
    let head = Reached { query_id: "sample".into(), epoch: 1, sequence: 3, position: 9 };
    start_as(&mut *nats, "sample", Some(&[1]), &[head]).unwrap();
    let mut done = 0;
    while done < 3 {
        done += nats.deliver(&sample.outgoing(done as u64 + 1..=3)).unwrap().results;
    }
    let taken: Vec<String> = target.broker.messages().into_iter().map(|(_, _, body)| body).collect();
    assert_eq!(taken, bodies, "each once");
}
