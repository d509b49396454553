//! Reading from outside the components: results and their changes, status, the contents of sources, and verification.

pub(crate) mod condition;
pub mod holdings;
pub(crate) mod idle;
pub mod inventory;
pub(crate) mod measured;
mod moment;
pub(crate) mod newest;
pub(crate) mod overview;
pub(crate) mod page;
pub mod past;
pub(crate) mod position;
pub(crate) mod results;
pub mod rows;
pub mod schema;
pub(crate) mod seen;
pub(crate) mod status;
pub(crate) mod subscribe;
pub(crate) mod text;
pub(crate) mod trace;
pub mod transactions;
pub(crate) mod trial;
pub mod upcoming;
pub(crate) mod value;
pub mod verify;
pub mod view;
pub mod why;
