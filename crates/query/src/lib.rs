//! Standing Cypher queries: language, plan, incremental operators, and the reference they are held to.
//!
//! Pure, synchronous and deterministic: no IO, no async, no clock. A query is read and checked ([`parse`]), and its
//! result can be computed from scratch ([`mod@reference`]) or planned ([`plan`]) and maintained change by change
//! ([`engine`]).

mod batch;
mod check;
mod chronicle;
mod encoding;
pub mod engine;
pub mod expression;
pub mod for_each;
pub mod interest;
pub mod joins;
pub mod language;
pub mod meter;
pub mod operator;
pub mod outline;
pub mod plan;
pub mod reference;
pub mod settings;
pub mod skeleton;
pub mod state;
mod types;

pub use check::{faults, parse};
pub use engine::Engine;
pub use for_each::{ForEach, Parameter, ParameterType};
pub use interest::{Guard, Interest, Wanted};
pub use joins::{Join, JoinKey};
pub use meter::Meter;
pub use settings::{Limits, Settings};
pub use state::{MemoryState, State, StepError};
