//! The rules of style that are tests: what neither rustfmt nor clippy checks.
//!
//! Each rule is a function from the files to findings, with its reason beside it. A finding says where and what, and fails
//! the chore.

mod anchors;
mod circles;
mod files;
mod finding;
mod functions;
pub(crate) mod links;
mod modules;
mod named_tests;
mod rust;
mod summary;
mod words;

use crate::outcome::Outcome;
use finding::Finding;
use std::path::Path;

/// Checks every Rust and Markdown file of the repository.
///
/// # Errors
/// Returns an error if a file cannot be read, or a rule is broken.
#[expect(clippy::print_stderr, reason = "a chore tells what it finds")]
pub fn run(root: &Path) -> Outcome<()> {
    let texts = files::read(root)?;
    let mut findings: Vec<Finding> = texts.iter().flat_map(rust::check).collect();
    findings.extend(texts.iter().flat_map(functions::check));
    findings.extend(texts.iter().flat_map(words::check));
    findings.extend(rust::unreached(&texts));
    findings.extend(rust::beside_folders(&texts));
    findings.extend(circles::check(&texts)?);
    findings.extend(links::check(root, &texts));
    findings.extend(links::error_pages(&texts));
    findings.extend(summary::check(&texts));
    findings.extend(named_tests::check(&texts));
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    findings.iter().for_each(|finding| eprintln!("{finding}"));
    match findings.len() {
        0 => Ok(()),
        1 => Err("tidy: 1 rule is broken".into()),
        broken => Err(format!("tidy: {broken} rules are broken").into()),
    }
}
