//! Queries that are run for each value of parameters: what is declared of them, and how rows are dealt out by value.
//!
//! Law: for every tuple of values, also one that nothing has ever had, the rows with these values in their first
//! columns are, without those columns, the rows of the query with these parameters; if there are none,
//! [`ForEach::nothing`] says what the query has then.

use crate::language::ast::{Expr, ExprKind, Span};
use livewell_model::number::{compare_int_float, float_as_int};
use livewell_model::{SmolStr, Value, key};
use serde::de::{Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The type of a parameter that a query is run for each value of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterType {
    /// Any text.
    #[serde(alias = "string")]
    Text,
    /// The integers of 64 bits.
    Integer,
    /// The floats but NaN.
    Float,
    /// True and false.
    Boolean,
}

/// A parameter, as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, without `$`.
    pub name: SmolStr,
    /// The type of its values.
    pub of: ParameterType,
}

/// How a query's rows are dealt out by value: the first columns of each row are the values that it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct ForEach {
    parameters: Vec<Parameter>,
    nothing: Option<Vec<Value>>,
}

/// Why values given as text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValuesError {
    /// A parameter has no value.
    #[error("a value of `{name}` is missing: the query is run for each {of}", name = .0.name, of = .0.of.name())]
    Missing(Parameter),
    /// A text cannot be a value of a parameter's type.
    #[error("`{given}` cannot be a value of `{name}`: write {example}", name = .0.name, given = shortened(.1), example = .0.of.example())]
    Malformed(Parameter, String),
}

impl ParameterType {
    /// The type's name, as it is declared.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
        }
    }

    /// The value of this type that equals `value`, if there is one: `1` for the float `1.0`, if integers are declared.
    pub fn equal(self, value: &Value) -> Option<Value> {
        match self {
            Self::Text => matches!(value, Value::String(_)).then(|| value.clone()),
            Self::Boolean => matches!(value, Value::Bool(_)).then(|| value.clone()),
            Self::Integer => match value {
                Value::Int(_) => Some(value.clone()),
                Value::Float(float) => float_as_int(*float).map(Value::Int),
                Value::Decimal(decimal) => decimal.to_i64().map(Value::Int),
                _ => None,
            },
            Self::Float => match value {
                // Both zeros are one value.
                Value::Float(float) => (!float.is_nan()).then_some(Value::Float(float + 0.0)),
                Value::Int(int) => {
                    let float = *int as f64;
                    let same = compare_int_float(*int, float) == Some(Ordering::Equal);
                    same.then_some(Value::Float(float))
                }
                Value::Decimal(decimal) => {
                    let float = decimal.to_f64();
                    let same = float.is_finite() && decimal.compare_float(float) == Ordering::Equal;
                    same.then_some(Value::Float(float))
                }
                _ => None,
            },
        }
    }

    /// Reads a value that is given as text; numbers and booleans as JSON writes them in results.
    fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::Text => Some(Value::String(text.into())),
            Self::Boolean => match text {
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                _ => None,
            },
            Self::Integer => {
                let int: i64 = text.parse().ok()?;
                (int.to_string() == text).then_some(Value::Int(int))
            }
            Self::Float => match text {
                "Infinity" => Some(Value::Float(f64::INFINITY)),
                "-Infinity" => Some(Value::Float(f64::NEG_INFINITY)),
                text => {
                    let plain = text
                        .bytes()
                        .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
                    let float: f64 = text.parse().ok().filter(|_| plain && !text.starts_with('+'))?;
                    float.is_finite().then_some(Value::Float(float + 0.0))
                }
            },
        }
    }

    /// What a value looks like.
    fn example(self) -> &'static str {
        match self {
            Self::Text => "any text",
            Self::Integer => "an integer like `-42`",
            Self::Float => "a number like `-4.2` or `1e10`",
            Self::Boolean => "`true` or `false`",
        }
    }
}

impl FromStr for ParameterType {
    type Err = String;

    /// Reads a type's name; `string` is another one of `text`.
    ///
    /// # Errors
    /// Returns the names there are.
    fn from_str(name: &str) -> Result<Self, String> {
        let of_name = name.into_deserializer();
        Self::deserialize(of_name).map_err(|error: serde::de::value::Error| error.to_string())
    }
}

impl ForEach {
    /// Puts together what is declared, and the row of a value that nothing has.
    pub(crate) fn new(parameters: Vec<Parameter>, nothing: Option<Vec<Value>>) -> Self {
        Self { parameters, nothing }
    }

    /// The parameters in the order declared, which are the first columns of each row.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The row (columns behind the parameters) that the query has for a value that nothing has; `None` if it has none.
    /// Where there is one, each value has one row, and that is identified by the value alone: its key is
    /// [`ForEach::key`].
    pub fn nothing(&self) -> Option<&[Value]> {
        self.nothing.as_deref()
    }

    /// What is declared, and what a value has that nothing has in the query's `columns`, in words.
    pub(crate) fn explain(&self, columns: &[SmolStr]) -> String {
        let declared = self.parameters.iter().map(|Parameter { name, of }| format!("{name} ({})", of.name()));
        let mut out = format!("For each: {}\n", declared.collect::<Vec<_>>().join(", "));
        if let Some(nothing) = &self.nothing {
            let columns = columns.iter().skip(self.parameters.len()).zip(nothing);
            let shown: Vec<String> =
                columns.map(|(name, value)| format!("{name} {}", shown(value))).collect();
            out += &format!("  a value that nothing has: {}\n", shown.join(", "));
        }
        out
    }

    /// Reads values given as text, by name: all of them, of the declared types. A text is taken as it is; an integer is
    /// written in decimal digits without leading zeros, with `-` before it below zero; a float as a number with or without
    /// a point and an exponent, or as `Infinity` or `-Infinity`; a boolean as `true` or `false`.
    ///
    /// # Errors
    /// [`ValuesError`], of the first parameter whose value is missing or is none of its type.
    pub fn values<'t>(&self, given: impl Fn(&str) -> Option<&'t str>) -> Result<Vec<Value>, ValuesError> {
        let values = self.parameters.iter().map(|parameter| {
            let text = given(&parameter.name).ok_or_else(|| ValuesError::Missing(parameter.clone()))?;
            parameter.of.read(text).ok_or_else(|| ValuesError::Malformed(parameter.clone(), text.into()))
        });
        values.collect()
    }

    /// Bytes that are equal for equal values: keys of the [model](livewell_model::key), in the order declared.
    pub fn key(&self, values: &[Value]) -> Vec<u8> {
        key::of(values)
    }
}

/// A value as a query writes it.
fn shown(value: &Value) -> String {
    Expr { kind: ExprKind::Literal(value.clone()), span: Span::default() }.to_string()
}

/// A given text as a message shows it.
fn shortened(given: &str) -> String {
    const SHOWN: usize = 40;
    let printable = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let shown: String = given.chars().take(SHOWN).map(printable).collect();
    if given.chars().nth(SHOWN).is_some() { format!("{shown}..") } else { shown }
}

/// Parameters as settings declare them: their names with their types, in order.
pub mod declared {
    use super::{Deserializer, Names, Parameter, Serializer};

    /// Writes a mapping from names to types.
    ///
    /// # Errors
    /// Returns the errors of the serializer.
    pub fn serialize<S: Serializer>(parameters: &[Parameter], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(parameters.iter().map(|parameter| (&parameter.name, parameter.of)))
    }

    /// Reads a mapping from names to types.
    ///
    /// # Errors
    /// Returns an error where a name stands twice or a type is unknown.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Parameter>, D::Error> {
        deserializer.deserialize_map(Names)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Vec<Parameter>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("parameters with their types, as in `customer: text`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Parameter>, A::Error> {
        let mut parameters: Vec<Parameter> = Vec::new();
        while let Some((name, of)) = map.next_entry::<SmolStr, _>()? {
            if parameters.iter().any(|parameter| parameter.name == name) {
                return Err(A::Error::custom(format!("`{name}` is declared twice")));
            }
            parameters.push(Parameter { name, of });
        }
        Ok(parameters)
    }
}
