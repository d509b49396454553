//! The promises of a running Livewell, held against stores in memory and on disk.

mod begun;
mod changed;
mod earlier;
mod embedded;
mod expired;
mod explained;
mod failing;
mod fixture;
mod for_each;
mod gaps;
mod histories;
mod holes;
mod intake;
mod late;
mod layers;
mod lost;
mod moody;
#[cfg(feature = "nats")]
mod nats;
mod ordered;
mod own;
mod own_source;
mod panicking;
mod parked;
mod pieces;
mod placed;
#[cfg(feature = "postgres")]
mod postgres;
mod random;
mod removed;
mod reopening;
mod reread;
mod routed;
mod stalled;
mod stuck;
mod targets;
mod timed;
mod together;
mod unwind;
mod verified;
