//! The suite every reaction with effects outside passes; run it on your own one, too.
//!
//! A test implements [`Bench`] for the world its reaction acts on, and calls [`triggers`] or
//! [`state_keepers`]; or [`Mirrored`] for a target that keeps the checkpoint itself, and calls [`mirrors`]; or
//! [`Messaged`] for one that is sent messages under ids, and calls [`messengers`]. A promise that does not hold
//! panics and names itself. [`Killed`] is a driver that is killed before it stores what a reaction returned, to see that
//! no dead letter is lost.

mod bench;
mod history;
mod killed;
mod messenger;
mod mirror;
mod sample;
mod start;
mod state_keeper;
mod trigger;

pub use bench::Bench;
pub use history::History;
pub use killed::Killed;
pub use messenger::{Messaged, messengers};
pub use mirror::{Behaviour, Mirrored, mirrors};
pub use sample::{Sample, columns, sample_rows};
pub use start::{STORE, start, start_as};
pub use state_keeper::state_keepers;
pub use trigger::triggers;
