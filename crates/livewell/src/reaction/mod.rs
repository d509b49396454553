//! Results go out: a reaction effects them and then commits how far it is.

pub mod dead_letters;
pub(crate) mod deliver;
pub(crate) mod letters;
pub(crate) mod whole;
