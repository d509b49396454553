//! The JSON shapes of values, rows, diffs and results, as every reader outside sees them.
//!
//! JSON numbers without a fraction or exponent are integers, or decimals beyond 64 bits; others are floats. Decimals
//! are written as strings; NaN and the infinities are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`; a row
//! signature is a string, because 64-bit numbers do not survive JavaScript. The table is in `docs/format/values.md`.

mod fault;
mod read;

pub use fault::fault;
pub use read::value_from_text;

use crate::codec::NESTING_MAX;
use crate::diff::Columns;
use crate::row::signature_text;
use crate::{Diff, Map, QueryResult, Value};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use smol_str::SmolStr;

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => out.serialize_unit(),
            Self::Bool(value) => out.serialize_bool(*value),
            Self::Int(value) => out.serialize_i64(*value),
            Self::Float(value) => float(*value, out),
            Self::Decimal(value) => out.collect_str(value),
            Self::String(value) => out.serialize_str(value),
            Self::Bytes(value) => out.serialize_str(&hex(value)),
            Self::List(items) | Self::Path(items) => out.collect_seq(items.iter()),
            Self::Map(map) => map.serialize(out),
            Self::Date(date) => out.collect_str(date),
            Self::Time(time) => out.collect_str(time),
            Self::LocalTime(time) => out.collect_str(time),
            Self::DateTime(date_time) => out.collect_str(date_time),
            Self::LocalDateTime(date_time) => out.collect_str(date_time),
            Self::Duration(duration) => out.collect_str(duration),
            Self::Node(node) => {
                let mut map = out.serialize_map(Some(3))?;
                map.serialize_entry("id", node.id.id.as_str())?;
                map.serialize_entry("labels", &Labels(&node.labels))?;
                map.serialize_entry("properties", &node.properties)?;
                map.end()
            }
            Self::Relationship(relationship) => {
                let mut map = out.serialize_map(Some(5))?;
                map.serialize_entry("id", relationship.id.id.as_str())?;
                map.serialize_entry("type", relationship.kind.as_str())?;
                map.serialize_entry("from", relationship.from.id.as_str())?;
                map.serialize_entry("to", relationship.to.id.as_str())?;
                map.serialize_entry("properties", &relationship.properties)?;
                map.end()
            }
        }
    }
}

impl Serialize for Map {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_map(self.iter().map(|(name, value)| (name.as_str(), value)))
    }
}

struct Labels<'a>(&'a [SmolStr]);

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut labels = out.serialize_seq(Some(self.0.len()))?;
        for label in self.0 {
            labels.serialize_element(label.as_str())?;
        }
        labels.end()
    }
}

fn float<S: Serializer>(value: f64, out: S) -> Result<S::Ok, S::Error> {
    if value.is_nan() {
        out.serialize_str("NaN")
    } else if value.is_infinite() {
        out.serialize_str(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        out.serialize_f64(value)
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Why a JSON value is not a [`Value`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nested deeper than {NESTING_MAX} levels")]
pub struct TooDeep;

/// Returns the value of JSON that has already been parsed, in which an integer beyond 64 bits without a sign has
/// become a float; [`value_from_text`] keeps it.
///
/// # Errors
/// Returns [`TooDeep`] if lists and maps nest more than [`NESTING_MAX`] levels.
pub fn value_from_json(json: &serde_json::Value) -> Result<Value, TooDeep> {
    from_json(json, 0)
}

fn from_json(json: &serde_json::Value, depth: usize) -> Result<Value, TooDeep> {
    use serde_json::Value as Json;
    if depth > NESTING_MAX {
        return Err(TooDeep);
    }
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(int) => Value::Int(int),
            None => match number.as_u64().and_then(|int| crate::Decimal::parse(&int.to_string()).ok()) {
                Some(decimal) => decimal.into(),
                None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
        },
        Json::String(text) => Value::string(text.as_str()),
        Json::Array(items) => {
            Value::List(items.iter().map(|item| from_json(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Json::Object(entries) => {
            let entries = entries.iter().map(|(name, item)| Ok((name.as_str(), from_json(item, depth + 1)?)));
            Value::Map(entries.collect::<Result<Map, TooDeep>>()?.into())
        }
    })
}

/// The columns of a row under their names: `{"flight":"UA1","delay":75}`.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// The query's column names.
    pub names: &'a [SmolStr],
    /// The row's values, one for each name.
    pub columns: &'a Columns,
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        debug_assert_eq!(self.names.len(), self.columns.len());
        out.collect_map(self.names.iter().map(SmolStr::as_str).zip(self.columns.iter()))
    }
}

/// A row: `{"row_signature":"00c0ffee00c0ffee","data":{...}}`.
#[derive(Debug, Clone, Copy)]
pub struct RowShape<'a> {
    /// The row's signature.
    pub row_signature: u64,
    /// The row's values.
    pub data: Data<'a>,
}

impl Serialize for RowShape<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(2))?;
        map.serialize_entry("row_signature", &signature_text(self.row_signature))?;
        map.serialize_entry("data", &self.data)?;
        map.end()
    }
}

/// A query result with the names that the stored form leaves out.
#[derive(Debug, Clone, Copy)]
pub struct ResultShape<'a> {
    /// The query's id.
    pub query_id: &'a str,
    /// The epoch in which the sequence counts.
    pub epoch: u64,
    /// The query's column names.
    pub names: &'a [SmolStr],
    /// The result.
    pub result: &'a QueryResult,
}

impl Serialize for ResultShape<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(6))?;
        map.serialize_entry("query_id", self.query_id)?;
        map.serialize_entry("epoch", &self.epoch.to_string())?;
        map.serialize_entry("sequence", &self.result.sequence)?;
        map.serialize_entry("position", &self.result.position)?;
        map.serialize_entry("timestamp", &self.result.timestamp.to_rfc3339())?;
        map.serialize_entry("results", &Diffs { names: self.names, diffs: &self.result.diffs })?;
        map.end()
    }
}

struct Diffs<'a> {
    names: &'a [SmolStr],
    diffs: &'a [Diff],
}

impl Serialize for Diffs<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.diffs.iter().map(|diff| DiffShape { names: self.names, diff }))
    }
}

/// A diff: `{"type":"ADD","row_signature":"...","data":{...}}`.
#[derive(Debug, Clone, Copy)]
pub struct DiffShape<'a> {
    /// The query's column names.
    pub names: &'a [SmolStr],
    /// The diff.
    pub diff: &'a Diff,
}

impl Serialize for DiffShape<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let data = |columns| Data { names: self.names, columns };
        let mut map = out.serialize_map(None)?;
        let kind = match self.diff {
            Diff::Add { .. } => "ADD",
            Diff::Update { .. } => "UPDATE",
            Diff::Delete { .. } => "DELETE",
        };
        map.serialize_entry("type", kind)?;
        map.serialize_entry("row_signature", &signature_text(self.diff.row_signature()))?;
        match self.diff {
            Diff::Add { data: columns, .. } | Diff::Delete { data: columns, .. } => {
                map.serialize_entry("data", &data(columns))?;
            }
            Diff::Update { before, after, .. } => {
                map.serialize_entry("before", &data(before))?;
                map.serialize_entry("after", &data(after))?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn a_result_has_the_shape_of_the_contract() {
        let names = ["flight".into(), "delay".into()];
        let add = Diff::Add { row_signature: 0x00c0_ffee, data: vec!["UA1".into(), 75i64.into()].into() };
        let result = QueryResult { sequence: 42, position: 977, timestamp: Timestamp(0), diffs: vec![add] };
        let shape = ResultShape { query_id: "late", epoch: 1, names: &names, result: &result };
        assert_eq!(
            serde_json::to_string(&shape).unwrap(),
            r#"{"query_id":"late","epoch":"1","sequence":42,"position":977,"timestamp":"1970-01-01T00:00:00.000000Z","results":[{"type":"ADD","row_signature":"0000000000c0ffee","data":{"flight":"UA1","delay":75}}]}"#
        );
    }

    #[test]
    fn numbers_keep_their_type_on_the_way_in_and_out() {
        let cases = [
            ("1", Value::Int(1), "1"),
            ("1.0", Value::Float(1.0), "1.0"),
            ("1e2", Value::Float(100.0), "100.0"),
            ("9223372036854775807", Value::Int(i64::MAX), "9223372036854775807"),
        ];
        for (text, value, back) in cases {
            let json: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(value_from_json(&json), Ok(value.clone()));
            let printed = serde_json::to_string(&value).unwrap();
            let (a, b): (f64, f64) = (printed.parse().unwrap(), back.parse().unwrap());
            assert_eq!(a, b, "{text}");
            assert_eq!(printed.contains(['.', 'e']), matches!(value, Value::Float(_)), "{printed}");
        }
        assert_eq!(serde_json::to_string(&Value::Float(f64::NEG_INFINITY)).unwrap(), "\"-Infinity\"");
    }

    #[test]
    fn temporal_values_go_out_as_text() {
        use crate::temporal::{Date, DateTime, Duration, LocalDateTime, LocalTime, Time};
        let date = Date::new(1984, 10, 11).expect("a day");
        let time = LocalTime::from_nanos(45_074_645_000_000).expect("a time");
        let local = LocalDateTime { date, time };
        let zone = Some("Europe/Stockholm".into());
        let values: [Value; 6] = [
            date.into(),
            time.into(),
            local.into(),
            Time::new(time, 3_600).expect("in range").into(),
            DateTime::new(local, 3_600, zone).expect("in range").into(),
            Duration::new(14, 3, 1_500_000_000).expect("in range").into(),
        ];
        assert_eq!(
            serde_json::to_string(&Value::list(values)).unwrap(),
            r#"["1984-10-11","12:31:14.645","1984-10-11T12:31:14.645","12:31:14.645+01:00","1984-10-11T12:31:14.645+01:00[Europe/Stockholm]","P1Y2M3DT1.5S"]"#
        );
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused() {
        let mut json = serde_json::Value::Null;
        for _ in 0..=NESTING_MAX {
            json = serde_json::Value::Array(vec![json]);
        }
        assert_eq!(value_from_json(&json), Err(TooDeep));
    }
}
