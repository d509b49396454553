//! What is wrong with a text that is not JSON, in words for people who did not write a parser.

use serde_json::Error;

/// What the parser says, and what a person reads.
const WORDS: [(&str, &str); 9] = [
    ("expected ident", VALUE),
    ("expected value", VALUE),
    ("key must be a string", "a name must be in double quotes"),
    ("trailing characters", "there is more after its end"),
    ("trailing comma", "there is a comma after the last item"),
    ("EOF while parsing a string", "it ends within a string"),
    ("EOF while parsing a list", "it ends within a list"),
    ("EOF while parsing an object", "it ends within an object"),
    ("EOF while parsing a value", "it ends where a value is expected"),
];
const VALUE: &str =
    "a value is text in double quotes, a number, `true`, `false`, `null`, a list or an object";

/// Returns what is wrong, without the place.
pub fn fault(error: &Error) -> String {
    let full = error.to_string();
    let said = full.split(" at line ").next().unwrap_or(&full);
    let known = WORDS.iter().find(|(parser, _)| *parser == said);
    known.map_or(said, |(_, words)| words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_told_in_their_words() {
        for (text, told) in [
            ("nonsense", VALUE),
            ("nul", "it ends where a value is expected"),
            ("", "it ends where a value is expected"),
            ("x", VALUE),
            ("{a: 1}", "a name must be in double quotes"),
            ("{'a': 1}", "a name must be in double quotes"),
            ("{\"a\": 1}}", "there is more after its end"),
            ("{\"a\": 1,}", "there is a comma after the last item"),
            ("[1, 2", "it ends within a list"),
            ("{\"a\": 1", "it ends within an object"),
            ("\"a", "it ends within a string"),
            ("[1 2]", "expected `,` or `]`"),
        ] {
            assert_eq!(fault(&serde_json::from_str::<serde_json::Value>(text).unwrap_err()), told, "{text}");
        }
    }
}
