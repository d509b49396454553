//! The text of a configuration: that of its file, and behind it that of each file that it includes.
//!
//! Places are offsets into all of it, so that everything that reads the tree knows one text, and only what shows a place
//! to a person finds the file in which it is.

use super::tree;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The text of a configuration.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    text: String,
    /// Where each file begins.
    parts: Vec<(usize, PathBuf)>,
}

impl Texts {
    /// Creates the text of a file.
    pub fn of(file: &Path, text: &str) -> Self {
        Self { text: text.to_owned(), parts: vec![(0, file.to_owned())] }
    }

    /// Adds the text of an included file. Returns where it begins.
    pub fn add(&mut self, file: &Path, text: &str) -> usize {
        // The files stay lines apart.
        self.text.push('\n');
        let start = self.text.len();
        self.parts.push((start, file.to_owned()));
        self.text.push_str(text);
        start
    }

    /// Returns all of it.
    pub fn all(&self) -> &str {
        &self.text
    }

    /// Returns this with other characters at the same places.
    pub fn map(mut self, change: impl FnOnce(&str) -> String) -> Self {
        self.text = change(&self.text);
        self
    }

    /// Returns the file of a place, and which part of the text is its own.
    pub fn part(&self, at: usize) -> (&Path, Range<usize>) {
        let next = self.parts.partition_point(|(start, _)| *start <= at);
        let end = self.parts.get(next).map_or(self.text.len(), |(start, _)| start - 1);
        match self.parts.get(next.saturating_sub(1)) {
            Some((start, file)) => (file, *start..end.max(*start)),
            None => (Path::new(""), 0..end),
        }
    }

    /// Returns the file of a place, its line, and its column in characters, both from 1.
    pub fn place(&self, at: usize) -> (&Path, usize, usize) {
        let (file, part) = self.part(at);
        let before = self.text.get(part.start..at.min(part.end)).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        (file, before.matches('\n').count() + 1, before[line..].chars().count() + 1)
    }
}

/// Reads the text of a file; the error says why it cannot be one of a configuration.
pub(super) fn read_text(path: &Path) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > tree::TEXT_BYTES_MAX as u64 {
        return Err(format!("it has {length} bytes, more than the {} that are read", tree::TEXT_BYTES_MAX));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8 text from byte {} on", error.utf8_error().valid_up_to()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_in_its_file() {
        let mut texts = Texts::of(Path::new("a"), "one\ntwo");
        let start = texts.add(Path::new("b"), "three\nfo\u{e9}r");
        assert_eq!(texts.place(0), (Path::new("a"), 1, 1));
        assert_eq!(texts.place(5), (Path::new("a"), 2, 2));
        assert_eq!(texts.place(start), (Path::new("b"), 1, 1));
        assert_eq!(texts.place(start + 10), (Path::new("b"), 2, 4));
        assert_eq!(&texts.all()[texts.part(start + 3).1], "three\nfo\u{e9}r");
        assert_eq!(&texts.all()[texts.part(2).1], "one\ntwo");
    }
}
