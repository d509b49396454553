//! The files that rules look at: Rust and Markdown, in the order of their paths.

use crate::outcome::Outcome;
use std::fs;
use std::path::{Path, PathBuf};

/// A file, read.
#[derive(Debug)]
pub struct Text {
    /// Relative to the workspace's directory.
    pub path: PathBuf,
    pub content: String,
}

impl Text {
    pub fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    pub fn is_markdown(&self) -> bool {
        self.has_extension("md")
    }

    fn has_extension(&self, extension: &str) -> bool {
        self.path.extension().is_some_and(|have| have == extension)
    }
}

/// Reads every Rust and Markdown file below `root`; build output, packages of others and hidden folders are left out.
///
/// # Errors
/// Returns an error if a directory or a file cannot be read.
pub fn read(root: &Path) -> Outcome<Vec<Text>> {
    let mut texts = Vec::new();
    let mut ahead = vec![root.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if entry.file_type()?.is_dir() {
                if !matches!(&*name, "target" | "node_modules") && !name.starts_with('.') {
                    ahead.push(path);
                }
            } else if name.ends_with(".rs") || name.ends_with(".md") {
                let content =
                    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                texts.push(Text { path: path.strip_prefix(root)?.to_owned(), content });
            }
        }
    }
    texts.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(texts)
}
