//! Where the characters of a YAML text stand in the file, so that an error in a query points into the file.

use livewell_query::language::ast::Span;

/// Finds the place of `within`, a span of `value`, in `file`, where `value` was written from `start` on.
///
/// YAML strips indentation, folds lines and takes escapes apart; what is left are the same visible
/// characters in the same order, so those are paired one by one. Returns `None` if they do not pair up (the value
/// holds text from the environment, or escapes of letters).
pub fn place(file: &str, start: usize, value: &str, within: Span) -> Option<Span> {
    let quoted = file.get(start..)?.starts_with(['"', '\'']);
    let mut source = file[start..].char_indices().map(|(at, c)| (start + at, c)).skip(usize::from(quoted));
    let mut first = None;
    let mut end = start;
    for (at, wanted) in value.char_indices().filter(|(_, c)| !c.is_whitespace()) {
        let (place, _) =
            source.find(|(_, c)| !c.is_whitespace() && (*c == wanted || !is_escape(*c, quoted)))?;
        if !file[place..].starts_with(wanted) {
            return None;
        }
        // Where the span begins on a space or at the end, the last visible character before it has to do.
        if at >= within.end.max(within.start + 1) {
            break;
        }
        end = place + wanted.len_utf8();
        if at >= within.start && first.is_none() {
            first = Some(place);
        }
    }
    let first = first.unwrap_or(end);
    Some(Span { start: first, end: end.max(first) })
}

/// In quotes a character may stand for the next one: `''` and `\"`.
fn is_escape(character: char, quoted: bool) -> bool {
    quoted && matches!(character, '\'' | '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(file: &str, start: &str, value: &str, part: &str) -> Option<(usize, String)> {
        let at = value.find(part).unwrap();
        let span = place(file, file.find(start).unwrap(), value, Span { start: at, end: at + part.len() })?;
        Some((span.start, file[span.start..span.end].to_owned()))
    }

    #[test]
    fn a_place_in_a_block_a_folded_a_plain_and_a_quoted_text_is_found() {
        let cases = [
            ("cypher: |\n  MATCH (n)\n\n    WHERE x\n", "MATCH", "MATCH (n)\n\n  WHERE x\n"),
            ("cypher: >-\n  MATCH (n)\n  WHERE x\n", "MATCH", "MATCH (n) WHERE x"),
            ("cypher: MATCH (n) WHERE x", "MATCH", "MATCH (n) WHERE x"),
            ("cypher: 'MATCH (n {a: ''b''}) WHERE x'", "'MATCH", "MATCH (n {a: 'b'}) WHERE x"),
            ("cypher: \"MATCH (n {a: \\\"b\\\"}) WHERE x\"", "\"MATCH", "MATCH (n {a: \"b\"}) WHERE x"),
        ];
        for (file, start, value) in cases {
            assert_eq!(
                marked(file, start, value, "x"),
                Some((file.find('x').unwrap(), "x".into())),
                "{file}"
            );
        }
    }

    #[test]
    fn a_place_at_the_end_is_behind_the_last_visible_character() {
        let (file, value) = ("cypher: |\n  MATCH (n)\n", "MATCH (n)\n");
        let end = Span { start: value.len(), end: value.len() };
        let at = file.find(')').unwrap() + 1;
        assert_eq!(place(file, file.find("MATCH").unwrap(), value, end), Some(Span { start: at, end: at }));
    }

    #[test]
    fn a_value_that_the_file_does_not_show_has_no_place() {
        assert_eq!(marked("cypher: ${QUERY} x", "${", "MATCH (n) x", "x"), None);
    }
}
