//! A source over a broker of Kafka, without a pipeline: a driver runs it over a store in memory.

mod avro;
mod envelopes;
mod history;
mod laws;
mod records;
mod scripted;
mod secured;

use livewell_model::{Change, Transaction};
use livewell_services::Kafka;
use livewell_source::kafka::Log;
use livewell_source::settings::{KafkaSettings, SourceSettings};
use livewell_source::testkit::Driver;
use livewell_source::{ErrorKind, SourceError};
use serde_json::json;
use std::time::{Duration, Instant};

/// How long something may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one read waits.
const WAIT: Duration = Duration::from_millis(100);

/// Returns a source of items over a topic.
fn settings(kafka: &Kafka, topic: &str) -> KafkaSettings {
    let settings = json!({
        "id": "shop", "url": kafka.url(), "topic": topic, "node": { "label": "Item", "id": "item:{id}" },
    });
    let settings: KafkaSettings = serde_json::from_value(settings).expect("these are settings");
    SourceSettings::Kafka(settings.clone()).validate().expect("the settings make sense");
    settings
}

/// A running source, and what a test has seen of its log.
struct Follower {
    driver: Driver<Log>,
    /// How many transactions were returned.
    seen: usize,
}

impl Follower {
    fn new(settings: KafkaSettings) -> Self {
        Self { driver: Driver::new(move || Log::new(settings.clone())), seen: 0 }
    }

    /// Steps until nothing more comes. A broker that is out of reach is waited for.
    #[track_caller]
    fn settle(&mut self) -> Result<(), SourceError> {
        let began = Instant::now();
        loop {
            match self.driver.step(WAIT) {
                Ok(read) if read.caught_up && !read.has_work => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind == ErrorKind::Unreachable => {
                    livewell_services::pause(Duration::from_millis(20));
                }
                Err(error) => return Err(error),
            }
            assert!(began.elapsed() < PATIENCE, "it does not settle: {:?}", self.driver.report());
        }
    }

    /// Returns the transactions that have come since the last call, each as the texts of its changes.
    #[track_caller]
    fn transactions(&mut self) -> Vec<String> {
        self.settle().expect("it follows");
        let new = &self.driver.memory.log[self.seen..];
        self.seen = self.driver.memory.log.len();
        new.iter().map(|logged| changes(&logged.transaction)).collect()
    }

    /// Returns the error that it comes to.
    #[track_caller]
    fn error(&mut self) -> SourceError {
        self.settle().expect_err("it stops")
    }

    fn ids(&self) -> Vec<String> {
        self.driver.memory.live.keys().map(ToString::to_string).collect()
    }
}

/// Returns the changes of a transaction: `+` and the id of what was put there, `~` of what was changed, `-` of what is
/// gone.
fn changes(transaction: &Transaction) -> String {
    let change = |change: &Change| match change {
        Change::Insert(element) => format!("+{}", element.id().id),
        Change::Delete(id) => format!("-{}", id.id),
        Change::Update(patch) => format!("~{}", patch.id.id),
    };
    transaction.changes.iter().map(change).collect::<Vec<_>>().join(" ")
}
