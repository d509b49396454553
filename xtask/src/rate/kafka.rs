//! A topic of Kafka that is measured.

use super::database::{CUSTOMERS, Database, ORDERS};
use crate::outcome::Outcome;
use livewell_services::Kafka;
use std::fmt::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

const TOPIC: &str = "orders";
const PARTITIONS: i32 = 4;

/// A broker with the orders, and how many records its topic has. The customers are in a file.
pub struct KafkaOrders(Mutex<(Kafka, u64)>);

impl KafkaOrders {
    /// Starts it.
    pub fn start() -> Self {
        let kafka = Kafka::start();
        kafka.fill(TOPIC, PARTITIONS, 0, ORDERS, (ORDERS, CUSTOMERS));
        Self(Mutex::new((kafka, ORDERS)))
    }

    fn with<T>(&self, work: impl FnOnce(&Kafka, &mut u64) -> T) -> T {
        let mut guard = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (kafka, records) = &mut *guard;
        work(kafka, records)
    }
}

impl Database for KafkaOrders {
    fn sources(&self, folder: &Path) -> Outcome<String> {
        let mut customers = String::new();
        for id in 0..CUSTOMERS {
            writeln!(customers, r#"{{"id":{id},"name":"customer {id}"}}"#)?;
        }
        std::fs::write(folder.join("customers.jsonl"), customers)?;
        let url = self.with(|kafka, _| kafka.url());
        Ok(format!(
            "sources:
  - {{ id: crm, kind: file, path: customers.jsonl, node: {{ label: Customer, id: \"customer:{{id}}\" }} }}
  - id: shop
    kind: kafka
    url: \"{url}\"
    topic: {TOPIC}
    node: {{ label: Order, id: \"order:{{id}}\" }}
    relationships: [ {{ type: PLACED_BY, to: {{ source: crm, id: \"customer:{{customer_id}}\" }} }} ]
"
        ))
    }

    fn names(&self) -> &'static str {
        "crm, shop"
    }

    // Each record is a transaction, and the first ones are not copied before the others.
    fn sequence(&self, transactions: u64, rows: u64) -> u64 {
        ORDERS + transactions * rows
    }

    fn write(&self, transactions: u64, rows: u64) -> Duration {
        self.with(|kafka, records| {
            let took = kafka.fill(TOPIC, PARTITIONS, *records, transactions * rows, (ORDERS, CUSTOMERS));
            *records += transactions * rows;
            took
        })
    }

    fn reader(&self) -> &'static str {
        "librdkafka"
    }

    fn write_and_read(&self, transactions: u64, rows: u64) -> Outcome<(Duration, Duration)> {
        self.with(|kafka, _| {
            let records = transactions * rows;
            // Random orders, as in the measurement.
            let wrote = kafka.fill("limit", PARTITIONS, 0, records, (ORDERS, CUSTOMERS));
            Ok((wrote, kafka.drain("limit", PARTITIONS, records)))
        })
    }

    fn count_and_sum(&self) -> String {
        let (rows, sum) = self.with(|kafka, _| kafka.totals(TOPIC, 100));
        format!("{rows} rows of {sum}")
    }
}
