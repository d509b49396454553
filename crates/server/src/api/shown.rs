//! A component as calls show it: its status, its place among the others, and whether a call has changed its definition
//! in the file.

use super::context::Api;
use super::overview::{self, Place};
use super::shape;
use livewell::Status;
use serde_json::{Value, json};

/// Returns a component in JSON.
pub fn status(api: &Api, status: &Status) -> Value {
    let mut shape = shape::shape(status);
    shape["differs_from_file"] = api.config().differs(status.kind, &status.id, &api.seal).into();
    placed(shape, &overview::place(api, status))
}

/// Returns a component in JSON that is in the store but not in the configuration.
pub fn leftover(api: &Api, status: &Status) -> Value {
    let mut shape = shape::shape(status);
    shape["configured"] = false.into();
    placed(shape, &overview::left(api, status))
}

fn placed(mut shape: Value, place: &Place) -> Value {
    if let (Value::Object(shape), Value::Object(place)) = (&mut shape, json!(place)) {
        shape.extend(place);
    }
    shape
}
