//! Kafka: the URL of a cluster, and a small client of its protocol.
//!
//! [`Address::parse`] reads a URL, [`Cluster::open`] connects and finds the brokers that lead the partitions of a topic.
//! A [`Leader`] answers questions about partitions and returns their records in batches ([`batch`]). It has neither a
//! consumer group nor a thread: a caller asks, and waits for the answer ([0059](../../../../docs/design/0059-kafka.md)).

mod address;
pub mod batch;
mod cluster;
mod codec;
mod compression;
mod connection;
mod error;
mod fetch;
mod leader;
mod login;
mod metadata;

pub use address::{Address, Mechanism};
pub use cluster::Cluster;
pub use error::{Error, number};
pub use fetch::{Fetch, Fetched, From};
pub use leader::{EpochEnd, Leader, When};
pub use metadata::{Partition, Topic, TopicId};
