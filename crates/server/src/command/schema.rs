//! `livewell schema`: the JSON schema of configurations, for editors.

use crate::failure::Failure;
use crate::schema::CONFIGURATION;
use std::io::{self, Write};

/// Prints the schema.
pub fn run() -> Result<(), Failure> {
    Ok(io::stdout().write_all(CONFIGURATION.as_bytes())?)
}
