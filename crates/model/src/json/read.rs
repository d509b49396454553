//! Reads values from JSON: numbers keep their type and their digits, repeated keys and too deep nesting are refused.

use crate::codec::NESTING_MAX;
use crate::{Decimal, DecimalError, Map, Value};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::cell::Cell;
use std::fmt;

/// Returns the value of a JSON text: an integer beyond 64 bits is a decimal, and `-0` is 0.
///
/// # Errors
/// Returns an error if the text is not JSON, nests deeper than [`NESTING_MAX`], has a key twice in one object, or an
/// integer with more digits than a decimal has.
pub fn value_from_text(text: &str) -> Result<Value, serde_json::Error> {
    let is_unsure = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Seed { depth: 0, is_unsure: &is_unsure }.deserialize(&mut reader);
    match value.and_then(|value| reader.end().map(|()| value)) {
        Ok(value) if !is_unsure.get() => Ok(value),
        // An integer beyond the range of floats causes such an error.
        Err(error) if !error.to_string().starts_with("number out of range") => Err(error),
        _ => Exact(0).read(serde_json::from_str(text)?),
    }
}

/// Reads a number that is neither an integer of 64 bits nor written with a fraction or an exponent.
fn integer<E: Error>(text: &str) -> Result<Value, E> {
    let decimal = Decimal::parse(text).map_err(|error| match error {
        DecimalError::Malformed => E::custom(format!("`{text}` {error}")),
        DecimalError::TooLong => E::custom(format!("an integer {error}")),
    })?;
    Ok(decimal.to_i64().map_or_else(|| decimal.into(), Value::Int))
}

/// Returns whether a float may be what a parser made of an integer: of one beyond 64 bits (positive ones are read
/// without a sign), or of `-0`.
fn may_be_integer(float: f64) -> bool {
    let is_within = float > -9_223_372_036_854_775_808.0 && float < 18_446_744_073_709_551_616.0;
    !is_within || (float == 0.0 && float.is_sign_negative())
}

/// Reads an object of values; of two entries with one name the later counts.
impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let entries = std::collections::BTreeMap::<String, Value>::deserialize(input)?;
        Ok(entries.iter().map(|(name, value)| (name.as_str(), value.clone())).collect())
    }
}

impl<'de> Deserialize<'de> for Value {
    /// Reads from any self-describing format. Floats stay floats, so a format must pass on integers of more than 64
    /// bits as integers (`visit_i128`). JSON's parser does not: use [`value_from_text`] for JSON.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Seed { depth: 0, is_unsure: &Cell::new(false) }.deserialize(from)
    }
}

/// Reads a value below `depth` lists and maps, fast; sets `is_unsure` if a float may have been an integer.
#[derive(Clone, Copy)]
struct Seed<'a> {
    depth: usize,
    is_unsure: &'a Cell<bool>,
}

impl Seed<'_> {
    fn below(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

fn too_deep<E: Error>() -> E {
    E::custom(super::TooDeep)
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        if self.depth > NESTING_MAX {
            return Err(too_deep());
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        self.deserialize(from)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value).map_or_else(|_| integer(&value.to_string()), |int| Ok(Value::Int(int)))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        integer(&value.to_string())
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        integer(&value.to_string())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        self.is_unsure.set(self.is_unsure.get() || may_be_integer(value));
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::string(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.below())? {
            items.push(item);
        }
        Ok(Value::list(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut pairs: Vec<(String, Value)> = Vec::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self.below())?;
            pairs.push((name, value));
        }
        map_of(pairs)
    }
}

/// Makes a map of entries whose names must differ. Sorts once: inserting one by one is quadratic in hostile input.
fn map_of<E: Error>(mut pairs: Vec<(String, Value)>) -> Result<Value, E> {
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(pair) = pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(E::custom(format!("the key `{}` occurs twice in one object", shortened(&pair[0].0))));
    }
    Ok(Value::Map(pairs.into_iter().collect::<Map>().into()))
}

/// Shortens a name of the input for a message.
fn shortened(name: &str) -> String {
    match name.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_string(),
    }
}

/// Reads a value below so many lists and maps, each number from its text.
#[derive(Clone, Copy)]
struct Exact(usize);

impl Exact {
    fn read(self, raw: &RawValue) -> Result<Value, serde_json::Error> {
        let text = raw.get();
        let is_integer = |text: &str| text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
        match text.as_bytes().first() {
            Some(b'{' | b'[') => Exact(self.0 + 1).deserialize(&mut serde_json::Deserializer::from_str(text)),
            _ if is_integer(text) => integer(text),
            _ => Seed { depth: self.0, is_unsure: &Cell::new(false) }
                .deserialize(&mut serde_json::Deserializer::from_str(text)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Exact {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Exact {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(self.read(item).map_err(A::Error::custom)?);
        }
        Ok(Value::list(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut pairs: Vec<(String, Value)> = Vec::new();
        while let Some(name) = entries.next_key::<String>()? {
            pairs.push((name, self.read(entries.next_value()?).map_err(A::Error::custom)?));
        }
        map_of(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Value {
        Decimal::parse(text).expect("a decimal").into()
    }

    #[test]
    fn integers_of_any_size_stay_exact_wherever_they_stand() {
        for (text, value) in [
            ("1", Value::Int(1)),
            ("-0", Value::Int(0)),
            ("-0.0", Value::Float(-0.0)),
            ("1.0", Value::Float(1.0)),
            ("1e30", Value::Float(1e30)),
            ("9223372036854775807", Value::Int(i64::MAX)),
            ("9223372036854775808", decimal("9223372036854775808")),
            ("-9223372036854775809", decimal("-9223372036854775809")),
            ("18446744073709551616", decimal("18446744073709551616")),
            ("123456789012345678901234567890", decimal("123456789012345678901234567890")),
        ] {
            assert_eq!(value_from_text(text).expect(text), value);
            let nested = value_from_text(&format!("{{\"a\": [{text}, \"x\", null, 0.5]}}")).expect(text);
            let list = Value::list([value, "x".into(), Value::Null, 0.5.into()]);
            assert_eq!(nested, Value::Map(Map::from_iter([("a", list)]).into()));
        }
        assert!(value_from_text(&"9".repeat(1_000)).is_ok());
        assert!(value_from_text("[1e400]").unwrap_err().to_string().contains("out of range"));
        assert!(
            value_from_text(&"9".repeat(1_001)).unwrap_err().to_string().contains("more than 1000 digits")
        );
    }

    #[test]
    fn a_key_twice_and_nesting_without_end_are_refused_in_both_ways_of_reading() {
        for number in ["1", "18446744073709551616"] {
            let twice = format!("{{\"a\": {number}, \"a\": 2}}");
            assert!(
                value_from_text(&twice)
                    .unwrap_err()
                    .to_string()
                    .contains("the key `a` occurs twice in one object")
            );
            let nested = |depth| format!("{}{number}{}", "[".repeat(depth), "]".repeat(depth));
            assert!(value_from_text(&nested(NESTING_MAX)).is_ok());
            let error = value_from_text(&nested(NESTING_MAX + 1)).unwrap_err().to_string();
            assert!(error.contains("nested deeper than 100 levels"), "{error}");
        }
    }
}
