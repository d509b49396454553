//! Sets of types: what is known of a value before there is one.

use crate::encoding::Encode;
use livewell_model::Value;
use livewell_model::codec::Writer;

/// A set of value types. Null is one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeSet(u32);

impl TypeSet {
    /// No type.
    pub const NONE: Self = Self(0);
    /// Null.
    pub const NULL: Self = Self(1);
    /// True and false.
    pub const BOOLEAN: Self = Self(1 << 1);
    /// Integers.
    pub const INTEGER: Self = Self(1 << 2);
    /// Floats.
    pub const FLOAT: Self = Self(1 << 3);
    /// Decimals.
    pub const DECIMAL: Self = Self(1 << 17);
    /// Integers, floats and decimals.
    pub const NUMBER: Self = Self::INTEGER.or(Self::FLOAT).or(Self::DECIMAL);
    /// Strings.
    pub const STRING: Self = Self(1 << 4);
    /// Raw bytes.
    pub const BYTES: Self = Self(1 << 5);
    /// Lists.
    pub const LIST: Self = Self(1 << 6);
    /// Maps.
    pub const MAP: Self = Self(1 << 7);
    /// Nodes.
    pub const NODE: Self = Self(1 << 8);
    /// Relationships.
    pub const RELATIONSHIP: Self = Self(1 << 9);
    /// Nodes and relationships.
    pub const ELEMENT: Self = Self::NODE.or(Self::RELATIONSHIP);
    /// Paths.
    pub const PATH: Self = Self(1 << 10);
    /// Dates.
    pub const DATE: Self = Self(1 << 11);
    /// Times with an offset.
    pub const TIME: Self = Self(1 << 12);
    /// Times without one.
    pub const LOCAL_TIME: Self = Self(1 << 13);
    /// Moments in a time zone.
    pub const DATE_TIME: Self = Self(1 << 14);
    /// Days with a time and no time zone.
    pub const LOCAL_DATE_TIME: Self = Self(1 << 15);
    /// Dates and times of all kinds.
    pub const INSTANT: Self =
        Self::DATE.or(Self::TIME).or(Self::LOCAL_TIME).or(Self::DATE_TIME).or(Self::LOCAL_DATE_TIME);
    /// Durations.
    pub const DURATION: Self = Self(1 << 16);
    /// Instants and durations.
    pub const TEMPORAL: Self = Self::INSTANT.or(Self::DURATION);
    /// Every type.
    pub const ANY: Self = Self((1 << 18) - 1);

    const NAMES: [&str; 18] = [
        "null",
        "boolean",
        "integer",
        "float",
        "string",
        "bytes",
        "list",
        "map",
        "node",
        "relationship",
        "path",
        "date",
        "time",
        "local time",
        "date-time",
        "local date-time",
        "duration",
        "decimal",
    ];

    /// The types of either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The types of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The set with null.
    #[must_use]
    pub const fn or_null(self) -> Self {
        self.or(Self::NULL)
    }

    /// The set without null.
    #[must_use]
    pub const fn without_null(self) -> Self {
        Self(self.0 & !Self::NULL.0)
    }

    /// Whether some type is in both.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether every type of this set is in the other.
    pub const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The type of a value, alone.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Int(_) => Self::INTEGER,
            Value::Float(_) => Self::FLOAT,
            Value::Decimal(_) => Self::DECIMAL,
            Value::String(_) => Self::STRING,
            Value::Bytes(_) => Self::BYTES,
            Value::List(_) => Self::LIST,
            Value::Map(_) => Self::MAP,
            Value::Node(_) => Self::NODE,
            Value::Relationship(_) => Self::RELATIONSHIP,
            Value::Path(_) => Self::PATH,
            Value::Date(_) => Self::DATE,
            Value::Time(_) => Self::TIME,
            Value::LocalTime(_) => Self::LOCAL_TIME,
            Value::DateTime(_) => Self::DATE_TIME,
            Value::LocalDateTime(_) => Self::LOCAL_DATE_TIME,
            Value::Duration(_) => Self::DURATION,
        }
    }

    /// The set in words, without null where there is more: `integer or string`; all numbers are `number`.
    pub fn describe(self) -> String {
        let mut shown = if self == Self::NULL { self } else { self.without_null() };
        let mut names = Vec::new();
        if Self::NUMBER.within(shown) {
            shown = Self(shown.0 & !Self::NUMBER.0);
            names.push("number");
        }
        let others = Self::NAMES.iter().enumerate().filter(|(bit, _)| shown.0 & (1 << bit) != 0);
        names.extend(others.map(|(_, name)| *name));
        names.join(" or ")
    }
}

impl Encode for TypeSet {
    fn encode(&self, out: &mut Writer) {
        self.0.encode(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_described_by_its_types() {
        assert_eq!(TypeSet::NUMBER.or(TypeSet::STRING).or_null().describe(), "number or string");
        assert_eq!(TypeSet::INTEGER.or(TypeSet::FLOAT).describe(), "integer or float");
        assert_eq!(TypeSet::NULL.describe(), "null");
        assert!(TypeSet::NODE.within(TypeSet::ELEMENT) && !TypeSet::ANY.within(TypeSet::ELEMENT));
    }
}
