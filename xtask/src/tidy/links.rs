//! The promises of documents: links lead somewhere, and every error code has its page.

use super::anchors;
use super::files::Text;
use super::finding::Finding;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// Returns the links of Markdown files that lead nowhere: to no file, or to no heading of a page.
pub fn check(root: &Path, texts: &[Text]) -> Vec<Finding> {
    let pages: BTreeMap<&Path, BTreeSet<String>> = texts
        .iter()
        .filter(|text| text.is_markdown())
        .map(|text| (text.path.as_path(), anchors::of(&text.content)))
        .collect();
    let mut findings = Vec::new();
    for text in texts.iter().filter(|text| text.is_markdown()) {
        let folder = text.path.parent().unwrap_or(Path::new(""));
        for (at, line) in text.content.lines().enumerate() {
            for (file, anchor) in targets(line) {
                let target = if file.is_empty() { text.path.clone() } else { joined(folder, file) };
                let page = pages.get(target.as_path());
                if page.is_none() && !root.join(&target).exists() {
                    findings.push(Finding::new(text, at + 1, format!("the link to `{file}` leads nowhere")));
                } else if let (Some(anchor), Some(page)) = (anchor, page)
                    && !page.contains(anchor)
                {
                    let found = format!("the link to `{file}#{anchor}` leads to no heading");
                    findings.push(Finding::new(text, at + 1, found));
                }
            }
        }
    }
    findings
}

/// Returns the files that a line links to, with the heading: `[text](file#heading)`. The file is empty within a page.
fn targets(line: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?;
        let is_here = !target.is_empty() && !target.contains("://") && !target.contains(' ');
        is_here.then(|| target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor))))
    })
}

/// Returns `folder` with the relative `file` appended, without `..`.
pub fn joined(folder: &Path, file: &str) -> PathBuf {
    let mut path = folder.to_owned();
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir if path.file_name().is_some() => drop(path.pop()),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
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
        let expected = [("../a.md", Some("part")), ("", Some("here"))];
        assert_eq!(targets(line).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_link_to_a_heading_that_is_not_there_is_found() {
        let text = |path: &str, content: &str| Text { path: path.into(), content: content.into() };
        let texts = [
            text("docs/guide/a.md", "# A\n\n## One\n\n[b](../b.md#two), [here](#one), [wrong](#two)\n"),
            text("docs/b.md", "# B\n\n[a](guide/a.md#two)\n\n## Two\n"),
        ];
        let found: Vec<_> = check(Path::new("nowhere"), &texts).iter().map(ToString::to_string).collect();
        let expected = [
            "docs/guide/a.md:5: the link to `#two` leads to no heading",
            "docs/b.md:3: the link to `guide/a.md#two` leads to no heading",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_error_code_is_a_whole_literal() {
        let line = ["code(\"", "LW0", "101\"), \"", "LW0", "102 is\""].concat();
        assert_eq!(codes(&line).collect::<Vec<_>>().len(), 1);
    }
}
