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
    /// Worth a look, but not a failure.
    pub is_remark: bool,
}

impl Finding {
    pub fn new(text: &Text, line: usize, message: impl Into<String>) -> Self {
        Self { path: text.path.clone(), line, message: message.into(), is_remark: false }
    }

    pub fn remark(text: &Text, message: impl Into<String>) -> Self {
        Self { is_remark: true, ..Self::new(text, 0, message) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}{}", if self.is_remark { "remark: " } else { "" }, self.message)
    }
}
