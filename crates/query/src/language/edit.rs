//! Changes of a query's text that a diagnostic suggests, and places as editors count them.

use super::ast::Span;
use super::token::is_reserved;

/// A change that mends a query's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; an empty span inserts.
    pub span: Span,
    /// What takes its place.
    pub text: String,
}

impl Span {
    /// The place in UTF-16 code units, in which browsers and editors count. A place inside a character becomes the
    /// beginning of that character, one beyond the text its end.
    #[must_use]
    pub fn in_utf16(self, text: &str) -> Self {
        let units = |at: usize| text[..text.floor_char_boundary(at)].encode_utf16().count();
        Self { start: units(self.start), end: units(self.end) }
    }
}

/// A name as a query's text has to have it: in backticks unless it is a plain word.
pub(crate) fn quoted(name: &str) -> String {
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|first| first == '_' || first.is_alphabetic());
    let is_plain = begins && letters.all(|c| c == '_' || c.is_alphanumeric()) && !is_reserved(name);
    if is_plain { name.to_owned() } else { format!("`{}`", name.replace('`', "``")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_units_of_utf16_also_behind_characters_beyond_its_first_plane() {
        let text = "'😀é' + x";
        let at = text.find('x').unwrap();
        assert_eq!(Span { start: at, end: at + 1 }.in_utf16(text), Span { start: 8, end: 9 });
        // Inside the first character, and beyond the end.
        assert_eq!(Span { start: 3, end: 99 }.in_utf16(text), Span { start: 1, end: 9 });
    }

    #[test]
    fn names_that_are_not_plain_words_stand_in_backticks() {
        for (name, written) in [
            ("Plane", "Plane"),
            ("_x1", "_x1"),
            ("é", "é"),
            ("in", "`in`"),
            ("a b", "`a b`"),
            ("a`", "`a```"),
            ("1", "`1`"),
        ] {
            assert_eq!(quoted(name), written);
        }
    }
}
