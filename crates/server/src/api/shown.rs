//! A component as calls show it: its status, and whether a call has changed its definition in the file.

use super::context::Api;
use super::shape;
use livewell::Status;
use serde_json::Value;

/// Returns a component in JSON, and whether a call has changed its definition in the file.
pub fn status(api: &Api, status: &Status) -> Value {
    let mut shape = shape::shape(status);
    shape["differs_from_file"] = api.config().differs(status.kind, &status.id, &api.seal).into();
    shape
}
