//! What a file holds, by its name.

use std::path::Path;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Changes, one transaction a line.
    Jsonl,
    /// A table with a header line.
    Csv,
}

/// How it is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
}

impl Format {
    /// Returns what the file at `path` holds and how it is packed; `None` for names that say neither.
    pub fn of(path: &Path) -> Option<(Self, Compression)> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let (name, compression) = match name.rsplit_once('.')? {
            (name, "gz") => (name, Compression::Gzip),
            (name, "zst") => (name, Compression::Zstd),
            _ => (name.as_str(), Compression::None),
        };
        match name.rsplit_once('.')?.1 {
            "jsonl" => Some((Self::Jsonl, compression)),
            "csv" => Some((Self::Csv, compression)),
            _ => None,
        }
    }
}
