//! Joins: virtual relationships between nodes whose properties are equal, so that a query can go from one
//! source to another where nothing but a shared value ties them together.
//!
//! A virtual relationship is an element like any other: `Joined` turns the change of a node into the
//! changes of the relationships it takes part in, and everything after it, in the engine and in the reference,
//! sees relationships. It has no direction: a pattern matches it whichever way it is written.

mod maintain;
mod virtual_relationship;

pub(crate) use maintain::Joined;
pub(crate) use virtual_relationship::{Role, between, roles};

use crate::encoding::{Encode, encode_all};
use crate::language::ast::{Labels, Pattern, Span, Way};
use crate::language::{Diagnostic, code};
use livewell_model::SmolStr;
use livewell_model::codec::Writer;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many joins a query may have: a byte numbers them in its state.
const JOINS_MAX: usize = 255;

/// A virtual relationship: wherever the properties of two of the keys are equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The relationship's type, as patterns name it.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// The nodes and properties that take part; two or more.
    pub keys: Vec<JoinKey>,
}

/// One side of a join: the nodes of a label, by a property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinKey {
    /// The label of the nodes.
    pub label: SmolStr,
    /// The property that is compared. Nodes that do not have it take no part.
    pub property: SmolStr,
}

impl Join {
    /// A join of this type without keys; add two or more with [`Join::key`].
    pub fn new(kind: impl Into<SmolStr>) -> Self {
        Self { kind: kind.into(), keys: Vec::new() }
    }

    /// Adds the nodes of `label` by their `property`.
    #[must_use]
    pub fn key(mut self, label: impl Into<SmolStr>, property: impl Into<SmolStr>) -> Self {
        self.keys.push(JoinKey { label: label.into(), property: property.into() });
        self
    }

    /// Whether joins make sense together.
    ///
    /// # Errors
    /// A [`Diagnostic`] without a place for a join without a type, of fewer than two keys or more than 255, with a
    /// key twice, or of a type that another one has.
    pub fn check(joins: &[Self]) -> Result<(), Diagnostic> {
        if let Some(beyond) = joins.get(JOINS_MAX) {
            let message =
                format!("the join `{}` is one too many: a query has up to {JOINS_MAX}", beyond.kind);
            return Err(Diagnostic::semantic(code::JOIN, Span::default(), message));
        }
        for (at, join) in joins.iter().enumerate() {
            let invalid = |why: &str| {
                let message = format!("the join `{}` {why}", join.kind);
                Err(Diagnostic::semantic(code::JOIN, Span::default(), message))
            };
            if join.kind.is_empty() {
                return invalid("has no type");
            }
            if joins[..at].iter().any(|other| other.kind == join.kind) {
                return invalid("is there twice");
            }
            if !(2..=usize::from(u8::MAX)).contains(&join.keys.len()) {
                return invalid("needs two keys, and can have up to 255");
            }
            if join.keys.iter().any(|key| key.label.is_empty() || key.property.is_empty()) {
                return invalid("has a key without a label or a property");
            }
            if join.keys.iter().enumerate().any(|(at, key)| join.keys[..at].contains(key)) {
                return invalid("has a key twice");
            }
        }
        Ok(())
    }
}

impl fmt::Display for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> =
            self.keys.iter().map(|key| format!("{}.{}", key.label, key.property)).collect();
        write!(f, "{} where {}", self.kind, keys.join(" = "))
    }
}

/// Makes a pattern match joins in either direction.
///
/// # Errors
/// A [`Diagnostic`] for a directed pattern of a join or another type, which would have a direction for one alone.
pub(crate) fn undirect(pattern: &mut Pattern, joins: &[Join]) -> Result<(), Diagnostic> {
    for relationship in &mut pattern.relationships {
        let joined = relationship.types.iter().filter(|kind| joins.iter().any(|join| join.kind == kind.text));
        let tested = relationship.test.iter().flat_map(Labels::names);
        let tested = tested.filter(|name| joins.iter().any(|join| join.kind == **name)).count();
        let joined = joined.count() + tested;
        if joined == 0 || relationship.way == Way::Either {
            continue;
        }
        if joined < relationship.types.len() || relationship.test.is_some() {
            let message = "a join has no direction, so it cannot share a directed pattern with another type";
            return Err(Diagnostic::semantic(code::TYPE, relationship.span, message)
                .with_help("write the pattern without a direction, or as two"));
        }
        relationship.way = Way::Either;
    }
    Ok(())
}

impl Encode for Join {
    fn encode(&self, out: &mut Writer) {
        let Self { kind, keys } = self;
        encode_all!(out, kind, keys);
    }
}

impl Encode for JoinKey {
    fn encode(&self, out: &mut Writer) {
        let Self { label, property } = self;
        encode_all!(out, label, property);
    }
}
