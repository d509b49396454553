//! Items of a configuration as YAML, in the form in which people write it: blocks, and quotes only if they are needed.

use super::sealed::is_sealed;
use serde_json::Value;
use std::fmt::Write;

/// What YAML, of any version, takes for something else than a text.
const WORDS: [&str; 11] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"];
/// What stands in the place of a secret that was written out.
const SET: &str = "null # set, and not shown: write it again, or as ${NAME}";

/// Returns an item, without secrets, as a text of its own.
pub fn item(item: &Value) -> String {
    let mut text = String::new();
    block(item, 0, &mut text);
    text
}

/// Returns items as a section of a configuration; nothing if there are none.
pub fn section<'v>(name: &str, items: impl IntoIterator<Item = &'v Value>) -> String {
    let mut text = String::new();
    for value in items {
        if text.is_empty() {
            let _ = writeln!(text, "{name}:");
        }
        let _ = write!(text, "  - ");
        match value {
            Value::Object(_) => block(value, 4, &mut text),
            other => inline(other, 4, &mut text),
        }
    }
    text
}

/// Writes the entries of a mapping; the first one where the text stands, the others below it.
fn block(value: &Value, indent: usize, out: &mut String) {
    let Value::Object(entries) = value else { return inline(value, indent, out) };
    for (at, (key, value)) in entries.iter().enumerate() {
        if at > 0 {
            let _ = write!(out, "{:indent$}", "");
        }
        let _ = write!(out, "{}:", scalar(key));
        below(value, indent, out);
    }
    if entries.is_empty() {
        out.push_str("{}\n");
    }
}

/// Writes what stands behind a key or a dash.
fn below(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(entries) if !entries.is_empty() && !is_sealed(value) => {
            let _ = write!(out, "\n{:1$}", "", indent + 2);
            block(value, indent + 2, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            for item in items {
                let _ = write!(out, "{:1$}- ", "", indent + 2);
                match item {
                    Value::Object(entries) if !entries.is_empty() && !is_sealed(item) => {
                        block(item, indent + 4, out);
                    }
                    Value::Array(items) if !items.is_empty() => {
                        // A list in a list is rare, and JSON is YAML, too.
                        let _ = writeln!(out, "{item}");
                    }
                    item => inline(item, indent + 4, out),
                }
            }
        }
        value => {
            out.push(' ');
            inline(value, indent + 2, out);
        }
    }
}

/// Writes a value on this line, or a text of several lines below it.
fn inline(value: &Value, indent: usize, out: &mut String) {
    match value {
        value if is_sealed(value) => out.push_str(SET),
        Value::String(text) if is_of_lines(text) => {
            out.push_str(if text.ends_with('\n') { "|" } else { "|-" });
            for line in text.lines() {
                out.push('\n');
                if !line.is_empty() {
                    let _ = write!(out, "{:indent$}{line}", "");
                }
            }
        }
        Value::String(text) => out.push_str(&scalar(text)),
        Value::Object(entries) if entries.is_empty() => out.push_str("{}"),
        other => {
            let _ = write!(out, "{other}");
        }
    }
    out.push('\n');
}

/// Whether a text can be written as it is, line by line.
fn is_of_lines(text: &str) -> bool {
    let is_plain = |c: char| c == '\n' || c == '\t' || !is_escaped(c);
    text.trim_end_matches('\n').contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && !text.ends_with("\n\n")
        && text.chars().all(is_plain)
        // Spaces at the end of a line cannot be seen.
        && text.lines().all(|line| !line.ends_with([' ', '\t']))
}

/// Writes a text on one line: plain if it is nothing else for YAML, else in quotes.
pub(super) fn scalar(text: &str) -> String {
    let mut characters = text.chars();
    let is_plain = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if is_plain {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if is_escaped(c) => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a character is written by its number: what cannot be seen, or turns a line around.
fn is_escaped(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c), 0xAD | 0x61C | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xFFF0..=0xFFFF)
}

#[cfg(test)]
mod tests {
    use super::super::item::json_of;
    use super::super::tree;
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Value {
        json_of(&tree::parse(text).unwrap_or_else(|problem| panic!("{problem:?}\n{text}")))
    }

    #[test]
    fn what_is_printed_says_the_same_when_it_is_read() {
        for value in [
            json!({ "id": "big", "sources": ["a", "b"], "cypher": "MATCH (n)\nWHERE n.x > 1\n  RETURN n.id AS id\n" }),
            json!({ "cypher": "MATCH (n)\nRETURN n", "deep": { "deeper": { "deepest": [1, [2, 3], { "a": [] }] } } }),
            json!({ "empty": {}, "none": null, "list": [], "items": [{ "a": 1, "b": { "c": true } }, "x", null] }),
            json!({ "texts": ["true", "No", "~", "null", "", " a ", "- a", "a: b", "# no", "012", "1e3", "1_000", ".5", "0x1f"] }),
            json!({ "odd": ["\u{202e}", "\u{0}", "\u{7f}", "\u{85}", "\u{2028}", "\u{feff}", "tab\there", "\\u0041", "é😀", "${NAME}"] }),
            json!({ "lines": ["a\n\n", "\na", " a\nb", "a \nb", "a\r\nb", "a\n\nb\n", "|\n-", "a\n#b\n: c"] }),
            json!({ "numbers": [1, -1, 9_007_199_254_740_993_i64, 1.5, -0.25, 1e300] }),
            json!({ "a b": 1, "": 2, "yes": 3, "x:y": 4, "<img onerror>": 5, "__proto__": 6 }),
        ] {
            let text = item(&value);
            assert_eq!(read(&text), value, "{text}");
            let section = section("items", [&value, &value]);
            assert_eq!(read(&section), json!({ "items": [value, value] }), "{section}");
        }
    }

    #[test]
    fn it_reads_as_a_person_writes() {
        let value = json!({
            "id": "hook", "kind": "webhook", "queries": ["late"], "url": "https://example.com/x", "secret": "${SECRET}",
            "template": "a\nb\n", "headers": { "X-A": { "secret_at": "reactions/hook/headers/X-A", "hash": "00" } },
        });
        let printed = "id: hook\nkind: webhook\nqueries:\n  - late\nurl: \"https://example.com/x\"\n\
            secret: \"${SECRET}\"\ntemplate: |\n  a\n  b\nheaders:\n  X-A: null # set, and not shown: write it again, or as ${NAME}\n";
        assert_eq!(item(&value), printed);
    }
}
