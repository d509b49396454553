//! The length of functions, found by indentation: rustfmt puts the closing brace under the `fn`.

use super::files::Text;
use super::finding::Finding;

/// Beyond this, a function does two things.
const LINES_MAX: usize = 70;

/// Returns the functions of one file that are too long.
pub fn check(text: &Text) -> Vec<Finding> {
    if !text.is_rust() {
        return Vec::new();
    }
    let lines: Vec<&str> = text.content.lines().collect();
    let mut findings = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = name(line) else { continue };
        let length = length(&lines[at..]);
        if length > LINES_MAX {
            let message = format!("`{name}` has {length} lines, and {LINES_MAX} at most: split it");
            findings.push(Finding::new(text, at + 1, message));
        }
    }
    findings
}

/// Returns the name of the function that begins on this line, if one does.
fn name(line: &str) -> Option<&str> {
    let (before, after) = line.trim_start().split_once("fn ")?;
    let is_qualifier = |word: &str| {
        ["const", "async", "unsafe", "extern"].contains(&word)
            || word.starts_with("pub")
            || word.starts_with('"')
    };
    let name = after.split(['(', '<']).next()?;
    let is_name = !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    (is_name && before.split_whitespace().all(is_qualifier)).then_some(name)
}

/// Returns the number of lines of the function that begins on the first of these.
fn length(lines: &[&str]) -> usize {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(lines[0]);
    if lines[0].ends_with([';', '}']) {
        return 1;
    }
    let ends = |line: &&str| {
        let is_own = indent(line) == own && !line.is_empty();
        is_own && (line.trim_start().starts_with('}') || line.ends_with(';'))
    };
    lines[1..].iter().position(ends).map_or(lines.len(), |at| at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_as_long_as_its_text() {
        let source = "    pub fn a(\n        x: u8,\n    ) -> u8 {\n        x\n    }\n\n    fn b() {}\n";
        let lines: Vec<&str> = source.lines().collect();
        assert_eq!((name(lines[0]), length(&lines)), (Some("a"), 5));
        assert_eq!((name(lines[6]), length(&lines[6..])), (Some("b"), 1));
    }

    #[test]
    fn a_declaration_and_a_type_are_no_long_functions() {
        assert_eq!(length(&["    fn a(", "        x: u8,", "    ) -> u8;", "    fn b() {", "    }"]), 3);
        assert_eq!(name("type Read = fn (u8) -> u8;"), None);
        assert_eq!(name("// a fn of two"), None);
    }

    #[test]
    fn a_function_beyond_the_limit_is_found() {
        let body = "    x();\n".repeat(LINES_MAX - 1);
        let text = Text { path: "a.rs".into(), content: format!("fn long() {{\n{body}}}\n") };
        assert_eq!(check(&text).len(), 1);
    }
}
