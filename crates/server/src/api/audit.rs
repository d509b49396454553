//! The audit log: who changed what, a line for each call that changes something, and for what commands did to the store
//! while nobody ran it.
//!
//! A line goes to the log, with the target `audit`, and, if the configuration names a file for it, to that file as
//! JSON. The file is opened for each line, so that whoever rotates it need not tell anybody.

use crate::journal::Event;
use livewell::ComponentKind;
use livewell::clock::{Clock, SystemClock};
use serde_json::json;
use smol_str::SmolStr;
use std::fs::File;
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Longer ids are cut off, which are none, and what else callers may make up is cut off, too.
const ID_MAX: usize = 100;
const PARAMETERS_MAX: usize = 1_000;

/// A call that has changed something, or was to; or a command that has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, if not now.
    pub time: Option<String>,
    /// Who made the call.
    pub caller: SmolStr,
    /// Where it came from; `None` for the control socket and commands.
    pub address: Option<IpAddr>,
    /// What it does: `create`, `reset`, ...
    pub call: String,
    /// The kind of the component that it is about, if it is about one.
    pub kind: Option<ComponentKind>,
    /// The id of the component, as far as it is known.
    pub id: Option<String>,
    /// The parameters behind `?`.
    pub parameters: Option<String>,
    /// The status of the answer; `None` for what a command has done.
    pub status: Option<u16>,
    /// The code of the error, if it is one.
    pub code: Option<&'static str>,
    /// How many refused calls before this one have no line, since there were too many.
    pub left_out: u64,
}

impl Entry {
    /// Returns the entry of what a command did to the store while nobody ran it.
    pub fn of_command(event: &Event) -> Self {
        let component = event.component.as_ref();
        let kind = |noun: &str| ComponentKind::ALL.into_iter().find(|kind| kind.noun() == noun);
        Self {
            time: Some(event.time.clone()),
            caller: event.caller.as_deref().unwrap_or_default().into(),
            address: None,
            call: event.call.clone().unwrap_or_default(),
            kind: component.and_then(|component| kind(&component.kind)),
            id: component.map(|component| component.id.clone()),
            parameters: None,
            status: None,
            code: None,
            left_out: 0,
        }
    }

    /// Returns what came of it.
    pub fn result(&self) -> &'static str {
        match self.status {
            None | Some(..400) => "done",
            Some(400..500) => "refused",
            Some(_) => "failed",
        }
    }

    fn log(&self) {
        let address = self.address.map(|address| address.to_string());
        tracing::info!(
            target: "audit",
            caller = %self.caller,
            at = self.time.as_deref(),
            address,
            kind = self.kind.map(ComponentKind::noun),
            id = self.id.as_deref().map(shown),
            parameters = self.parameters.as_deref().map(within),
            status = self.status,
            code = self.code,
            left_out = (self.left_out > 0).then_some(self.left_out),
            "{} {}",
            shown(&self.call),
            self.result(),
        );
    }

    /// Returns the line of the file, with its end.
    fn line(&self) -> String {
        let mut line = json!({
            "time": self.time.clone().unwrap_or_else(|| SystemClock.now().to_rfc3339()),
            "caller": self.caller.as_str(),
            "address": self.address.map(|address| address.to_string()),
            "call": shown(&self.call),
            "kind": self.kind.map(ComponentKind::noun),
            "id": self.id.as_deref().map(shown),
            "parameters": self.parameters.as_deref().map(within),
            "result": self.result(),
            "status": self.status,
            "code": self.code,
        });
        if self.left_out > 0 {
            line["left_out"] = self.left_out.into();
        }
        format!("{line}\n")
    }
}

/// Returns an id that callers may have made up as text without line breaks and within a limit.
fn shown(id: &str) -> String {
    id.escape_debug().take(ID_MAX).collect()
}

/// Returns parameters within a limit.
fn within(parameters: &str) -> String {
    parameters.chars().take(PARAMETERS_MAX).collect()
}

/// Where the lines go.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    path: Option<PathBuf>,
}

impl Audit {
    /// Writes to the log and to the file at `path`, if there is one.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn to(path: Option<PathBuf>) -> io::Result<Self> {
        path.as_deref().map(open).transpose()?;
        Ok(Self { path })
    }

    /// Writes an entry. When this returns, the line is on the disk. A file that cannot be written costs a line in the log:
    /// what was done is done.
    pub fn write(&self, entry: &Entry) {
        entry.log();
        let Some(path) = &self.path else { return };
        let written = open(path).and_then(|mut file| {
            file.write_all(entry.line().as_bytes())?;
            file.sync_data()
        });
        if let Err(error) = written {
            let path = path.display();
            tracing::error!(code = "LW0760", caller = %entry.caller, "the audit log {path} cannot be written: {error}");
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn entry(id: &str, status: u16) -> Entry {
        Entry {
            time: None,
            caller: "ops".into(),
            address: None,
            call: "reset".into(),
            kind: Some(ComponentKind::Query),
            id: Some(id.into()),
            parameters: None,
            status: Some(status),
            code: None,
            left_out: 0,
        }
    }

    #[test]
    fn an_entry_is_one_line_whatever_the_id() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let audit = Audit::to(Some(path.clone())).unwrap();
        for id in ["late", "a\n{\"caller\":\"root\"}", &"x".repeat(10_000), "\u{2028}\u{1b}[31m"] {
            audit.write(&entry(id, 200));
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!((text.lines().count(), text.contains('\u{1b}')), (4, false));
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["id"], &lines[0]["result"]), (&"late".into(), &"done".into()));
        assert_eq!(lines[2]["id"].as_str().unwrap().len(), ID_MAX);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_was_moved_away_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let audit = Audit::to(Some(path.clone())).unwrap();
        audit.write(&entry("one", 200));
        std::fs::rename(&path, folder.path().join("audit.jsonl.1")).unwrap();
        audit.write(&entry("two", 404));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("two") && text.contains("refused") && !text.contains("one"), "{text}");
        assert!(Audit::to(Some(folder.path().join("no/such/folder"))).is_err());
    }
}
