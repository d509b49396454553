//! The types of Cypher's type predicates: `x IS :: INTEGER NOT NULL | LIST<STRING>`.

use crate::encoding::{Encode, encode_all};
use crate::types::TypeSet;
use livewell_model::Value;
use livewell_model::codec::Writer;
use std::fmt::{self, Display, Formatter};

/// A type: what one of its parts admits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ValueType(pub Vec<TypePart>);

/// One alternative of a type.
#[derive(Debug, Clone, PartialEq)]
pub struct TypePart {
    /// The types of values, null left out.
    pub types: TypeSet,
    /// What the items of a list must be.
    pub items: Option<ValueType>,
    /// Whether null is one of the values.
    pub nullable: bool,
}

impl ValueType {
    /// Whether the value is of this type.
    pub fn admits(&self, value: &Value) -> bool {
        self.0.iter().any(|part| part.admits(value))
    }
}

impl TypePart {
    fn admits(&self, value: &Value) -> bool {
        match (value, &self.items) {
            (Value::Null, _) => self.nullable,
            (Value::List(items), Some(wanted)) if self.types.meets(TypeSet::LIST) => {
                items.iter().all(|item| wanted.admits(item))
            }
            _ => TypeSet::of(value).within(self.types),
        }
    }
}

impl Display for ValueType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            let between = if at == 0 { "" } else { " | " };
            write!(f, "{between}{}", part.types.describe())?;
            if let Some(items) = &part.items {
                write!(f, "<{items}>")?;
            }
            f.write_str(if part.nullable { "" } else { " NOT NULL" })?;
        }
        Ok(())
    }
}

impl Encode for ValueType {
    fn encode(&self, out: &mut Writer) {
        self.0.encode(out);
    }
}

impl Encode for TypePart {
    fn encode(&self, out: &mut Writer) {
        let Self { types, items, nullable } = self;
        encode_all!(out, types, items, nullable);
    }
}
