//! The promises of the source crate, each test named after one.

mod files;
mod flights;
mod follow;
mod hostile;
mod json;
#[cfg(feature = "kafka")]
mod kafka;
mod laws;
mod moments;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
mod records;
mod rotated;
mod settings;
mod support;
mod tables;
