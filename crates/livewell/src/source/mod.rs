//! Change comes in: a source reads it, and each of its commits takes elements, log and position along.

pub(crate) mod announce;
pub(crate) mod channel;
#[cfg(feature = "postgres")]
pub(crate) mod commit;
pub(crate) mod failure;
pub(crate) mod file;
#[cfg(feature = "postgres")]
mod first_images;
pub(crate) mod full;
pub(crate) mod in_process;
pub(crate) mod intake;
pub(crate) mod key;
#[cfg(feature = "postgres")]
pub(crate) mod large;
#[cfg(feature = "nats")]
pub(crate) mod nats;
pub(crate) mod once;
pub(crate) mod pace;
pub mod parked;
#[cfg(feature = "postgres")]
pub(crate) mod progress;
pub(crate) mod refit;
pub(crate) mod remembered;
#[cfg(feature = "postgres")]
pub(crate) mod runner;
#[cfg(feature = "postgres")]
pub(crate) mod stage;
#[cfg(feature = "postgres")]
pub(crate) mod stored;
pub(crate) mod tick;
pub(crate) mod unwind;
#[cfg(feature = "postgres")]
pub(crate) mod upstream;
#[cfg(feature = "postgres")]
pub(crate) mod verify;
pub(crate) mod wipe;
