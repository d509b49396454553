//! Components in the catalog: registered in one commit, found again by their ids, removed.

mod changing;
pub(crate) mod pending;
pub(crate) mod registrar;
pub(crate) mod removal;
pub(crate) mod setup;
