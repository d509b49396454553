//! The archive of a release: the same entries give the same bytes.

use crate::outcome::Outcome;
use flate2::{Compression, GzBuilder};
use std::io::Write;

/// A file of the archive.
#[derive(Clone)]
pub struct Entry {
    pub path: String,
    pub content: Vec<u8>,
    pub is_program: bool,
}

/// Returns a `.tar.gz` with the entries below the folder `name`: sorted, owned by root, as of `time`, in seconds since
/// 1970.
///
/// # Errors
/// Returns an error if a path is too long for the format.
pub fn packed(name: &str, mut entries: Vec<Entry>, time: u64) -> Outcome<Vec<u8>> {
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let mut archive = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(entry.content.len() as u64);
        header.set_mode(if entry.is_program { 0o755 } else { 0o644 });
        header.set_mtime(time);
        header.set_uid(0);
        header.set_gid(0);
        archive.append_data(&mut header, format!("{name}/{}", entry.path), entry.content.as_slice())?;
    }
    // Without a name and a time of its own.
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    gzip.write_all(&archive.into_inner()?)?;
    Ok(gzip.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn entries() -> Vec<Entry> {
        let entry = |path: &str, is_program| Entry { path: path.into(), content: path.into(), is_program };
        vec![entry("livewell", true), entry("README.md", false), entry("systemd/livewell.service", false)]
    }

    #[test]
    fn the_same_entries_in_any_order_are_the_same_bytes() {
        let mut turned = entries();
        turned.reverse();
        let archive = packed("livewell-1", entries(), 1_700_000_000).unwrap();
        assert_eq!(archive, packed("livewell-1", turned, 1_700_000_000).unwrap());
        assert_ne!(archive, packed("livewell-1", entries(), 1_700_000_001).unwrap());
    }

    #[test]
    fn an_archive_has_programs_that_may_be_run_below_its_name() {
        let archive = packed("livewell-1", entries(), 7).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive.as_slice()));
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            let header = entry.header();
            assert_eq!((header.mtime().unwrap(), header.uid().unwrap()), (7, 0));
            let path = entry.path().unwrap().display().to_string();
            assert_eq!(path, format!("livewell-1/{content}"));
            found.push((path, header.mode().unwrap()));
        }
        let expected = [("README.md", 0o644), ("livewell", 0o755), ("systemd/livewell.service", 0o644)];
        assert_eq!(found, expected.map(|(path, mode)| (format!("livewell-1/{path}"), mode)));
    }
}
