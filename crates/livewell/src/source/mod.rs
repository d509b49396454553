//! Sources: a source reads changes, and each of its commits contains elements, log and position.

pub(crate) mod announce;
pub(crate) mod channel;
pub(crate) mod commit;
pub(crate) mod expiry;
pub(crate) mod failure;
mod first_images;
pub(crate) mod full;
pub(crate) mod in_process;
pub(crate) mod intake;
pub(crate) mod key;
pub(crate) mod large;
pub(crate) mod once;
pub(crate) mod pace;
pub mod parked;
pub(crate) mod progress;
pub(crate) mod refit;
pub(crate) mod remembered;
pub(crate) mod runner;
pub(crate) mod setup;
pub(crate) mod stage;
pub(crate) mod stored;
pub(crate) mod tick;
pub(crate) mod unwind;
pub(crate) mod upstream;
pub(crate) mod waiting;
pub(crate) mod wipe;
