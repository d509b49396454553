//! Runs components: a thread for each, the handling of failures, and retries.

pub(crate) mod backoff;
pub(crate) mod disk;
pub(crate) mod recovery;
pub(crate) mod supervise;
