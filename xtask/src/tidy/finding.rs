//! What a rule finds.

use super::files::Text;
use std::fmt;
use std::path::PathBuf;

/// A rule's message about a place.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub path: PathBuf,
    /// Counted from 1; 0 is the whole file.
    pub line: usize,
    pub message: String,
}

impl Finding {
    pub fn new(text: &Text, line: usize, message: impl Into<String>) -> Self {
        Self { path: text.path.clone(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}", self.message)
    }
}
