//! The configuration file: YAML to settings. Only this folder knows YAML.
//!
//! The text becomes a tree with places ([`tree`]), values from outside are filled in ([`substitute`]), each
//! section is read into settings ([`sections`], [`deserialize`]), and what spans sections is checked
//! ([`references`], [`query`]). Problems are collected on the way and shown together.

mod align;
mod called;
mod configuration;
mod deserialize;
mod files;
pub mod kept;
pub mod known;
mod limits;
mod located;
mod problem;
mod problems;
mod query;
mod reading;
mod references;
pub mod sealed;
mod secret;
mod sections;
mod server;
pub mod settings;
mod substitute;
mod tree;

pub use configuration::Config;
pub use located::{Located, locate};
pub use reading::{check, load};
