//! The kinds of components, and the form of their ids.

use serde::{Deserialize, Serialize};

/// The kind of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ComponentKind {
    /// Reads changes.
    Source,
    /// Keeps the result of a standing query.
    Query,
    /// Acts on results.
    Reaction,
}

impl ComponentKind {
    /// All kinds, from upstream to downstream.
    pub const ALL: [Self; 3] = [Self::Source, Self::Query, Self::Reaction];

    /// Returns the kind in words, as JSON has it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Query => "query",
            Self::Reaction => "reaction",
        }
    }

    /// Returns the plural: the section of a configuration, and a part of paths.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Source => "sources",
            Self::Query => "queries",
            Self::Reaction => "reactions",
        }
    }
}

/// The form of an id, for messages.
pub const ID_RULE: &str = "an id is a letter or digit, then at most 62 letters, digits, `-` or `_`";

/// Returns whether `id` is valid as the id of a source, query or reaction.
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
