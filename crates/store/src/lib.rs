//! Where everything durable lives: one atomic commit over an ordered byte map.
//!
//! A backend implements [`Store`]: read snapshots, and one commit of [`WriteSet`]s, each all or nothing
//! under its compare. Live results, outboxes, checkpoints, elements, logs and operator state are written
//! once on top of it ([`keyspace`] says where each lies), never per backend.

pub mod commit;
pub mod error;
pub mod keyspace;

pub use commit::{Direction, Entry, Snapshot, Store, StoreId, Version, WriteSet};
pub use error::IndexError;
