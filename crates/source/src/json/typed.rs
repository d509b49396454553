//! Reads JSON values in a type that the settings name: from the digits themselves, before JSON makes floats of them.

use super::object::Json;
use crate::InputError;
use crate::error::code;
use crate::settings::PropertyType;
use livewell_model::Value;
use std::collections::BTreeMap;

/// The types of properties that are to differ from JSON's.
pub(crate) type Types = BTreeMap<String, PropertyType>;

/// Returns the value in the type `wanted`; of a list each item, null as null.
pub(super) fn typed(json: Json<'_>, wanted: PropertyType) -> Result<Value, InputError> {
    let raw = json.raw.get();
    let read =
        |text: &str| wanted.read(text).map_err(|wanted| json.error(code::SHAPE, format!("must be {wanted}")));
    match raw.as_bytes().first() {
        Some(b'n') => Ok(Value::Null),
        Some(b'"') => read(&json.string()?),
        Some(b'[') => {
            let items = json.items()?.into_iter().map(|item| scalar(item, wanted));
            Ok(Value::list(items.collect::<Result<Vec<_>, _>>()?))
        }
        Some(b'{') => Err(json.error(
            code::SHAPE,
            "must be a single value or a list, since `types` names it, and is an object",
        )),
        _ => read(raw),
    }
}

/// Returns an item of a list, which must not be a list itself.
fn scalar(json: Json<'_>, wanted: PropertyType) -> Result<Value, InputError> {
    match json.raw.get().as_bytes().first() {
        Some(b'[') => {
            Err(json
                .error(code::SHAPE, "must be a single value, since `types` names the list, and is a list"))
        }
        _ => typed(json, wanted),
    }
}
