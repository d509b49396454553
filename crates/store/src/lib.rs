//! The durable state of Livewell: one atomic commit over an ordered byte map.
//!
//! A backend implements [`Store`]: it reads snapshots, and commits [`WriteSet`]s, each all or nothing under its
//! compare. Live results, outboxes, checkpoints, elements, logs and operator state are written once on top of it
//! ([`keyspace`] has their keys), never per backend.

pub mod backup;
mod bare;
pub mod by_value;
pub mod catalog;
pub mod checkpoint;
pub mod commit;
pub mod compare;
pub mod damage;
pub mod embedded;
mod emptied;
pub mod error;
pub mod extent;
pub mod feed;
pub mod group;
pub mod head;
pub mod keyspace;
pub mod live_results;
pub mod long_key;
pub mod measure;
pub mod memory;
pub mod outbox;
pub mod overlay;
pub mod rows;
pub mod scratch;
pub mod scrub;
pub mod snapshot;
pub mod sweep;
pub mod testkit;
pub mod write_set;
pub mod writes;
pub mod written;

pub use checkpoint::{Checkpoint, CheckpointStore, Checkpoints};
pub use commit::{Store, StoreId};
pub use damage::Damage;
pub use embedded::{Durability, EmbeddedOptions, EmbeddedStore};
pub use error::IndexError;
pub use extent::Extent;
pub use feed::{Feed, Resume};
pub use group::{GroupCommit, GroupLimits, Ticket};
pub use head::{EpochRecord, Head, Moment};
pub use live_results::{LiveResults, LiveResultsWriter, LiveSnapshot, RowMutation};
pub use measure::{Commits, Durations, Histogram, Usage};
pub use memory::MemoryStore;
pub use outbox::{Outbox, OutboxWriter};
pub use overlay::Overlay;
pub use rows::RowWrites;
pub use snapshot::{Checked, Direction, Entry, Snapshot};
pub use write_set::{Version, WriteSet};
