//! Follows a topic of Kafka, partition by partition.
//!
//! [`Log`] is the source: what one read brings carries the position to store in the commit that holds its transactions.
//! The cluster keeps nothing for it, no group and no offsets. `session` reads batches of records, `packed` makes JSON
//! of keys and values, `message` a transaction of each record, and `assembler` keeps together what a producer wrote in one transaction.

mod assembler;
mod failure;
mod log;
mod message;
mod packed;
mod part;
mod position;
mod probe;
mod session;

pub use log::Log;
pub use position::{KafkaPosition, Place};
pub(crate) use probe::probe;
