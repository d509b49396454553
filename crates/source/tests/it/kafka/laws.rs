//! The laws of sources, over a topic with one partition: the order of several is nobody's.

use super::*;
use livewell_source::settings::OnError;
use livewell_source::testkit::laws::{self, Bench};

struct Topic {
    kafka: Kafka,
    name: String,
}

impl Topic {
    fn new() -> Self {
        let kafka = Kafka::start();
        let name = kafka.topic("laws", 1);
        Self { kafka, name }
    }
}

impl Bench for Topic {
    type Source = Log;

    fn make(&self) -> Box<dyn Fn() -> Log> {
        let settings = KafkaSettings { on_error: OnError::Park, ..settings(&self.kafka, &self.name) };
        Box::new(move || Log::new(settings.clone()))
    }

    fn put(&mut self, number: u64) {
        let value = format!(r#"{{"id":{number}}}"#);
        // Every other one in a transaction, whose mark takes an offset, too.
        if number.is_multiple_of(2) {
            return self.kafka.send(&self.name, "", &[(0, "", Some(&value))]);
        }
        self.kafka.begin("laws");
        self.kafka.send(&self.name, "laws", &[(0, "", Some(&value))]);
        self.kafka.commit("laws");
    }

    fn id(&self, number: u64) -> String {
        format!("item:{number}")
    }

    fn spoil(&mut self) -> bool {
        self.kafka.send(&self.name, "", &[(0, "", Some("not a record"))]);
        true
    }
}

#[test]
fn a_topic_that_is_followed_holds_the_laws() {
    laws::check(Topic::new);
}
