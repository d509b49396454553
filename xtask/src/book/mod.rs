//! The book: `docs/` as pages for a browser, with every link checked.

mod pages;
mod source;

use crate::outcome::Outcome;
use crate::tools::{self, Tool};
use std::fs;
use std::path::Path;

const MDBOOK: Tool = Tool { package: "mdbook", version: "0.5.4", features: "search" };

/// Builds the book into `target/book/html`.
///
/// # Errors
/// Returns an error if mdBook cannot be installed or fails, or a link of the built pages leads nowhere.
#[expect(clippy::print_stderr, reason = "a chore says where its outcome is")]
pub fn build(root: &Path) -> Outcome<()> {
    let mdbook = MDBOOK.find_or_install(root)?;
    let place = root.join("target/book");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    source::write(root, &place)?;
    tools::run(&mdbook, &place, &["build", "--dest-dir", "html"])?;
    let html = place.join("html");
    let broken = pages::broken_links(&html)?;
    broken.iter().for_each(|link| eprintln!("{link}"));
    if !broken.is_empty() {
        return Err(format!("book: {} links lead nowhere", broken.len()).into());
    }
    eprintln!("the book is at {}", html.join("index.html").display());
    Ok(())
}
