//! Backups: a directory that holds one commit of an embedded store, checked when it was made and before it is used.
//!
//! | file | content |
//! |---|---|
//! | `MANIFEST` | the contents, with a hash; written last, so a backup without it was not finished |
//! | `data.mdb` | the data file |
//! | `unfinished` | the store in the making, while the backup is being made |
//!
//! A backup is not a store, so nothing runs on it by mistake; [`restore()`] makes a store from it, with new epochs.

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
