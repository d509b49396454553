//! `kind: kafka` against a broker, with librdkafka as the reader.

mod copies;
mod faults;
mod records;
mod scripted;
mod secured;

use livewell_reaction::kafka::{Delivery, Kafka, KafkaSettings};
use livewell_reaction::testkit::{Behaviour, Bench, Messaged, STORE, Sample, messengers, start, triggers};
use livewell_reaction::{DeadLetter, ErrorKind, Outgoing, Reaction};
use livewell_services::{self as services, pause};
use serde_json::Value as Json;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the imitation of a broker takes to write what it has acknowledged.
const WRITTEN: Duration = Duration::from_millis(1_500);

/// A topic of a broker.
struct Target {
    server: RefCell<services::Kafka>,
    topic: String,
    settings: KafkaSettings,
    /// Whether half an effect was left already.
    is_left: Cell<bool>,
}

impl Target {
    fn new(partitions: i32, delivery: Delivery) -> Self {
        let server = services::Kafka::start();
        let (topic, checkpoints) = (server.topic("out", partitions), server.name("checkpoints"));
        let timeout = Duration::from_secs(2);
        let settings =
            KafkaSettings { delivery, checkpoints, timeout, ..KafkaSettings::to(&server.url(), &topic) };
        Self { server: RefCell::new(server), topic, settings, is_left: Cell::new(false) }
    }

    fn reaction(&self) -> Kafka {
        Kafka::new(self.settings.clone())
    }

    /// Returns the committed records of the only partition: key, value and id.
    fn records(&self) -> Vec<(String, Option<String>, String)> {
        let read = self.server.borrow().read_with_ids(&self.topic, 1);
        let text = |text: &Json| text.as_str().map(ToOwned::to_owned);
        let records = read[0].as_array().unwrap().iter();
        records
            .map(|record| (text(&record[1]).unwrap(), text(&record[2]), text(&record[3]).unwrap()))
            .collect()
    }

    /// Takes the checkpoint away.
    fn forget_checkpoint(&self) {
        let key = format!("{STORE}:sample");
        self.server.borrow().send(&self.settings.checkpoints, "", &[(0, &key, None)]);
    }

    fn behave(&self, how: Behaviour) {
        let mut server = self.server.borrow_mut();
        match how {
            Behaviour::Hang => server.hold(true),
            Behaviour::Refuse => {
                pause(WRITTEN);
                server.kill();
            }
            Behaviour::Serve if server.is_up() => server.hold(false),
            Behaviour::Serve => server.up(),
        }
    }
}

impl Messaged for Target {
    fn reaction(&self) -> Box<dyn Reaction> {
        let timeout = Duration::from_millis(400);
        Box::new(Kafka::new(KafkaSettings { timeout, ..self.settings.clone() }))
    }

    fn taken(&self) -> Vec<(String, String)> {
        self.records().into_iter().map(|(_, value, id)| (id, value.unwrap())).collect()
    }

    /// A broker that hangs takes what it has received once it goes on: a test of its own.
    fn behave(&self, how: Behaviour) {
        self.behave(if how == Behaviour::Hang { Behaviour::Refuse } else { how });
    }
}

impl Bench for Target {
    fn reaction(&self) -> Box<dyn Reaction> {
        Box::new(self.reaction())
    }

    fn effects(&self) -> Vec<String> {
        self.records().into_iter().filter_map(|(_, value, _)| value).collect()
    }

    /// Leaves a transaction that is open: a record is there, and nobody sees it. Only once: a reaction that runs is shut
    /// out by this, which is a test of its own.
    fn leave_half_an_effect(&self) {
        if self.is_left.replace(true) {
            return;
        }
        let name = format!("livewell:{STORE}:sample");
        let server = self.server.borrow();
        server.begin(&name);
        server.send(&self.topic, &name, &[(0, "half", Some("half"))]);
        server.forget_client();
    }
}

/// Delivers everything as the driver does, without its pauses; returns the letters and the last detail.
fn deliver_all(reaction: &mut Kafka, results: &[Outgoing<'_>]) -> (Vec<DeadLetter>, Vec<u8>) {
    let (mut done, mut detail, mut dead) = (0, Vec::new(), Vec::new());
    while done < results.len() {
        let delivered = reaction.deliver(&results[done..]).unwrap();
        done += delivered.results;
        detail = delivered.detail;
        dead.extend(delivered.dead);
    }
    (dead, detail)
}

#[test]
fn at_least_once_passes_the_suite_of_messengers() {
    if !services::Kafka::start().is_ours() {
        return;
    }
    messengers(|| Target::new(1, Delivery::AtLeastOnce));
}

#[test]
fn exactly_once_passes_the_suite_of_triggers() {
    triggers(|| Target::new(1, Delivery::ExactlyOnce));
}

#[test]
fn what_a_broker_that_hung_takes_late_is_repeated_under_the_same_ids() {
    for delivery in [Delivery::AtLeastOnce, Delivery::ExactlyOnce] {
        let target = Target::new(1, delivery);
        if !target.server.borrow().is_ours() {
            return;
        }
        let sample = Sample::new(8);
        let mut reaction = Messaged::reaction(&target);
        start(&mut *reaction, None).unwrap();
        for at in [1, 4] {
            let detail = reaction.deliver(&sample.outgoing(at..=at)).unwrap().detail;
            target.behave(Behaviour::Hang);
            let error = reaction.deliver(&sample.outgoing(at + 1..=8)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Wait, "{error}");
            target.behave(Behaviour::Serve);
            let started = start(&mut *reaction, Some(&detail)).unwrap();
            // What was asked before it hung may have been done.
            assert!(started.reached.iter().all(|there| (at..=8).contains(&there.sequence)), "{started:?}");
            reaction.deliver(&sample.outgoing(at + 1..=at + 2)).unwrap();
        }
        reaction.deliver(&sample.outgoing(7..=8)).unwrap();
        let mut seen = BTreeMap::new();
        let mut bodies = Vec::new();
        for (_, value, id) in target.records() {
            let first = seen.entry(id).or_insert_with(|| {
                bodies.push(value.clone().unwrap());
                value.clone()
            });
            assert_eq!(*first, value, "what comes again is the same, byte for byte");
        }
        assert_eq!(bodies, sample.lines(1..=8), "{delivery:?}: in order");
        let is_exact = delivery == Delivery::ExactlyOnce;
        assert!(!is_exact || target.records().len() == 8, "exactly once");
    }
}
