//! A component as calls show it: its status, and whether a call has changed what the file says of it.

use super::context::Api;
use super::shape;
use livewell::Status;
use serde_json::Value;

/// A component in JSON, with whether a call has changed what the file says of it.
pub fn status(api: &Api, status: &Status) -> Value {
    let mut shape = shape::shape(status);
    shape["differs_from_file"] = api.config().differs(status.kind, &status.id, &api.seal).into();
    shape
}
