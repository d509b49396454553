//! Small things the tests share: files in a scratch directory, and reading a source to its end.

use livewell_model::Transaction;
use livewell_source::SourceError;
use livewell_source::file::{FilePosition, FileSource, Parked};
use livewell_source::settings::FileSettings;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes `content` under `name`, packed as the name says.
pub fn put(dir: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, pack(name, content)).unwrap();
    path
}

/// Returns `content`, packed as `name` says.
pub fn pack(name: &str, content: &[u8]) -> Vec<u8> {
    if name.ends_with(".gz") {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(content).unwrap();
        out.finish().unwrap()
    } else if name.ends_with(".zst") {
        zstd::encode_all(content, 1).unwrap()
    } else {
        content.to_vec()
    }
}

/// Returns a source `s` over one file, not followed.
pub fn one(path: impl Into<PathBuf>) -> FileSettings {
    FileSettings { follow: Some(false), ..FileSettings::new("s", path) }
}

/// Returns everything a source brings from `position` on, in batches of `size`.
pub fn drain(
    settings: &FileSettings,
    position: Option<FilePosition>,
    size: usize,
) -> Result<(Vec<Transaction>, Vec<Parked>), SourceError> {
    let mut source = FileSource::open(settings.clone(), position)?;
    let (mut transactions, mut parked) = (Vec::new(), Vec::new());
    loop {
        let batch = source.read(size, usize::MAX)?;
        transactions.extend(batch.transactions);
        parked.extend(batch.parked);
        if batch.end {
            return Ok((transactions, parked));
        }
    }
}

/// Puts text at the end of a file.
pub fn append(path: &Path, text: &str) {
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// Returns a line that inserts a node.
pub fn line(id: &str) -> String {
    format!(
        "{{\"operation\":\"insert\",\"element\":{{\"type\":\"node\",\"id\":\"{id}\",\"labels\":[\"L\"]}}}}\n"
    )
}
