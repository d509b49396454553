//! What both ends of Livewell share about the servers they connect to.
//!
//! A source and a reaction with the same URL must agree on what it means. So the parser of the URL, the meaning of
//! its keywords and the set-up of TLS live here, below both.

#[cfg(feature = "kafka")]
pub mod kafka;
pub mod mysql;
pub mod postgres;
mod verifier;

pub use verifier::Verifier;
