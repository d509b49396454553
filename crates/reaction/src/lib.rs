//! Reactions act on query results: they write a file or a log line, send a request, or keep a table or keys elsewhere.
//!
//! A [`Reaction`] effects results outside the store, durably and before its checkpoint is stored; the few bytes it
//! returns (its *detail*) are stored with that checkpoint and describe the state of the outside world. After a crash
//! [`Reaction::start`] gets them back and undoes what came after the checkpoint. Reactions block and do not know feeds:
//! their driver reads the feed, keeps the order and stores the checkpoint.
//!
//! Programs write their own: a [`Callback`] is a closure, a `Messenger` (the feature `messenger`) sends messages through
//! a `Transport`, and anything else implements [`Reaction`].

#[cfg(any(feature = "kafka", feature = "postgres"))]
mod aside;
mod attempt;
pub mod attempts;
mod callback;
pub mod conflict;
pub mod error;
mod expected;
mod guarantee;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod keyed;
mod kind;
pub mod kinds;
#[cfg(feature = "messenger")]
pub mod messenger;
mod reached;
pub mod reaction;
pub mod settings;
mod settings_error;
mod shared;
pub mod size;
mod slice;
pub mod target;
#[cfg(feature = "testkit")]
pub mod testkit;
#[cfg(any(feature = "nats", feature = "webhook", feature = "redis"))]
pub mod tls;

pub use callback::Callback;
pub use error::{ErrorKind, ReactionError};
pub use guarantee::Guarantee;
pub use kinds::*;
pub use livewell_model::Secret;
#[cfg(feature = "messenger")]
pub use messenger::{Messenger, Transport};
pub use reached::Reached;
pub use reaction::{
    DeadLetter, Delivered, Now, Origin, Outgoing, Reaction, Role, SnapshotOf, SnapshotRow, Start, Started,
    Style,
};
pub use settings::Settings;
pub use settings_error::SettingsError;
pub use shared::OnRefusal;
