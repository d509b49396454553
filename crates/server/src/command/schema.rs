//! `livewell schema`: the JSON schema of configurations, for editors.

use crate::failure::Failure;
use std::io::{self, Write};

/// As `docs/schemas/` publishes it.
const SCHEMA: &str = include_str!("../../../../docs/schemas/livewell.schema.json");

/// Prints the schema.
pub fn run() -> Result<(), Failure> {
    Ok(io::stdout().write_all(SCHEMA.as_bytes())?)
}
