//! What is done in the background for the store.

pub(crate) mod scrub;
pub(crate) mod sweeper;
