//! Kafka: the URL of a cluster, and a small client of its protocol.
//!
//! [`Address::parse`] reads a URL, [`Cluster::open`] connects and finds the brokers that lead the partitions of a topic.
//! A [`Leader`] answers questions about partitions and returns their records in batches ([`batch`]). It has neither a
//! consumer group nor a thread: a caller asks, and waits for the answer ([0059](../../../../docs/design/0059-kafka.md)).
//! A [`Producer`] writes records, in transactions if it has a name
//! ([0058](../../../../docs/design/0058-kafka-reaction.md)).

mod address;
pub mod batch;
mod cluster;
mod codec;
mod compression;
mod connection;
mod coordinator;
mod error;
mod fetch;
mod leader;
mod login;
mod metadata;
mod partitioner;
mod produce;
mod producer;
mod records;
mod scan;
mod topics;

pub use address::{Address, Mechanism};
pub use cluster::Cluster;
pub use compression::Compression;
pub use error::{Error, number};
pub use fetch::{Fetch, Fetched, From};
pub use leader::{EpochEnd, Leader, When};
pub use metadata::{Partition, Topic, TopicId};
pub use partitioner::partition_of;
pub use producer::{Producer, Written};
pub use records::NewRecord;
pub use scan::scan;
pub use topics::{create_compacted, topic_exists};
