//! Standing queries over changing data, with durable live results and exact recovery.
//!
//! ```
//! use livewell::{Change, Durability, EmbeddedStore, Event, InProcess, Livewell, Node, Query};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let data = directory.path().join("data");
//! let livewell = Livewell::builder().store(EmbeddedStore::open(data, Durability::Sync)?).build()?;
//! let orders = livewell.add_source(InProcess::new("orders")).await?;
//! let text = "MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id, o.total AS total";
//! livewell.add_query(Query::cypher("big-orders", text).from("orders")).await?;
//!
//! let mut changes = livewell.subscribe("big-orders").await?; // a snapshot, then the tail, resumable
//! assert!(matches!(changes.next().await?, Some(Event::SnapshotEnd { .. })));
//!
//! let order = Node::new("o1").label("Order").set("id", "o1").set("total", 250);
//! orders.send(Change::insert(order)).await?; // returns once durable
//! let Some(Event::Result { result, .. }) = changes.next().await? else { panic!("a result comes") };
//! assert_eq!((result.sequence, result.diffs.len()), (1, 1));
//! livewell.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! The way of the data: a source's changes are taken in (`intake`) and logged; a query follows the log
//! (`follow`), steps its engine and commits everything it changed in one write set (`pipeline`); a reaction
//! follows the query's outbox, effects each result and commits its checkpoint (`deliver`). The same loop
//! starts after a crash and after a pause.

mod base;
mod bell;
mod change;
pub mod checked;
pub mod clock;
mod damages;
pub mod dead_letters;
mod definition;
mod deliver;
mod doing;
mod drift;
mod elements;
mod entry;
mod error;
mod follow;
mod intake;
pub mod inventory;
mod leftover;
mod livewell;
#[cfg(feature = "nats")]
mod nats;
mod once;
pub mod parked;
mod pending;
mod pipeline;
mod rebuild;
mod register;
mod remembered;
mod results;
mod retention;
mod scrub;
mod set_aside;
pub mod settings;
mod setup;
mod shared;
#[cfg(feature = "postgres")]
mod source;
mod sources;
mod stall;
mod state;
mod status;
mod subscribe;
mod supervise;
mod timers;
mod trouble;
mod unknown;
mod unwind;
pub mod verify;

pub use change::{Change, IntoTransaction, Node, Relationship};
pub use definition::stored_query;
pub use error::{Error, ErrorKind};
pub use intake::Receipt;
pub use leftover::{Removed, remove_stored};
pub use livewell::{Builder, Livewell};
pub use livewell_store::{Durability, EmbeddedStore, MemoryStore};
pub use pending::reset_stored;
pub use results::{ReadRow, Results};
pub use scrub::{ScrubStatus, Written, check_store};
pub use settings::{Limits, OutboxSettings, Query, Recovery, WhenFull};
pub use setup::{InProcess, ReactionSetup, Setup};
pub use shared::{ComponentKind, State};
pub use sources::SourceHandle;
pub use status::{Condition, Status, StoredPlace, stored_place, stored_status};
pub use subscribe::{Event, Position, Subscription};
pub use unknown::unknown;
