//! The promises of documents: links lead somewhere, and every error code has its page.

use super::files::Text;
use super::finding::Finding;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Returns the links of Markdown files to files that do not exist.
pub fn check(root: &Path, texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in texts.iter().filter(|text| text.is_markdown()) {
        let folder = root.join(text.path.parent().unwrap_or(Path::new("")));
        for (at, line) in text.content.lines().enumerate() {
            for target in targets(line).filter(|target| !folder.join(target).exists()) {
                findings.push(Finding::new(text, at + 1, format!("the link to `{target}` leads nowhere")));
            }
        }
    }
    findings
}

/// Returns the files that a line links to: `[text](file#part)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?;
        let file = target.split('#').next()?;
        let is_file = !file.is_empty() && !file.contains("://") && !file.contains(' ');
        is_file.then_some(file)
    })
}

/// Returns the error codes that the sources use and `docs/errors` does not explain.
pub fn error_pages(texts: &[Text]) -> Vec<Finding> {
    let is_page = |text: &&Text| text.path.starts_with("docs/errors");
    let pages: BTreeSet<String> = texts
        .iter()
        .filter(is_page)
        .filter_map(|text| Some(text.path.file_stem()?.to_str()?.to_owned()))
        .collect();
    let index = texts.iter().find(|text| text.path.ends_with("docs/errors/README.md"));
    let listed = |code: &str| index.is_none_or(|index| index.content.contains(&format!("({code}.md)")));
    let mut seen = BTreeMap::new();
    // Tests make codes up.
    let is_product =
        |text: &&Text| text.is_rust() && !text.path.iter().any(|part| part == "tests" || part == "xtask");
    for text in texts.iter().filter(is_product) {
        for (at, line) in text.content.lines().take_while(|line| *line != "#[cfg(test)]").enumerate() {
            for code in codes(line) {
                seen.entry(code).or_insert((text, at + 1));
            }
        }
    }
    let missing = seen.into_iter().filter(|(code, _)| !pages.contains(*code) || !listed(code));
    missing
        .map(|(code, (text, line))| {
            Finding::new(text, line, format!("`{code}` has no page and line in docs/errors"))
        })
        .collect()
}

/// Returns the error codes in string literals of a line: `"LW` and four digits.
fn codes(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("\"LW").filter_map(|(at, _)| {
        let code = line.get(at + 1..at + 7)?;
        let is_code = code[2..].bytes().all(|byte| byte.is_ascii_digit());
        (is_code && line[at + 7..].starts_with('"')).then_some(code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_within_the_repository_are_told_from_others() {
        let line = "see [a](../a.md#part), [b](https://example.com/b) and [c](#here)";
        assert_eq!(targets(line).collect::<Vec<_>>(), ["../a.md"]);
    }

    #[test]
    fn an_error_code_is_a_whole_literal() {
        let line = ["code(\"", "LW0", "101\"), \"", "LW0", "102 is\""].concat();
        assert_eq!(codes(&line).collect::<Vec<_>>().len(), 1);
    }
}
