//! The promises of the reactions in this crate.

mod append;
mod settings;
mod table;
mod webhook;
