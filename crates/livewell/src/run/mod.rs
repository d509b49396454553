//! Running components: a thread for each, what becomes of its failures, and when it tries again.

pub(crate) mod backoff;
pub(crate) mod disk;
pub(crate) mod recovery;
pub(crate) mod supervise;
