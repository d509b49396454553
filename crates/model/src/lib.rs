//! The words every part of Livewell shares: values, elements, changes, rows, diffs, and their bytes.
//!
//! Nothing here does IO, reads a clock or knows how a query is evaluated. The four stages (`source`, `query`,
//! `store`, `reaction`) depend on this crate and never on each other.

pub mod change;
pub mod codec;
pub mod component;
pub mod decimal;
pub mod diff;
pub mod element;
pub mod json;
pub mod key;
pub mod map;
pub mod number;
pub mod outbox;
pub mod period;
pub mod probe;
pub mod recovery;
pub mod row;
pub mod secret;
pub mod temporal;
pub mod timestamp;
pub mod value;

pub use change::{AppliedChange, AppliedTransaction, Change, Patch, Transaction};
pub use codec::DecodeError;
pub use component::ComponentKind;
pub use decimal::{Decimal, DecimalError};
pub use diff::{Diff, QueryResult};
pub use element::{Element, ElementId, Node, Relationship};
pub use map::Map;
pub use outbox::{OutboxSettings, WhenFull};
pub use recovery::Recovery;
pub use row::Row;
pub use secret::Secret;
pub use smol_str::SmolStr;
pub use timestamp::Timestamp;
pub use value::Value;
