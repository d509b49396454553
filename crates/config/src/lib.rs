//! The configuration file: YAML to settings, and from there to what Livewell runs. Only this crate knows YAML.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("livewell.yaml");
//! # std::fs::write(&path, "
//! # store: { kind: memory }
//! # sources: [{ id: orders, kind: http }]
//! # queries: [{ id: all, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id' }]
//! # ")?;
//! let livewell = livewell_config::load(&path)?.start().await?;
//! assert_eq!(livewell.results("all")?.row_count(), 0);
//! livewell.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! The text becomes a tree with places (`tree`), values from outside are filled in (`substitute`), each section is read
//! into settings (`sections`, `deserialize`), and what spans sections is checked (`references`, `query`). Problems are
//! collected on the way and shown together.

mod access;
mod align;
mod called;
#[cfg(test)]
mod changes;
mod command;
mod configuration;
#[cfg(test)]
mod counted;
mod deserialize;
mod files;
mod for_each;
mod include;
mod index;
mod item;
pub mod kept;
pub mod known;
mod limits;
mod located;
mod made;
mod oidc;
mod order;
mod paths;
mod planned;
mod posted;
pub mod print;
mod problem;
mod problems;
mod query;
mod reading;
mod references;
mod refreshed;
pub mod sealed;
mod secret;
mod section;
mod sections;
mod server;
pub mod settings;
pub mod setup;
mod substitute;
mod targets;
mod texts;
mod tokens;
mod tree;
mod twins;

pub use called::Change;
pub use configuration::Config;
pub use item::Judged;
pub use located::{Located, locate};
pub use planned::{Act, Others, Planned, Step};
pub use problems::{Problem, Problems};
pub use reading::{check, load, load_server};
pub use section::Section;
