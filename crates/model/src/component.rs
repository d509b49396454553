//! What a component is, and what its id may be.

use serde::{Deserialize, Serialize};

/// What a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ComponentKind {
    /// Where changes come from.
    Source,
    /// A standing query.
    Query,
    /// What acts on results.
    Reaction,
}

impl ComponentKind {
    /// All there are, in the way of the data.
    pub const ALL: [Self; 3] = [Self::Source, Self::Query, Self::Reaction];

    /// The kind in words, as JSON has it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Query => "query",
            Self::Reaction => "reaction",
        }
    }

    /// Several of the kind: the section of a configuration, and a part of paths.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Source => "sources",
            Self::Query => "queries",
            Self::Reaction => "reactions",
        }
    }
}

/// What an id has to be, for messages.
pub const ID_RULE: &str = "an id is a letter or digit, then at most 62 letters, digits, `-` or `_`";

/// Whether `id` can be the id of a source, query or reaction.
pub fn is_component_id(id: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    id.len() <= 63
        && id.bytes().all(inner)
        && id.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_begins_with_a_letter_or_digit_and_is_short() {
        for id in ["a", "0", "big-orders_2", &"x".repeat(63)] {
            assert!(is_component_id(id), "{id}");
        }
        for id in ["", "-a", "_a", "a b", "a.b", "\u{e9}", &"x".repeat(64)] {
            assert!(!is_component_id(id), "{id}");
        }
    }
}
