//! The files that sources and reactions read and write.

use super::finding::Finding;
use livewell_config::Config;
use livewell_reaction::Connector;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use tempfile::NamedTempFile;

const FILE: &str = "file";

/// Opens each file as its component would; writes nothing.
pub fn look(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &config.sources {
        for path in source.common().files() {
            findings.push(read(source.id(), &path));
        }
    }
    for reaction in &config.reactions {
        for path in reaction.connector.reads() {
            findings.push(read(&reaction.shared.id, &path));
        }
        if let Connector::File(file) = &reaction.connector {
            findings.push(write(&reaction.shared.id, &file.path));
        }
    }
    findings
}

fn read(id: &str, path: &Path) -> Finding {
    let shown = path.display();
    match File::open(path) {
        Ok(_) => Finding::ok(FILE, id, format!("`{shown}` can be read")),
        Err(error) => {
            let found = format!("`{shown}` cannot be read: {error}");
            Finding::fail(FILE, id, found, "correct the path, or let this user read the file")
        }
    }
}

fn write(id: &str, path: &Path) -> Finding {
    let shown = path.display();
    let opened = if path.exists() {
        OpenOptions::new().append(true).open(path).map(drop)
    } else {
        is_writable(path.parent().unwrap_or(Path::new(".")))
    };
    match opened {
        Ok(()) => Finding::ok(FILE, id, format!("`{shown}` can be written")),
        Err(error) => {
            let found = format!("`{shown}` cannot be written: {error}");
            Finding::fail(
                FILE,
                id,
                found,
                "create its directory, correct the path, or let this user write there",
            )
        }
    }
}

/// Tries whether a file can be made in the directory. The system may refuse in ways that no mode of the directory shows.
pub fn is_writable(directory: &Path) -> io::Result<()> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    NamedTempFile::new_in(directory).map(drop)
}
