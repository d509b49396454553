//! Words that make a reader stumble: those that can be counted are held at zero.

use super::files::Text;
use super::finding::Finding;

/// A pattern and what to write instead. Cut in two, so that this file does not find itself.
const PATTERNS: [([&str; 2], &str); 16] = [
    (["/// Giv", "es "], "`Returns`"),
    (["; giv", "es "], "`returns`"),
    (["See the mo", "dule"], "say what the type holds"),
    (["s the store has th", "em"], "say which error and when"),
    (["s the backend has th", "em"], "say which error and when"),
    ([" an", "ew"], "`again`, or what is done again"),
    (["/// The sa", "me"], "name what is meant: `Like ..., but ...`"),
    (["the sa", "me, but"], "name what is meant: `Like ..., but ...`"),
    (["which the", "y stand"], "name the place"),
    (["those wh", "o "], "name them"),
    (["those of wh", "ich"], "name them"),
    (["of wh", "om"], "name them"),
    (["what it is th", "at"], "say it directly"),
    (["has it do", "ne"], "say who does it"),
    (["`None` wh", "ere"], "`if` or `when`"),
    (["nothing wh", "ere"], "`if` or `when`"),
];

/// How the first line of an `# Errors` section does not begin: it says which error comes, and when.
const ERRORS: [&str; 3] = ["/// As ", "/// Where ", "/// If "];

/// Returns the words of a file that are to be replaced.
pub fn check(text: &Text) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut before = "";
    for (at, line) in text.content.lines().enumerate() {
        for (parts, instead) in PATTERNS {
            let words = parts.concat();
            if line.contains(&words) {
                findings.push(Finding::new(text, at + 1, format!("`{}`: {instead}", words.trim())));
            }
        }
        if is_no(line) {
            findings.push(Finding::new(text, at + 1, "say `is not a`"));
        }
        if before.ends_with("/// # Errors") && ERRORS.iter().any(|begin| line.trim_start().starts_with(begin))
        {
            findings.push(Finding::new(text, at + 1, "say which error: `Returns ... if ...`"));
        }
        before = line;
    }
    findings
}

/// Returns whether a line says that something "is no" something. It may say that there is none, or that something is
/// so no longer.
fn is_no(line: &str) -> bool {
    let needle = ["is n", "o "].concat();
    line.match_indices(&needle).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + needle.len()..]);
        let is_whole = !before.ends_with(|letter: char| letter.is_alphanumeric());
        let is_there = before.trim_end().to_lowercase().ends_with("there");
        let is_other = ["longer", "more ", "room"].iter().any(|word| after.starts_with(word));
        is_whole && !is_there && !is_other
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, content: &str) -> Vec<String> {
        let text = Text { path: path.into(), content: content.to_owned() };
        check(&text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_not_there_and_what_is_no_longer_so_may_be_said() {
        let words = |before: &str, after: &str| format!("{before}{}{after}", ["is n", "o "].concat());
        for (before, after) in
            [("there ", "store"), ("// There ", "id"), ("it ", "longer full"), ("th", "one")]
        {
            assert!(!is_no(&words(before, after)), "{before}, {after}");
        }
        for (before, after) in [("`x` ", "id"), ("what ", "change")] {
            assert!(is_no(&words(before, after)), "{before}, {after}");
        }
    }

    #[test]
    fn a_pattern_is_found_with_its_line_and_what_to_write() {
        let content = format!("/// Opens it.\n{}a reader.", PATTERNS[0].0.concat());
        assert_eq!(
            found("crates/model/src/a.rs", &content),
            [format!("crates/model/src/a.rs:2: `{}`: `Returns`", PATTERNS[0].0.concat().trim())]
        );
    }

    #[test]
    fn the_errors_of_a_function_are_named() {
        for (line, count) in [("As [`f`].", 1), ("Where it fails.", 1), ("Returns the errors of [`f`].", 0)] {
            let found = found("a.rs", &format!("    /// # Errors\n    /// {line}"));
            assert_eq!(found.len(), count, "{line}");
        }
    }
}
