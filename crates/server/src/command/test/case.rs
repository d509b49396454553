//! A case with its outcome.

use std::path::PathBuf;

/// A case with its outcome.
pub struct Case {
    pub file: PathBuf,
    pub line: usize,
    /// The query: its id, or the first line of its text.
    pub name: String,
    /// Why it fails, a line each; empty if it passes.
    pub failure: Vec<String>,
}
