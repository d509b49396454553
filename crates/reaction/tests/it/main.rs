//! The promises of the reactions in this crate.

mod append;
mod compare;
mod kafka;
mod kinds;
mod messengers;
mod nats;
mod postgres;
mod redis;
mod rotate;
mod settings;
mod table;
mod webhook;
