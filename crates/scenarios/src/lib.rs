//! Tests of standing queries: scenarios in files, random feeds of their graphs, and the engine run in step with the
//! reference.
//!
//! A scenario ([`scenario`]) is a query, a graph and the expected table (or error). It holds only if the maintained
//! result is right however the graph is built. So the graph is fed as many random streams of changes ([`feed`]);
//! after every transaction the engine's rows are compared with the reference's ([`lockstep`]), and at the end with
//! the table ([`table`]). [`run`] judges one scenario, [`report`] a file. Measurements run a [`workload`], or one of two public benchmarks ([`social_media`], [`train`]).

pub mod choice;
pub mod feed;
pub mod lockstep;
pub mod report;
pub mod run;
pub mod scenario;
pub mod social_media;
pub mod table;
pub mod train;
pub mod value;
pub mod workload;

use std::path::PathBuf;

/// Returns the path of a file of the data folder: `LIVEWELL_DATA`, by default `shared` beside the workspace's
/// directory.
pub fn data_file(name: &str) -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    std::env::var_os("LIVEWELL_DATA").map_or_else(|| PathBuf::from(beside), PathBuf::from).join(name)
}
