//! Opening a store directory for the commands that work without a server.

use super::Failure;
use livewell_store::{EmbeddedOptions, EmbeddedStore};
use std::path::Path;

/// The store in `directory`; makes nothing, and says who owns it where somebody does.
pub fn open(directory: &Path) -> Result<EmbeddedStore, Failure> {
    let options = EmbeddedOptions { create: false, ..EmbeddedOptions::default() };
    EmbeddedStore::open_with(directory, options)
        .map_err(|error| Failure::failed(livewell::Error::from(error)))
}
