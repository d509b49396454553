//! Runs components: a thread for each source and reaction, a few workers for all queries, the handling of failures, and
//! retries.

pub(crate) mod backoff;
pub(crate) mod disk;
pub(crate) mod recovery;
pub(crate) mod supervise;
pub(crate) mod task;
pub(crate) mod workers;
