//! Property values out of JSON: numbers keep their type, repeated keys and bottomless nesting are refused.

use livewell_model::codec::NESTING_MAX;
use livewell_model::{Map, Value};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// What the message says where values nest too deep, whoever notices it first.
pub(super) fn too_deep() -> String {
    format!("nested deeper than {NESTING_MAX} levels; flatten the value")
}

/// Reads a value that stands below `depth` lists and maps.
#[derive(Clone, Copy)]
pub(super) struct AtDepth(pub usize);

impl<'de> DeserializeSeed<'de> for AtDepth {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        if self.0 > NESTING_MAX {
            return Err(D::Error::custom(too_deep()));
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AtDepth {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::string(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(AtDepth(self.0 + 1))? {
            items.push(item);
        }
        Ok(Value::list(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut pairs: Vec<(String, Value)> = Vec::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(AtDepth(self.0 + 1))?;
            pairs.push((name, value));
        }
        map_of(pairs).map(|map| Value::Map(map.into())).map_err(A::Error::custom)
    }
}

/// A map of entries whose names must differ. Sorts once: inserting one by one is quadratic in hostile input.
pub(super) fn map_of(mut pairs: Vec<(String, Value)>) -> Result<Map, String> {
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(pair) = pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("the key `{}` stands here twice", super::object::shortened(&pair[0].0)));
    }
    Ok(pairs.into_iter().collect())
}
