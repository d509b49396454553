//! A component as calls show it: its status, its place among the others, and whether a call has changed its definition
//! in the file.

use super::context::Api;
use super::overview;
use super::shape::{Status, shape};

/// Returns the status of a component that was added.
pub fn status(api: &Api, status: &livewell::Status) -> Status {
    let differs = api.config().differs(status.kind, &status.id, &api.seal);
    Status { differs_from_file: Some(differs), ..shape(status, overview::place(api, status)) }
}

/// Returns the status of a component that is in the store but not in the configuration.
pub fn leftover(api: &Api, status: &livewell::Status) -> Status {
    Status { configured: false, ..shape(status, overview::left(api, status)) }
}
