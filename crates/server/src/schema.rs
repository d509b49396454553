//! The JSON schema of configurations.

/// The schema, as `docs/schemas/` publishes it.
pub const CONFIGURATION: &str = include_str!("../../../docs/schemas/livewell.schema.json");
