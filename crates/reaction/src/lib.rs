//! What acts on query results: a file, a log line, a request, a table or keys elsewhere.
//!
//! A [`Reaction`] effects results outside the store, durably and before its checkpoint is stored; the few
//! bytes it returns (its *detail*) travel with that checkpoint and say where the outside world stood. After
//! a crash [`Reaction::start`] gets them back and undoes what the checkpoint does not know of. Blocking, and
//! unaware of feeds: whoever drives a reaction reads the feed, keeps the order and stores the checkpoint.

mod conflict;
pub mod error;
pub mod file;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod keyed;
pub mod log;
#[cfg(any(feature = "nats", feature = "webhook"))]
mod message;
#[cfg(feature = "nats")]
pub mod nats;
#[cfg(any(feature = "nats", feature = "webhook"))]
mod place;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod reaction;
#[cfg(feature = "redis")]
pub mod redis;
mod secret;
pub mod settings;
pub mod size;
#[cfg(any(feature = "nats", feature = "webhook"))]
mod template;
#[cfg(feature = "testkit")]
pub mod testkit;
#[cfg(any(feature = "nats", feature = "webhook", feature = "redis"))]
pub mod tls;
#[cfg(feature = "webhook")]
pub mod webhook;

pub use error::{ErrorKind, ReactionError};
pub use reaction::{
    DeadLetter, Delivered, Now, Outgoing, Reached, Reaction, Role, SnapshotOf, SnapshotRow, Start, Started,
    Style,
};
pub use secret::Secret;
pub use settings::{Connector, OnRefusal, Settings, SettingsError};
