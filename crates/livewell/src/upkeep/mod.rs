//! Background work on the store.

pub(crate) mod scrub;
pub(crate) mod sweeper;
