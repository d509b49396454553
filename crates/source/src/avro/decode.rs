//! Reads a value by its schema. The bytes are whatever a producer has written, so nothing of them is believed.

use super::Decoded;
use super::form::{Form, Part};
use super::logical::{self, Meaning};
use super::schema::Schema;
use crate::InputError;
use crate::error::code;
use crate::json::Exact;
use livewell_model::Value;

/// How deep values nest: a list in a list, a record in a record. A value of the model has a limit of its own.
const DEPTH_MAX: usize = 90;

/// What is wrong with a value, and where.
type Wrong = (Vec<String>, String);

impl Schema {
    /// Reads a value that was written with this schema. `max`: the most bytes that it may take in JSON.
    ///
    /// # Errors
    /// Returns what is wrong with the bytes, with the field.
    pub(crate) fn decode(&self, bytes: &[u8], max: usize) -> Result<Decoded, InputError> {
        let mut decoding =
            Decoding { schema: self, rest: bytes, json: String::new(), exact: Exact::default(), max };
        decoding.value(self.root(), 0).map_err(|(mut path, text)| {
            path.reverse();
            let place = if path.is_empty() { String::new() } else { format!("`{}`: ", path.join(".")) };
            InputError::new(code::AVRO, format!("{place}{text}"))
        })?;
        match decoding.rest.len() {
            0 => Ok(Decoded { json: decoding.json, exact: decoding.exact }),
            left => Err(InputError::new(
                code::AVRO,
                format!("{left} bytes follow the value: it was not written with the schema that it names"),
            )),
        }
    }
}

struct Decoding<'a> {
    schema: &'a Schema,
    rest: &'a [u8],
    json: String,
    exact: Exact,
    max: usize,
}

impl<'a> Decoding<'a> {
    fn value(&mut self, part: Part, depth: usize) -> Result<(), Wrong> {
        if depth > DEPTH_MAX {
            return Err(wrong(format!("it nests deeper than {DEPTH_MAX} levels")));
        }
        let (form, meaning) = self.schema.part(part);
        match form {
            Form::Null => self.put("null"),
            Form::Boolean => match self.take(1)?[0] {
                0 => self.put("false"),
                1 => self.put("true"),
                other => Err(wrong(format!("{other} is not a boolean"))),
            },
            Form::Int => {
                let number = self.number()?;
                let is_int = i32::try_from(number).is_ok();
                if is_int {
                    self.integer(meaning, number)
                } else {
                    Err(wrong(format!("{number} is not an int")))
                }
            }
            Form::Long => {
                let number = self.number()?;
                self.integer(meaning, number)
            }
            Form::Float => {
                let bytes = self.array()?;
                self.float(f32::from_le_bytes(bytes).into())
            }
            Form::Double => {
                let bytes = self.array()?;
                self.float(f64::from_le_bytes(bytes))
            }
            Form::Bytes => {
                let bytes = self.sized()?;
                self.exact(logical::of_bytes(meaning, bytes).map_err(wrong)?)
            }
            Form::Fixed(size) => {
                let bytes = self.take(*size)?;
                self.exact(logical::of_bytes(meaning, bytes).map_err(wrong)?)
            }
            Form::String => {
                let text = self.text()?;
                match logical::of_text(meaning, text) {
                    Some(value) => self.exact(value),
                    None => self.string(text),
                }
            }
            Form::Enum(symbols) => {
                let symbol = self.index(symbols.len())?;
                self.string(&symbols[symbol])
            }
            Form::Union(branches) => {
                let branch = self.index(branches.len())?;
                self.value(branches[branch], depth)
            }
            Form::Array(items) => self.list(*items, depth),
            Form::Map(values) => self.map(*values, depth),
            Form::Record(fields) if meaning == Meaning::DecimalWithScale => self.decimal(fields),
            Form::Record(fields) => self.record(fields, depth),
        }
    }

    fn record(&mut self, fields: &[(String, Part)], depth: usize) -> Result<(), Wrong> {
        self.put("{")?;
        for (at, (name, part)) in fields.iter().enumerate() {
            self.put(if at == 0 { "" } else { "," })?;
            self.string(name)?;
            self.put(":")?;
            self.value(*part, depth + 1).map_err(|error| within(error, name))?;
        }
        self.put("}")
    }

    fn list(&mut self, items: Part, depth: usize) -> Result<(), Wrong> {
        self.put("[")?;
        let mut at = 0_u64;
        while let Some(count) = self.block()? {
            for _ in 0..count {
                self.put(if at == 0 { "" } else { "," })?;
                self.value(items, depth + 1).map_err(|error| within(error, &format!("[{at}]")))?;
                at += 1;
            }
        }
        self.put("]")
    }

    fn map(&mut self, values: Part, depth: usize) -> Result<(), Wrong> {
        self.put("{")?;
        let mut is_first = true;
        while let Some(count) = self.block()? {
            for _ in 0..count {
                self.put(if is_first { "" } else { "," })?;
                is_first = false;
                let name = self.text()?;
                self.string(name)?;
                self.put(":")?;
                self.value(values, depth + 1).map_err(|error| within(error, name))?;
            }
        }
        self.put("}")
    }

    /// Reads how many items a block has; `None` at the end of a list.
    fn block(&mut self) -> Result<Option<u64>, Wrong> {
        match self.number()? {
            0 => Ok(None),
            count @ 1.. => Ok(Some(count.unsigned_abs())),
            count => {
                // The bytes of the block, for a reader that skips it.
                self.number()?;
                Ok(Some(count.unsigned_abs()))
            }
        }
    }

    /// Reads a decimal with its scale.
    fn decimal(&mut self, fields: &[(String, Part)]) -> Result<(), Wrong> {
        let (mut scale, mut digits) = (0, None);
        for (name, part) in fields {
            match (name.as_str(), self.schema.part(*part).0) {
                ("scale", Form::Int) => scale = self.number()?,
                ("value", Form::Bytes) => digits = Some(self.sized()?),
                _ => {
                    return Err(wrong(format!(
                        "a decimal with its scale has no field `{name}` of such a type"
                    )));
                }
            }
        }
        let digits = digits.filter(|_| (-1_000..=1_000).contains(&scale));
        let digits = digits.ok_or_else(|| wrong("a decimal without a value, or with too large a scale"))?;
        self.exact(logical::number(digits, scale).map_err(wrong)?)
    }

    fn integer(&mut self, meaning: Meaning, number: i64) -> Result<(), Wrong> {
        match logical::of_number(meaning, number).map_err(wrong)? {
            Some(value) => self.exact(value),
            None => self.put(&number.to_string()),
        }
    }

    fn float(&mut self, float: f64) -> Result<(), Wrong> {
        match serde_json::to_string(&float) {
            Ok(text) if float.is_finite() => self.put(&text),
            _ => self.exact(Value::Float(float)),
        }
    }

    /// Puts a value that JSON has no form for: as the text that it is printed as, and beside it as it is.
    fn exact(&mut self, value: Value) -> Result<(), Wrong> {
        let text = serde_json::to_string(&value).map_err(|error| wrong(error.to_string()))?;
        self.exact.add(self.json.len(), value);
        self.put(&text)
    }

    fn string(&mut self, text: &str) -> Result<(), Wrong> {
        let text = serde_json::to_string(text).map_err(|error| wrong(error.to_string()))?;
        self.put(&text)
    }

    /// Every value puts something, so that one that takes no bytes cannot be repeated for ever.
    fn put(&mut self, text: &str) -> Result<(), Wrong> {
        if self.json.len() + text.len() > self.max {
            let max = self.max;
            return Err(wrong(format!("in JSON it is longer than {max} bytes (`limits.line_bytes_max`)")));
        }
        self.json.push_str(text);
        Ok(())
    }

    fn index(&mut self, count: usize) -> Result<usize, Wrong> {
        let number = self.number()?;
        let index = usize::try_from(number).ok().filter(|index| *index < count);
        index.ok_or_else(|| wrong(format!("{number} is not one of its {count} branches or symbols")))
    }

    fn text(&mut self) -> Result<&'a str, Wrong> {
        std::str::from_utf8(self.sized()?).map_err(|_| wrong("a text that is not UTF-8"))
    }

    fn sized(&mut self) -> Result<&'a [u8], Wrong> {
        let length = self.number()?;
        match usize::try_from(length) {
            Ok(length) => self.take(length),
            Err(_) => Err(wrong(format!("{length} is not a length"))),
        }
    }

    fn number(&mut self) -> Result<i64, Wrong> {
        let mut number = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.take(1)?[0];
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        Err(wrong("a number that is longer than 64 bits"))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Wrong> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| wrong("it ends too early"))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Wrong> {
        let ended = || wrong("the record ends in the middle of a value");
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(ended)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn wrong(text: impl Into<String>) -> Wrong {
    (Vec::new(), text.into())
}

fn within((mut path, text): Wrong, name: &str) -> Wrong {
    path.push(name.to_owned());
    (path, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAX: usize = 1 << 16;

    fn decoded(schema: &str, bytes: &[u8]) -> Result<String, String> {
        let schema = Schema::parse(schema, &[]).unwrap();
        schema.decode(bytes, MAX).map(|decoded| decoded.json).map_err(|error| error.message)
    }

    #[test]
    fn hostile_bytes_end_in_an_error_and_take_no_room() {
        let list = |items: &str| format!(r#"{{"type":"array","items":{items}}}"#);
        // 2^62 nulls, records without a field and fixed values without a byte.
        let many = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0];
        for items in [
            r#""null""#.to_owned(),
            r#"{"type":"record","name":"r","fields":[]}"#.to_owned(),
            r#"{"type":"fixed","name":"f","size":0}"#.to_owned(),
        ] {
            assert!(decoded(&list(&items), &many).unwrap_err().contains("line_bytes_max"));
        }
        let tree = r#"{"type":"record","name":"t","fields":[{"name":"n","type":["null","t"]}]}"#;
        assert!(decoded(tree, &[2; 1_000]).unwrap_err().contains("deeper"));
        assert_eq!(decoded(tree, &[2, 2, 0]).unwrap(), r#"{"n":{"n":{"n":null}}}"#);
        for (schema, bytes, said) in [
            (r#""long""#, &[0xff; 11][..], "64 bits"),
            (r#""int""#, &[0xfe, 0xff, 0xff, 0xff, 0x7f], "not an int"),
            (r#""bytes""#, &[0xfe, 0xff, 0xff, 0xff, 0x0f], "ends in the middle"),
            (r#""string""#, &[1], "not a length"),
            (r#""string""#, &[2, 0xff], "UTF-8"),
            (r#"["null","int"]"#, &[4], "branches"),
            (r#""boolean""#, &[2], "boolean"),
            (r#""null""#, &[0], "1 bytes follow"),
            (r#"{"type":"int","logicalType":"time-millis"}"#, &[1], "-1 is not a time"),
        ] {
            let error = decoded(schema, bytes).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn every_beginning_of_a_value_is_an_error() {
        let schema = r#"{"type":"record","name":"r","fields":[{"name":"a","type":"string"},
            {"name":"b","type":{"type":"map","values":"double"}},{"name":"c","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}}]}"#;
        let bytes = [4, b'h', b'i', 1, 20, 2, b'k', 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 4, 0x04, 0xd2];
        assert_eq!(decoded(schema, &bytes).unwrap(), r#"{"a":"hi","b":{"k":1.0},"c":"12.34"}"#);
        for end in 0..bytes.len() {
            assert!(decoded(schema, &bytes[..end]).is_err(), "{end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            for schema in [
                r#"{"type":"array","items":["null","long",{"type":"map","values":"bytes"}]}"#,
                r#"{"type":"record","name":"r","fields":[{"name":"a","type":["null","r"]},
                    {"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
                    {"name":"t","type":{"type":"long","logicalType":"timestamp-micros"}}]}"#,
                r#"{"type":"array","items":{"type":"fixed","name":"f","size":12,"logicalType":"duration"}}"#,
                r#"{"type":"map","values":{"type":"string","connect.name":"io.debezium.time.ZonedTimestamp"}}"#,
                r#"["float","double",{"type":"enum","name":"e","symbols":["A"]},{"type":"int","logicalType":"date"}]"#,
            ] {
                if let Ok(json) = decoded(schema, &bytes) {
                    prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok(), "{}", json);
                }
            }
        }
    }
}
