//! PostgreSQL: the URL of a database, and connecting to it.
//!
//! [`Address::parse`] reads a URL. [`enter`] tries its hosts in turn and passes each [`Attempt`] to the caller, which
//! speaks the protocol: [`Attempt::wire`] is a blocking stream for a client that has none of its own, and
//! [`Attempt::open`] a socket that has already agreed on TLS for a client that brings its own streams. `session` has
//! the settings that our sessions need.

pub(crate) mod address;
mod attempt;
mod binding;
mod choice;
mod failure;
pub(crate) mod host;
pub(crate) mod keyword;
mod role;
pub mod session;
mod socket;
mod tls;
pub(crate) mod url;
pub(crate) mod wire;

pub use address::{Address, AddressError};
pub use attempt::{Attempt, Missed, enter};
pub use choice::{ChannelBinding, SslMode, TargetSession};
pub use failure::{Failure, server_message};
pub use host::Host;
pub use role::Role;
pub use socket::{Keepalive, Socket};
pub use tls::{RootCertificates, TlsSettings};
pub use wire::{Opened, Wire};
