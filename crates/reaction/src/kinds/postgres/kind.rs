//! Kinds of columns: how they take values, what they would change silently, and which type would hold a value.

use livewell_model::Value;
use std::fmt;
use tokio_postgres::types::{Kind, Type};

/// The class of the values in a column, or of the items in a column of arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Integer,
    Numeric,
    Float,
    Money,
    Text,
    Bits,
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Interval,
    Json,
    Bytes,
    Other,
}

/// How a column takes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taking {
    pub class: Class,
    /// Whether the column holds arrays, and so takes lists.
    pub is_list: bool,
}

/// The type of a column, below its domains.
#[derive(Debug, Clone)]
pub(super) struct ColumnKind {
    /// The type as declared, with its modifier: `character(3)`.
    pub declared: String,
    /// Its base type, or that of its items, without a modifier: `character`.
    pub base: String,
    pub taking: Taking,
    /// Whether a modifier limits it.
    pub is_limited: bool,
}

impl Class {
    /// Returns the class of a base type by the name that `format_type` gives it.
    pub fn of(base: &str) -> Self {
        match base {
            "smallint" | "integer" | "bigint" | "oid" => Self::Integer,
            "numeric" => Self::Numeric,
            "real" | "double precision" => Self::Float,
            "money" => Self::Money,
            "text" | "character varying" | "character" | "bpchar" | "name" | "\"char\"" => Self::Text,
            "bit" | "bit varying" => Self::Bits,
            "date" => Self::Date,
            "time without time zone" => Self::Time,
            "time with time zone" => Self::TimeTz,
            "timestamp without time zone" => Self::Timestamp,
            "timestamp with time zone" => Self::TimestampTz,
            "interval" => Self::Interval,
            "json" | "jsonb" => Self::Json,
            "bytea" => Self::Bytes,
            // The type may be in a schema of its own.
            _ if base == "citext" || base.ends_with(".citext") => Self::Text,
            _ => Self::Other,
        }
    }

    /// Returns whether temporal values are written as PostgreSQL writes them.
    pub fn is_temporal(self) -> bool {
        use Class::{Date, Interval, Time, TimeTz, Timestamp, TimestampTz};
        matches!(self, Date | Time | TimeTz | Timestamp | TimestampTz | Interval)
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Numeric | Self::Float | Self::Money)
    }

    /// Returns which part of a value such a column drops silently, though it accepts its text.
    pub fn loses(self, value: &Value) -> Option<&'static str> {
        use Value::{DateTime, LocalDateTime, Time};
        match (self, value) {
            (Self::Date, DateTime(_) | LocalDateTime(_)) => Some("its time of day"),
            (Self::Timestamp, DateTime(_)) | (Self::Time, Time(_)) => Some("its offset"),
            (Self::Time | Self::TimeTz, DateTime(_) | LocalDateTime(_)) => Some("its date"),
            (_, Value::List(items)) => items.iter().find_map(|item| self.loses(item)),
            _ => None,
        }
    }
}

impl Taking {
    /// Returns how a parameter of a statement takes values.
    pub fn of(kind: &Type) -> Self {
        let base = |kind: &Type| match *kind {
            Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => Class::Integer,
            Type::NUMERIC => Class::Numeric,
            Type::FLOAT4 | Type::FLOAT8 => Class::Float,
            Type::DATE => Class::Date,
            Type::TIME => Class::Time,
            Type::TIMETZ => Class::TimeTz,
            Type::TIMESTAMP => Class::Timestamp,
            Type::TIMESTAMPTZ => Class::TimestampTz,
            Type::INTERVAL => Class::Interval,
            Type::JSON | Type::JSONB => Class::Json,
            Type::BYTEA => Class::Bytes,
            _ => Class::Other,
        };
        match kind.kind() {
            Kind::Array(item) => Self { class: base(item), is_list: true },
            _ => Self { class: base(kind), is_list: false },
        }
    }
}

impl ColumnKind {
    /// Returns a condition that holds if the text `x` is stored unchanged; `None` if that is certain for these values.
    ///
    /// It compares what is stored with the text read without the limits of the column.
    pub fn exactly<'v>(&self, x: &str, mut values: impl Iterator<Item = &'v Value>) -> Option<String> {
        let list = if self.taking.is_list { "[]" } else { "" };
        let y = format!("{x}::{}", self.declared);
        let is_text = |value: &Value| matches!(value, Value::String(_));
        // The base type with the loosest limits that reads the text.
        let same_as = |base: &str| format!("{y} = {x}::{base}{list}");
        let digits = format!("{x} !~ '[.][0-9]{{7}}'");
        match self.taking.class {
            Class::Numeric if self.is_limited => Some(same_as("numeric")),
            Class::Money => Some(format!("({y})::numeric{list} = {x}::numeric{list}")),
            // Its digits, as many as its precision has, denote the same number.
            Class::Float if self.base == "real" || values.any(|value| !matches!(value, Value::Float(_))) => {
                Some(format!("({y})::text{list}::numeric{list} = {x}::numeric{list}"))
            }
            Class::Text
                if self.is_limited
                    || !matches!(self.base.as_str(), "text" | "character varying" | "bpchar") =>
            {
                Some(match self.taking.is_list {
                    true => format!("({y})::text[] = {x}::text[]"),
                    // Compared as printed: blanks at the end of a `character` count.
                    false => format!("concat({y}) COLLATE \"C\" = {x} COLLATE \"C\""),
                })
            }
            Class::Bits => Some(format!("concat({y}) = {x}")),
            Class::Date if values.any(is_text) => {
                Some(format!("({y})::timestamp{list} = {x}::timestamp{list}"))
            }
            Class::Timestamp => {
                let has_text = values.any(is_text);
                let of_text = match self.taking.is_list {
                    true => digits,
                    false => format!("{digits} AND {x}::timestamptz AT TIME ZONE 'UTC' = {y}"),
                };
                let same = same_as("timestamp");
                match (has_text, self.is_limited) {
                    (true, _) => Some(format!("{same} AND {of_text}")),
                    (false, limited) => limited.then_some(same),
                }
            }
            Class::Time | Class::TimeTz | Class::TimestampTz => {
                let same = same_as(&self.base);
                match (values.any(is_text), self.is_limited) {
                    (true, _) if self.taking.class == Class::Time => {
                        Some(format!("{same} AND {digits} AND {x} !~ '[0-9]-'"))
                    }
                    (true, _) => Some(format!("{same} AND {digits}")),
                    (false, limited) => limited.then_some(same),
                }
            }
            Class::Interval => {
                let same = format!("concat({y}) = concat({x}::interval{list})");
                match (values.any(is_text), self.is_limited) {
                    (true, _) => Some(format!("{same} AND {digits}")),
                    (false, limited) => limited.then_some(same),
                }
            }
            _ => None,
        }
    }

    /// Returns a type that holds both the value and everything that such a column holds.
    pub fn wider(&self, value: &Value) -> String {
        use Class::{Date, Time, Timestamp};
        let class = self.taking.class;
        let value = match value {
            Value::List(items) => items.iter().find(|item| !matches!(item, Value::Null)).unwrap_or(value),
            value => value,
        };
        let base = match (class, value) {
            (class, Value::Int(_) | Value::Float(_) | Value::Decimal(_)) if class.is_number() => "numeric",
            (Date, Value::LocalDateTime(_)) => "timestamp",
            (Date | Timestamp, Value::DateTime(_)) => "timestamptz",
            (Time, Value::Time(_)) => "timetz",
            // Its own type, without the limit.
            (class, _) if self.is_limited && class.is_temporal() => self.base.as_str(),
            (Class::Bits, _) => "text",
            _ => "text",
        };
        let list = if self.taking.is_list { "[]" } else { "" };
        let wider = format!("{base}{list}");
        if wider == self.declared { format!("text{list}") } else { wider }
    }
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.declared)
    }
}
