//! What both ends of Livewell share about the servers they connect to.
//!
//! A source and a reaction which are given the same URL have to agree on what it says. So the parser of the URL, the
//! meaning of its keywords and the set-up of TLS live here, below both.

pub mod postgres;
