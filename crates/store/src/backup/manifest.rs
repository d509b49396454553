//! The manifest of a backup: its contents, with a hash.

use super::files::failed;
use super::refusal::Refusal;
use crate::embedded::{self, FORMAT_VERSION};
use crate::{IndexError, StoreId};
use livewell_model::Timestamp;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The newest backup format that this build reads, and the one that it writes.
pub const BACKUP_VERSION: u32 = 1;
pub(super) const MANIFEST: &str = "MANIFEST";
pub(super) const MANIFEST_NEW: &str = "MANIFEST.new";
pub(super) const MAGIC: &str = "Livewell backup";
pub(super) const DATA: &str = embedded::DATA_FILE;
/// The folder of a backup in the making; it marks a backup that was not finished.
pub(super) const UNFINISHED: &str = "unfinished";

/// The manifest of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The store that was backed up.
    pub store: StoreId,
    /// When it was taken, by the clock of the machine that wrote it.
    pub taken: Timestamp,
    /// The position of the store in this backup.
    pub position: u64,
    /// The number of entries in it.
    pub entries: u64,
    /// The length of its data file, in bytes.
    pub bytes: u64,
    /// The BLAKE3 hash of its data file, in hexadecimal digits.
    pub hash: String,
    /// How far each source and query is in it, for people who read the manifest.
    pub feeds: Vec<String>,
}

impl Manifest {
    /// Reads the manifest of the backup in `directory`, and nothing else.
    ///
    /// # Errors
    /// Returns [`Refusal::NotWhole`] if there is no backup, or if it was not finished, was altered, or is of a later
    /// version.
    pub fn read(directory: &Path) -> Result<Self, IndexError> {
        let path = directory.join(MANIFEST);
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(no_manifest(directory).into()),
            Err(error) => return Err(failed("read", &path, &error)),
        };
        Self::parse(&text).map_err(|what| not_whole(format!("{}: {what}", path.display())))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let altered = || "it is not as it was written; take another backup".to_owned();
        let (body, end) = text.rsplit_once("end ").ok_or_else(altered)?;
        if !body.starts_with(MAGIC) || end.trim_end() != blake3::hash(body.as_bytes()).to_hex().as_str() {
            return Err(altered());
        }
        let field = |name: &str| {
            let mut lines = body.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).ok_or_else(altered)
        };
        let number = |name: &str| field(name)?.parse::<u64>().map_err(|_| altered());
        for (name, known) in [("format", BACKUP_VERSION), ("store-format", FORMAT_VERSION)] {
            let found = number(name)?;
            if found > u64::from(known) {
                let message =
                    format!("{name} {found} is later than this version knows ({known}); use a later one");
                return Err(message);
            }
        }
        let feeds = body.lines().filter_map(|line| line.strip_prefix("feed ")).map(str::to_owned);
        Ok(Self {
            store: StoreId(u128::from_str_radix(field("store")?, 16).map_err(|_| altered())?),
            taken: Timestamp(field("taken")?.parse().map_err(|_| altered())?),
            position: number("position")?,
            entries: number("entries")?,
            bytes: number("bytes")?,
            hash: field("blake3")?.to_owned(),
            feeds: feeds.collect(),
        })
    }

    pub(super) fn text(&self) -> String {
        let Self { store, taken, position, entries, bytes, hash, feeds } = self;
        let mut text = format!(
            "{MAGIC}\nformat {BACKUP_VERSION}\nstore-format {FORMAT_VERSION}\nstore {:032x}\ntaken {}\n\
             position {position}\nentries {entries}\nbytes {bytes}\nblake3 {hash}\n",
            store.0, taken.0
        );
        feeds.iter().for_each(|feed| text.push_str(&format!("feed {feed}\n")));
        let end = blake3::hash(text.as_bytes()).to_hex();
        text + "end " + end.as_str() + "\n"
    }
}

fn no_manifest(directory: &Path) -> Refusal {
    let place = directory.display();
    Refusal::NotWhole(if directory.join(UNFINISHED).exists() {
        format!("the backup in {place} was not finished; take another one, which may have the same place")
    } else {
        format!("there is no backup in {place}: it has no file `{MANIFEST}`")
    })
}

pub(super) fn not_whole(what: String) -> IndexError {
    Refusal::NotWhole(what).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_as_it_is_written_and_no_byte_of_it_can_be_another() {
        let manifest = Manifest {
            store: StoreId(77),
            taken: Timestamp(-5),
            position: 977,
            entries: 12,
            bytes: 8192,
            hash: "ab".repeat(32),
            feeds: vec!["source 1 520 300 the end ".into()],
        };
        let text = manifest.text();
        assert_eq!(Manifest::parse(&text), Ok(manifest));
        for at in 0..text.len() - 1 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert!(Manifest::parse(&String::from_utf8_lossy(&bytes)).is_err(), "byte {at}");
            assert!(Manifest::parse(&text[..at]).is_err(), "cut to {at}");
        }
    }

    #[test]
    fn a_backup_of_a_later_form_is_refused_by_name() {
        let text = "Livewell backup\nformat 2\nstore-format 1\n";
        let text = format!("{text}end {}\n", blake3::hash(text.as_bytes()).to_hex());
        assert!(
            Manifest::parse(&text).unwrap_err().contains("format 2 is later than this version knows (1)")
        );
    }
}
