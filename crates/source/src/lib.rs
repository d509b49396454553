//! Sources: outside input becomes [`Change`](livewell_model::Change)s and
//! [`Transaction`](livewell_model::Transaction)s.
//!
//! * [`json`] reads what comes as JSON, in files, bodies of HTTP calls and messages: changes, or records by a mapping;
//! * [`mod@file`] reads files of changes (`.jsonl`) and tables (`.csv`), plain or compressed, and can resume where it
//!   was;
//! * `kafka` (a feature) follows a topic of a message broker;
//! * `mysql` (a feature) follows tables of a MariaDB by its binary log;
//! * `nats` (a feature) follows a stream of a message broker;
//! * `postgres` (a feature) follows tables of a database;
//! * [`unwind`] makes nodes of the lists in a node;
//! * [`expire`] says how long elements are kept;
//! * [`settings`] is what a configuration says about a source;
//! * `testkit` (a feature) is what tests of sources are built on.
//!
//! Nothing here knows where a transaction goes: the pipeline pulls, commits, and stores the position that a source
//! hands out with what it read. Input that is not a change is never skipped silently: it is an error with file, line
//! and column, or it is returned as [`file::Parked`].

#[cfg(feature = "kafka-avro")]
mod avro;
pub mod definition;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod difference;
pub mod error;
pub mod expire;
pub mod file;
pub mod json;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod kinds;
pub mod limits;
mod mapping;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "nats")]
pub mod nats;
#[cfg(any(feature = "kafka", feature = "mysql", feature = "nats", feature = "postgres"))]
mod pages;
mod path;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod profile;
#[cfg(any(feature = "kafka", feature = "nats"))]
mod received;
pub mod report;
pub mod settings;
pub mod source;
pub mod suggest;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod unwind;
pub mod verified;

pub use error::{ErrorKind, InputError, Place, SourceError};
pub use limits::Limits;
pub use profile::Profile;
pub use source::Source;
