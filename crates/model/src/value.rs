//! Values of properties and of columns of rows.

use crate::number::identity_bits;
use crate::temporal::{Date, DateTime, Duration, LocalDateTime, LocalTime, Time};
use crate::{Decimal, Map, Node, Relationship};
use smol_str::SmolStr;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A value of the property graph's type system.
///
/// `==` is identity: it holds for values that are stored in the same bytes (`1` is not `1.0`, `0.0` is not `-0.0`,
/// NaN is NaN, whatever its sign and payload). Cypher has three other relations, each in one place: equality with
/// null in `livewell_query::expression`; equivalence (grouping, DISTINCT) and total order as the byte order of
/// [`crate::key`].
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A 64-bit signed integer.
    Int(i64),
    /// An IEEE 754 double.
    Float(f64),
    /// An exact decimal number.
    Decimal(Arc<Decimal>),
    /// A string of Unicode text.
    String(SmolStr),
    /// Raw bytes.
    Bytes(Arc<[u8]>),
    /// A list of values.
    List(Arc<[Value]>),
    /// A map from names to values.
    Map(Arc<Map>),
    /// A node, as it is in this transaction.
    Node(Arc<Node>),
    /// A relationship, as it is in this transaction.
    Relationship(Arc<Relationship>),
    /// A path: nodes and relationships in turn, beginning and ending with a node.
    Path(Arc<[Value]>),
    /// A day.
    Date(Date),
    /// A time of day with an offset.
    Time(Time),
    /// A time of day.
    LocalTime(LocalTime),
    /// A moment in a time zone.
    DateTime(Arc<DateTime>),
    /// A day and a time of day.
    LocalDateTime(LocalDateTime),
    /// A duration.
    Duration(Arc<Duration>),
}

impl Value {
    /// Makes a string value.
    pub fn string(text: impl Into<SmolStr>) -> Self {
        Self::String(text.into())
    }

    /// Makes a list value.
    pub fn list(items: impl Into<Arc<[Value]>>) -> Self {
        Self::List(items.into())
    }

    /// Returns a temporal value as text, in a form of ISO 8601; `None` for any other value.
    pub fn temporal_text(&self) -> Option<String> {
        Some(match self {
            Self::Date(date) => date.to_string(),
            Self::Time(time) => time.to_string(),
            Self::LocalTime(time) => time.to_string(),
            Self::DateTime(date_time) => date_time.to_string(),
            Self::LocalDateTime(date_time) => date_time.to_string(),
            Self::Duration(duration) => duration.to_string(),
            _ => return None,
        })
    }

    /// Returns whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns the name of the value's type for error messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) => "integer",
            Self::Float(_) => "float",
            Self::Decimal(_) => "decimal",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Node(_) => "node",
            Self::Relationship(_) => "relationship",
            Self::Path(_) => "path",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::LocalTime(_) => "local time",
            Self::DateTime(_) => "date-time",
            Self::LocalDateTime(_) => "local date-time",
            Self::Duration(_) => "duration",
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => identity_bits(*a) == identity_bits(*b),
            (Self::Decimal(a), Self::Decimal(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::List(a), Self::List(b)) | (Self::Path(a), Self::Path(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Date(a), Self::Date(b)) => a == b,
            (Self::Time(a), Self::Time(b)) => a == b,
            (Self::LocalTime(a), Self::LocalTime(b)) => a == b,
            (Self::DateTime(a), Self::DateTime(b)) => a == b,
            (Self::LocalDateTime(a), Self::LocalDateTime(b)) => a == b,
            (Self::Duration(a), Self::Duration(b)) => a == b,
            (Self::Node(a), Self::Node(b)) => Arc::ptr_eq(a, b) || a == b,
            (Self::Relationship(a), Self::Relationship(b)) => Arc::ptr_eq(a, b) || a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Null => {}
            Self::Bool(value) => value.hash(state),
            Self::Int(value) => value.hash(state),
            Self::Float(value) => identity_bits(*value).hash(state),
            Self::Decimal(value) => value.hash(state),
            Self::String(value) => value.hash(state),
            Self::Bytes(value) => value.hash(state),
            Self::List(items) | Self::Path(items) => items.hash(state),
            Self::Map(map) => map.hash(state),
            Self::Date(date) => date.hash(state),
            Self::Time(time) => time.hash(state),
            Self::LocalTime(time) => time.hash(state),
            Self::DateTime(date_time) => date_time.hash(state),
            Self::LocalDateTime(date_time) => date_time.hash(state),
            Self::Duration(duration) => duration.hash(state),
            Self::Node(node) => node.id.hash(state),
            Self::Relationship(relationship) => relationship.id.hash(state),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<Decimal> for Value {
    fn from(value: Decimal) -> Self {
        Self::Decimal(Arc::new(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value.into())
    }
}

impl From<Date> for Value {
    fn from(value: Date) -> Self {
        Self::Date(value)
    }
}

impl From<Time> for Value {
    fn from(value: Time) -> Self {
        Self::Time(value)
    }
}

impl From<LocalTime> for Value {
    fn from(value: LocalTime) -> Self {
        Self::LocalTime(value)
    }
}

impl From<DateTime> for Value {
    fn from(value: DateTime) -> Self {
        Self::DateTime(Arc::new(value))
    }
}

impl From<LocalDateTime> for Value {
    fn from(value: LocalDateTime) -> Self {
        Self::LocalDateTime(value)
    }
}

impl From<Duration> for Value {
    fn from(value: Duration) -> Self {
        Self::Duration(Arc::new(value))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}
