//! Reading from outside of components: results and their changes, status, what sources hold, whether it is all true.

pub mod inventory;
pub(crate) mod results;
pub mod rows;
pub(crate) mod status;
pub(crate) mod subscribe;
pub mod verify;
