//! Which files components may use: never the store's or the configuration, and in calls only those below
//! `server.data_directory`.
//!
//! Whoever may call the API may not thereby read and write what this process can. Paths are judged as they resolve
//! now, with every link followed, also one that leads to a file that does not exist yet.

use super::configuration::{Config, Place};
use super::paths::resolved;
use super::problem::{self, code};
use super::sections::{Sections, Settings};
use super::settings::{ServerSettings, StoreSettings};
use super::tree::Node;
use livewell_query::language::Diagnostic;
use livewell_reaction::Connector;
use livewell_reaction::settings::{FileMode, FileSettings};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How many older files of a rotated one are looked at.
const OLDER_MAX: u32 = 10_000;
/// The directory of components that calls make, beside the store.
const DATA_DIRECTORY: &str = "livewell-files";
/// How the lines of files begin that reactions write.
const APPENDED: &[u8] = b"{\"query_id\":\"";
const TABLE: &[u8] = b"{\"row_signature\":\"";

/// What belongs to Livewell itself.
struct Own {
    configuration: PathBuf,
    store: Option<PathBuf>,
    audit: Option<PathBuf>,
}

impl Own {
    fn new(store: &StoreSettings, server: Option<&ServerSettings>, place: &Place) -> Self {
        let store = match store {
            StoreSettings::Memory => None,
            StoreSettings::Embedded(embedded) => Some(embedded.path.as_path()),
        };
        let known = |path: &Path| resolved(path).unwrap_or_else(|_| path.to_owned());
        let audit = server.and_then(|server| place.audit(server));
        Self {
            configuration: known(&place.file),
            store: store.map(known),
            audit: audit.as_deref().map(known),
        }
    }

    /// What the file at `path`, which is resolved, is to Livewell.
    fn what_is(&self, path: &Path) -> Option<&'static str> {
        if path == self.configuration || is_same(path, &self.configuration) {
            return Some("is the configuration");
        }
        if self.audit.as_deref().is_some_and(|audit| path == audit || is_same(path, audit)) {
            return Some("is the audit log");
        }
        let store = self.store.as_deref()?;
        let files = || fs::read_dir(store).into_iter().flatten().flatten().map(|entry| entry.path());
        (path.starts_with(store) || files().any(|file| is_same(path, &file)))
            .then_some("belongs to the store")
    }
}

/// Adds each file that a reaction of the configuration may not write.
pub fn check(sections: &Sections<'_>, place: &Place, problems: &mut Vec<Diagnostic>) {
    let own = Own::new(&sections.store, sections.server.as_ref(), place);
    for item in &sections.reactions {
        problems.extend(taken(&own, item.node, &item.settings.connector));
    }
}

/// Why a reaction may not write its file.
fn taken(own: &Own, node: &Node, connector: &Connector) -> Option<Diagnostic> {
    let Connector::File(file) = connector else { return None };
    let (path, what) = written(file).into_iter().find_map(|path| {
        let resolved = resolved(&path).ok()?;
        Some((path, own.what_is(&resolved)?))
    })?;
    let message = format!("`{}` {what}, which no reaction may write", path.display());
    let span = node.get("path").unwrap_or(node).span;
    Some(problem::at(code::FILE, span, message).with_help("give it a file of its own"))
}

/// Adds the file that the reaction of a call may not write, as [`check`] does.
pub fn check_one(config: &Config, node: &Node, settings: &Settings, problems: &mut Vec<Diagnostic>) {
    if let Settings::Reaction(reaction) = settings {
        let own = Own::new(&config.store, config.server.as_ref(), &config.place);
        problems.extend(taken(&own, node, &reaction.connector));
    }
}

/// Adds each file that a component which a call makes may not use.
pub fn check_called(config: &Config, node: &Node, settings: &Settings, problems: &mut Vec<Diagnostic>) {
    let (read, file) = match settings {
        Settings::Source(source) => (source.common().files(), None),
        Settings::Query(_) => return,
        Settings::Reaction(reaction) => match &reaction.connector {
            Connector::File(file) => (reaction.connector.reads(), Some(file)),
            connector => (connector.reads(), None),
        },
    };
    let own = Own::new(&config.store, config.server.as_ref(), &config.place);
    let directory = data_directory(config);
    let span = node.get("path").or_else(|| node.get("files")).unwrap_or(node).span;
    let written = file.map(written).unwrap_or_default();
    for path in read.iter().chain(&written) {
        if let Err(reason) = allowed(path, &directory, &own) {
            let message = format!("`{}` {reason}", path.display());
            let help = format!(
                "use a file below `{}` (`server.data_directory`), written relative to the configuration's folder",
                directory.display()
            );
            problems.push(problem::at(code::FILE, span, message).with_help(help));
        }
    }
    if !problems.is_empty() {
        return;
    }
    let (begin, code) = begins(file.map(|file| file.mode).unwrap_or_default());
    for path in written.iter().filter(|path| !is_its_own(path, begin).unwrap_or(false)) {
        let message = format!("`{}` is there already and was not written by such a reaction", path.display());
        problems.push(problem::at(code, span, message).with_help("move it away, or give another `path`"));
    }
}

/// Where components that calls make may read and write.
fn data_directory(config: &Config) -> PathBuf {
    let said = config.server.as_ref().and_then(|server| server.data_directory.as_ref());
    let beside = match &config.store {
        StoreSettings::Embedded(embedded) => embedded.path.parent().unwrap_or(Path::new("")),
        StoreSettings::Memory => &config.place.folder,
    };
    said.map_or_else(|| beside.join(DATA_DIRECTORY), |directory| config.place.folder.join(directory))
}

fn allowed(path: &Path, directory: &Path, own: &Own) -> Result<(), String> {
    let unknown = |error: io::Error| format!("cannot be resolved: {error}");
    let (path, directory) = (resolved(path).map_err(unknown)?, resolved(directory).map_err(unknown)?);
    if path == directory || !path.starts_with(&directory) {
        return Err("is not below the directory that calls may use".into());
    }
    own.what_is(&path).map_or(Ok(()), |what| Err(format!("{what}, which no call may use")))
}

/// The first file that a reaction writes or renames and that holds something else than such a reaction writes.
pub fn foreign(file: &FileSettings) -> Option<PathBuf> {
    let (begin, _) = begins(file.mode);
    written(file).into_iter().find(|path| !is_its_own(path, begin).unwrap_or(true))
}

/// How the lines begin that a reaction writes in this mode, and the code of a refusal of others.
fn begins(mode: FileMode) -> (&'static [u8], &'static str) {
    match mode {
        FileMode::Table => (TABLE, code::FOREIGN_TABLE),
        FileMode::Append => (APPENDED, code::FILE),
    }
}

/// Whether a reaction may write there: nothing, an empty file, or one whose lines begin so.
fn is_its_own(path: &Path, begin: &[u8]) -> io::Result<bool> {
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        found => found?,
    };
    // Not opened to find out: opening a pipe waits for its other end.
    if !found.is_file() || found.len() == 0 {
        return Ok(found.is_file());
    }
    let mut start = Vec::new();
    File::open(path)?.take(begin.len() as u64).read_to_end(&mut start)?;
    Ok(start == begin)
}

/// The files that a reaction writes, renames and replaces: its own, the older ones, and the next one.
fn written(file: &FileSettings) -> Vec<PathBuf> {
    let with = |before: &str, after: &str| {
        let mut name = OsString::from(before);
        name.push(file.path.file_name().unwrap_or_default());
        name.push(after);
        file.path.with_file_name(name)
    };
    let mut paths = vec![file.path.clone()];
    if file.mode == FileMode::Table {
        paths.push(with(".", ".new"));
    }
    if let Some(rotate) = file.rotate {
        let older = (1..=OLDER_MAX).map(|age| (age, with("", &format!(".{age}"))));
        // Older ones move up by one, and the first beyond is where the last goes.
        let there = older.take_while(|(age, path)| *age <= rotate.keep.get() || path.exists());
        let mut missing = 0;
        paths.extend(there.map(|(_, path)| path).take_while(|path| {
            missing += u32::from(!path.exists());
            missing < 2
        }));
    }
    paths
}

/// Whether both are there and are the same file, by whatever name.
fn is_same(one: &Path, other: &Path) -> bool {
    let id = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    id(one).is_some_and(|one| Some(one) == id(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_a_reaction_writes_is_known() {
        let settings = |text: &str| serde_json::from_str::<FileSettings>(text).unwrap();
        let names = |text: &str| -> Vec<String> {
            let names = written(&settings(text)).into_iter();
            names.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(r#"{"path":"d/x"}"#), ["x"]);
        assert_eq!(names(r#"{"path":"d/x","mode":"table"}"#), ["x", ".x.new"]);
        assert_eq!(names(r#"{"path":"d/x","rotate":{"bytes":1,"keep":2}}"#), ["x", "x.1"]);
    }
}
