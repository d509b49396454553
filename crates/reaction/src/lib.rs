//! What acts on query results: a file, a log line, a request, a table or keys elsewhere.
//!
//! A [`Reaction`] effects results outside the store, durably and before its checkpoint is stored; the few
//! bytes it returns (its *detail*) travel with that checkpoint and say where the outside world stood. After
//! a crash [`Reaction::start`] gets them back and undoes what the checkpoint does not know of. Blocking, and
//! unaware of feeds: whoever drives a reaction reads the feed, keeps the order and stores the checkpoint.
//!
//! Programs write their own: a [`Callback`] is a closure, a `Messenger` (the feature `messenger`) sends messages through
//! a `Transport`, and anything else implements [`Reaction`].

mod callback;
pub mod conflict;
pub mod error;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod keyed;
mod kind;
pub mod kinds;
#[cfg(feature = "messenger")]
pub mod messenger;
pub mod reaction;
pub mod settings;
mod settings_error;
mod shared;
pub mod size;
mod slice;
#[cfg(feature = "testkit")]
pub mod testkit;
#[cfg(any(feature = "nats", feature = "webhook", feature = "redis"))]
pub mod tls;

pub use callback::Callback;
pub use error::{ErrorKind, ReactionError};
pub use kinds::*;
pub use livewell_model::Secret;
#[cfg(feature = "messenger")]
pub use messenger::{Messenger, Transport};
pub use reaction::{
    DeadLetter, Delivered, Now, Outgoing, Reached, Reaction, Role, SnapshotOf, SnapshotRow, Start, Started,
    Style,
};
pub use settings::Settings;
pub use settings_error::SettingsError;
pub use shared::OnRefusal;
