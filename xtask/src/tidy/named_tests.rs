//! Tests that documents name as `PATH.rs::NAME` must exist.

use super::files::Text;
use super::finding::Finding;

/// Returns named tests that no file contains.
pub fn check(texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in texts.iter().filter(|text| text.is_markdown()) {
        for (at, line) in text.content.lines().enumerate() {
            for (path, name) in named(line).filter(|(path, name)| !is_there(texts, path, name)) {
                findings.push(Finding::new(text, at + 1, format!("there is no test `{name}` in `{path}`")));
            }
        }
    }
    findings
}

fn named(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let code = line.split('`').skip(1).step_by(2);
    code.filter_map(|code| code.split_once("::")).filter(|(path, _)| path.ends_with(".rs"))
}

fn is_there(texts: &[Text], path: &str, name: &str) -> bool {
    let test = format!("fn {name}(");
    texts.iter().any(|text| text.path.as_os_str() == path && text.content.contains(&test))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_not_there_is_found() {
        let text = |path: &str, content: &str| Text { path: path.into(), content: content.into() };
        let page = "`a/it.rs::it_holds`, `a/it.rs::it_held`, `b/it.rs::it_holds`, `std::fs::read`\n";
        let texts = [text("a/it.rs", "fn it_holds() {}\nfn it_held_once() {}\n"), text("x.md", page)];
        assert_eq!(check(&texts).len(), 2);
    }
}
