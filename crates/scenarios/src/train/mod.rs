//! The Train Benchmark: a railway, six conditions that a safe one keeps, and changes that break and mend them.
//!
//! Written from its description: G. Szárnyas, B. Izsó, I. Ráth, D. Varró, "The Train Benchmark: cross-technology
//! performance evaluation of continuous model queries", Software & Systems Modeling 17, 2018. [`generate`] makes a
//! railway of one size with errors of each kind, a [`Query`] finds those of one kind, [`inject`] makes more of them, and
//! [`repair`] mends those that a query has found.

mod generator;
mod inject;
mod model;
mod query;
mod repair;

pub use generator::{Rates, generate};
pub use inject::inject;
pub use model::{Edit, Model, number};
pub use query::Query;
pub use repair::repair;

/// The names of the model, which the generator, the queries and the transformations share.
mod names {
    pub const ROUTE: &str = "Route";
    pub const REGION: &str = "Region";
    pub const SEGMENT: &str = "Segment";
    pub const SWITCH: &str = "Switch";
    pub const SENSOR: &str = "Sensor";
    pub const SEMAPHORE: &str = "Semaphore";
    pub const SWITCH_POSITION: &str = "SwitchPosition";

    pub const REQUIRES: &str = "requires";
    pub const FOLLOWS: &str = "follows";
    pub const MONITORED_BY: &str = "monitoredBy";
    pub const TARGET: &str = "target";
    pub const ENTRY: &str = "entry";
    pub const EXIT: &str = "exit";
    pub const CONNECTS_TO: &str = "connectsTo";

    pub const LENGTH: &str = "length";
    pub const SIGNAL: &str = "signal";
    pub const POSITION: &str = "position";
    pub const CURRENT_POSITION: &str = "currentPosition";

    /// The positions of a switch.
    pub const POSITIONS: [&str; 3] = ["FAILURE", "STRAIGHT", "DIVERGING"];
}
