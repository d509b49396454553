//! The book's table of contents lists every page of the guide.

use super::files::Text;
use super::finding::Finding;
use std::path::Path;

/// The folders whose pages it lists. Those of `docs/errors` and `docs/design` come from the indexes there.
const FOLDERS: [&str; 2] = ["docs/guide", "docs/format"];

/// Returns the pages that `docs/SUMMARY.md` does not list.
pub fn check(texts: &[Text]) -> Vec<Finding> {
    let Some(summary) = texts.iter().find(|text| text.path == Path::new("docs/SUMMARY.md")) else {
        return Vec::new();
    };
    let is_page =
        |text: &&Text| text.is_markdown() && FOLDERS.iter().any(|folder| text.path.starts_with(folder));
    let is_listed = |text: &&Text| {
        let page = text.path.strip_prefix("docs").unwrap_or(&text.path).display();
        summary.content.contains(&format!("]({page})"))
    };
    texts
        .iter()
        .filter(is_page)
        .filter(|text| !is_listed(text))
        .map(|text| Finding::new(text, 0, "the page is not listed in docs/SUMMARY.md"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_not_listed_is_found() {
        let text = |path: &str, content: &str| Text { path: path.into(), content: content.into() };
        let texts = [
            text("docs/SUMMARY.md", "- [A](guide/a.md)\n"),
            text("docs/guide/a.md", "# A\n"),
            text("docs/guide/query/b.md", "# B\n"),
            text("docs/errors/LW0000.md", "# C\n"),
        ];
        let found: Vec<_> = check(&texts).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, [Path::new("docs/guide/query/b.md")]);
    }
}
