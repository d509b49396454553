//! Label expressions: what labels a node has, or which type a relationship has.

use crate::encoding::{Encode, encode_all};
use livewell_model::codec::Writer;
use livewell_model::{SmolStr, Value};
use std::fmt::{self, Display, Formatter};

/// A condition on the labels of a node, or on the type of a relationship, which is its only label.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// `%`: any label at all.
    Any,
    /// `A`: this one.
    Is(SmolStr),
    /// `!A`
    Not(Box<Labels>),
    /// `A&B`: all of these; at least two.
    All(Vec<Labels>),
    /// `A|B`: one of these; at least two.
    One(Vec<Labels>),
}

impl Labels {
    /// All of these names; of one name itself.
    pub fn all(names: impl IntoIterator<Item = SmolStr>) -> Self {
        Self::of(names.into_iter().map(Self::Is).collect(), Self::All)
    }

    /// One of these names; of one name itself.
    pub fn one(names: impl IntoIterator<Item = SmolStr>) -> Self {
        Self::of(names.into_iter().map(Self::Is).collect(), Self::One)
    }

    /// What `joined` makes of several parts; of one part itself.
    pub(crate) fn of(mut parts: Vec<Self>, joined: impl FnOnce(Vec<Self>) -> Self) -> Self {
        if parts.len() == 1 { parts.remove(0) } else { joined(parts) }
    }

    /// Whether it holds for an element with these labels.
    pub fn holds(&self, labels: &[SmolStr]) -> bool {
        match self {
            Self::Any => !labels.is_empty(),
            Self::Is(name) => labels.contains(name),
            Self::Not(inner) => !inner.holds(labels),
            Self::All(parts) => parts.iter().all(|part| part.holds(labels)),
            Self::One(parts) => parts.iter().any(|part| part.holds(labels)),
        }
    }

    /// Whether it holds for a node or a relationship; `None` if the value is neither.
    pub fn hold_of(&self, value: &Value) -> Option<bool> {
        match value {
            Value::Node(node) => Some(self.holds(&node.labels)),
            Value::Relationship(relationship) => Some(self.holds(std::slice::from_ref(&relationship.kind))),
            _ => None,
        }
    }

    /// The names in it, in the order of the text.
    pub fn names(&self) -> Vec<&SmolStr> {
        match self {
            Self::Any => vec![],
            Self::Is(name) => vec![name],
            Self::Not(inner) => inner.names(),
            Self::All(parts) | Self::One(parts) => parts.iter().flat_map(Self::names).collect(),
        }
    }

    fn show(f: &mut Formatter<'_>, between: &str, parts: &[Self]) -> fmt::Result {
        for (at, part) in parts.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { between })?;
            match part {
                Self::All(_) | Self::One(_) => write!(f, "({part})")?,
                _ => write!(f, "{part}")?,
            }
        }
        Ok(())
    }
}

impl Display for Labels {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("%"),
            Self::Is(name) => f.write_str(name),
            Self::Not(inner) => {
                f.write_str("!")?;
                Self::show(f, "", std::slice::from_ref(inner))
            }
            Self::All(parts) => Self::show(f, "&", parts),
            Self::One(parts) => Self::show(f, "|", parts),
        }
    }
}

impl Encode for Labels {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Any => encode_all!(out, &0_u16),
            Self::Is(name) => encode_all!(out, &1_u16, name),
            Self::Not(inner) => encode_all!(out, &2_u16, inner),
            Self::All(parts) => encode_all!(out, &3_u16, parts),
            Self::One(parts) => encode_all!(out, &4_u16, parts),
        }
    }
}
