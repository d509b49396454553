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
//! How data flows: a source's changes are taken in (`intake`) and logged; a query follows the log (`follow`), steps its
//! engine and commits everything it changed in one write set (`pipeline`); a reaction follows the query's outbox,
//! effects each result and commits its checkpoint (`deliver`). The same loop starts after a crash and after a pause.

mod change;
pub mod clock;
mod component;
mod error;
mod feed;
mod livewell;
mod observe;
mod query;
mod reaction;
mod read;
mod register;
mod router;
mod run;
pub mod settings;
mod source;
mod upkeep;

pub use change::{Change, IntoTransaction, Node, Relationship};
pub use component::built::BuildProgress;
pub use component::definition::{Author, Definition, Made, Spec, stored_query};
pub use component::measures::{Cause, Outcome};
pub use component::set_aside::{Ordered as LetterOrder, Orders as LetterOrders};
pub use component::state::{ComponentKind, State};
pub use component::tally::Counts;
pub use error::{Error, ErrorKind};
pub use feed::checked;
pub use livewell::leftover::{Removed, remove_stored};
pub use livewell::{Builder, Livewell, Obstacle};
pub use livewell_model::diff::Columns;
pub use livewell_model::{
    self as model, Decimal, Diff, Element, ElementId, Map, QueryResult, SmolStr, Timestamp, Transaction,
    Value,
};
pub use livewell_query::{ForEach, Join, Limits as QueryLimits, Parameter, ParameterType};
pub use livewell_reaction::{self as reactions, Reaction};
pub use livewell_source::expire::Expire;
pub use livewell_source::unwind::Unwind;
pub use livewell_source::{self as sources, settings as source_settings};
pub use livewell_store::{self as store, Durability, EmbeddedStore, MemoryStore, Snapshot, Store};
pub use observe::{Observed, Observer, Work};
pub use reaction::dead_letters;
pub use read::condition::Condition;
pub use read::measured::{Measured, Totals};
pub use read::newest::newest_times;
pub use read::overview::{Neighbours, Overview};
pub use read::page::Page;
pub use read::position::Position;
pub use read::results::{ReadRow, Results};
pub use read::status::{Status, StoredPlace, stored_place, stored_status};
pub use read::subscribe::{Event, Subscription};
pub use read::trace::Trace;
pub use read::transactions;
pub use read::trial::{Asked, Compared, Counts as ComparedCounts, Tried, TriedOver, try_query};
pub use read::value::values::Values;
pub use read::{holdings, inventory, past, rows, schema, upcoming, verify, view, why};

pub use component::lately::{Brief, Kinds};
pub use component::unknown::unknown;
pub use register::pending::reset_stored;
pub use register::setup::{ReactionSetup, Setup};
pub use settings::{Limits, OutboxSettings, Query, Recovery, WhenFull};
pub use source::channel::SourceHandle;
pub use source::in_process::InProcess;
pub use source::intake::Receipt;
pub use source::parked;
pub use source::setup::{IntoSource, SourceSetup};
pub use upkeep::scrub::{ScrubStatus, Written, check_store, check_store_within};
