//! Rules about whole Rust files and about their lines.

use super::files::Text;
use super::finding::Finding;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Beyond this, a file holds two things.
const LINES_MAX: usize = 400;

/// What no line may contain, with what to do instead. Cut in two, so that this file does not find itself.
const FORBIDDEN: [([&str; 2], &str); 6] = [
    (["TO", "DO"], "do it, or write down in docs/design why not"),
    (["FIX", "ME"], "mend it"),
    (["dbg", "!("], "take it out, or use `tracing::debug!`"),
    (["to", "do!("], "write it, or return an error"),
    (["unimple", "mented!("], "write it, or return an error"),
    (["/ho", "me/"], "name no place of one machine"),
];

/// Modules whose names do not say what they contain.
const NOUNLESS: [&str; 6] = ["utils", "util", "common", "helpers", "manager", "misc"];

/// Returns what one Rust file breaks.
pub fn check(text: &Text) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !text.is_rust() {
        return findings;
    }
    if !text.content.starts_with("//! ") {
        findings.push(Finding::new(text, 1, "begin the file with `//!` and what it is for"));
    }
    let lines = text.content.lines().count();
    if lines > LINES_MAX {
        findings.push(Finding::new(text, 0, format!("{lines} lines, and {LINES_MAX} at most: split it")));
    }
    let stem = text.path.file_stem().unwrap_or_default().to_string_lossy();
    if NOUNLESS.contains(&stem.as_ref()) {
        findings.push(Finding::new(text, 0, format!("`{stem}` names nothing: find the noun")));
    }
    for (at, line) in text.content.lines().enumerate() {
        for (parts, instead) in FORBIDDEN {
            let word = parts.concat();
            if line.contains(&word) {
                findings.push(Finding::new(text, at + 1, format!("`{word}`: {instead}")));
            }
        }
    }
    findings
}

/// Finds modules whose file lies beside their folder: a folder and its `mod.rs` are one entry in a listing.
pub fn beside_folders(texts: &[Text]) -> Vec<Finding> {
    let folders: HashSet<&Path> = texts.iter().filter_map(|text| text.path.parent()).collect();
    let is_beside = |text: &&Text| {
        let is_in_source = text.path.components().any(|part| part.as_os_str() == "src");
        text.is_rust() && is_in_source && folders.contains(text.path.with_extension("").as_path())
    };
    let finding = |text| Finding::new(text, 0, "move it to its folder, as `mod.rs`");
    texts.iter().filter(is_beside).map(finding).collect()
}

/// Returns files that no module names: cargo never compiles them, so nothing checks them.
pub fn unreached(texts: &[Text]) -> Vec<Finding> {
    let declared: HashSet<PathBuf> = texts.iter().filter(|text| text.is_rust()).flat_map(declared).collect();
    let is_root = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        name == "lib.rs" || name == "main.rs" || name == "build.rs" || is_target(path)
    };
    texts
        .iter()
        .filter(|text| text.is_rust() && !is_root(&text.path) && !declared.contains(&text.path))
        .map(|text| Finding::new(text, 0, "no `mod` reaches this file"))
        .collect()
}

/// Returns whether a file is a target by its place: `examples/x.rs`, `tests/x.rs`, `benches/x.rs`, `src/bin/x.rs`.
fn is_target(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
    ["examples", "tests", "benches", "bin", "fuzz_targets"].iter().any(|name| folder == *name)
}

/// Returns where the modules that a file declares may lie.
fn declared(text: &Text) -> Vec<PathBuf> {
    let name = text.path.file_stem().unwrap_or_default();
    let folder = text.path.parent().unwrap_or(Path::new(""));
    let is_top = name == "lib" || name == "main" || name == "mod" || is_target(&text.path);
    let below = if is_top { folder.to_owned() } else { folder.join(name) };
    let module = |line: &str| {
        let line = line.trim().strip_suffix(';')?;
        let (before, module) = line.rsplit_once("mod ")?;
        (before.is_empty() || before.starts_with("pub")).then(|| module.to_owned())
    };
    let modules = text.content.lines().filter_map(module);
    modules.flat_map(|name| [below.join(format!("{name}.rs")), below.join(name).join("mod.rs")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str, content: &str) -> Text {
        Text { path: path.into(), content: content.into() }
    }

    #[test]
    fn a_file_without_its_first_words_and_a_forbidden_word_are_found() {
        let found = check(&text("src/a.rs", &["// ", "TO", "DO\n"].concat()));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [1, 1]);
        assert!(check(&text("src/a.rs", "//! What it is for.\n")).is_empty());
    }

    #[test]
    fn a_file_that_no_module_names_is_found() {
        let texts = [
            text("src/lib.rs", "//! x\npub mod a;\npub(crate) mod b;\n"),
            text("src/a.rs", "//! x\nmod inner;\n"),
            text("src/a/inner.rs", "//! x\n"),
            text("src/b/mod.rs", "//! x\n"),
            text("src/dead.rs", "//! x\n"),
        ];
        let found: Vec<_> = unreached(&texts).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, [PathBuf::from("src/dead.rs")]);
    }

    #[test]
    fn a_module_beside_its_folder_is_found() {
        let texts =
            [text("src/a.rs", "//! x\n"), text("src/a/inner.rs", "//! x\n"), text("src/b/mod.rs", "//! x\n")];
        let found: Vec<_> = beside_folders(&texts).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, [PathBuf::from("src/a.rs")]);
    }
}
