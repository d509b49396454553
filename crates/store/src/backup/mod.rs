//! Backups: a directory that holds one commit of an embedded store, checked when it was made and before it is used.
//!
//! | file | content |
//! |---|---|
//! | `MANIFEST` | what is in it, with a hash of it; written last, so a backup without one was not finished |
//! | `data.mdb` | the data file |
//! | `unfinished` | while it is being made: the store in the making |
//!
//! It is not a store, so nothing runs on it by mistake; [`restore()`] makes a store of it, with new epochs.

mod epochs;
mod files;
mod make;
mod manifest;
mod refusal;
mod restore;

pub use epochs::begin_epochs;
pub use make::{Unfinished, write};
pub use manifest::{BACKUP_VERSION, Manifest};
pub use refusal::Refusal;
pub use restore::{Restored, restore};
