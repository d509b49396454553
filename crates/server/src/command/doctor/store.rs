//! The store: what runs it, its format, what is in it, and its disk.

use super::files::is_writable;
use super::finding::Finding;
use crate::cli::DIRECT;
use crate::command::offline;
use crate::control;
use crate::failure::Failure;
use crate::render::{counted, size};
use livewell::clock::{Clock, SystemClock};
use livewell_store::EmbeddedStore;
use std::env;
use std::path::Path;
use std::process::Command;

const STORE: &str = "store";
/// How much room lets a store work for long, and for a while, in bytes.
const ROOM: u64 = 1 << 30;
const ROOM_MIN: u64 = 32 << 20;
/// How far the newest logged time may be ahead of the clock, in nanoseconds.
const AHEAD_MAX: i64 = 5_000_000_000;

/// Looks at the store in the directory.
pub fn look(directory: &Path) -> Vec<Finding> {
    let shown = directory.display();
    let mut findings = match (EmbeddedStore::exists(directory), control::connect(directory)) {
        (Err(error), _) => {
            let error = livewell::Error::from(error);
            vec![Finding::error(STORE, &shown.to_string(), &error.to_string())]
        }
        (Ok(_), Ok(Some(_))) => {
            vec![Finding::ok(STORE, shown, "a process runs it; `livewell status` asks that")]
        }
        (Ok(false), _) => vec![Finding::ok(STORE, shown, "is not there yet; `livewell run` creates it")],
        (Ok(true), _) => in_a_child(directory),
    };
    let existing = directory.ancestors().find(|folder| folder.is_dir());
    findings.extend(existing.map(writable));
    findings.extend(existing.and_then(room));
    findings
}

/// Has a child process read the store, since damage may end the process that reads it.
fn in_a_child(directory: &Path) -> Vec<Finding> {
    let about = directory.display().to_string();
    let run = env::current_exe()
        .and_then(|own| Command::new(own).arg(DIRECT).arg(directory).args(["doctor"]).output());
    let fix = "`livewell store scrub` says what is damaged; restore a backup, or reset what is concerned";
    match run {
        Ok(output) if output.status.success() => {
            let lines = String::from_utf8_lossy(&output.stdout).into_owned();
            lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim().trim_start_matches("error: ");
            let ended = format!("reading it ended the process: {} [LW0303]", output.status);
            vec![match said {
                "" => Finding::fail(STORE, about, ended, fix),
                said => Finding::error(STORE, &about, said.lines().next_back().unwrap_or(said)),
            }]
        }
        Err(error) => vec![Finding::fail(STORE, about, format!("cannot be looked at: {error}"), fix)],
    }
}

/// Reads the store in this very process: its components, and the newest time in its logs.
pub fn within(directory: &Path) -> Result<Vec<Finding>, Failure> {
    let store = offline::open(directory)?;
    let components = livewell::stored_status(&store).map_err(Failure::failed)?.len();
    let times = livewell::newest_times(&store).map_err(Failure::failed)?;
    let mut findings = vec![Finding::ok(
        STORE,
        directory.display(),
        format!("can be read, and has {}", counted(components as u64, "component", "components")),
    )];
    if let Some((newest, source)) = times.into_iter().next() {
        let ahead = newest.0.saturating_sub(SystemClock.now().0);
        findings.push(if ahead > AHEAD_MAX {
            let seconds = ahead / 1_000_000_000;
            let fix =
                "set the clock if it is wrong; until it has caught up, functions of time go by what elapses";
            let found = format!("the newest time in the log of `{source}` is {seconds} s ahead of the clock");
            Finding::warn("clock", directory.display(), found, fix)
        } else {
            Finding::ok(
                "clock",
                directory.display(),
                format!("the newest time in its logs is {}", newest.to_rfc3339()),
            )
        });
    }
    Ok(findings)
}

fn writable(directory: &Path) -> Finding {
    match is_writable(directory) {
        Ok(()) => Finding::ok(STORE, directory.display(), "can be written"),
        Err(error) => {
            let fix = "let this user write there, or choose another `store.path`";
            Finding::fail(STORE, directory.display(), format!("cannot be written: {error}"), fix)
        }
    }
}

fn room(directory: &Path) -> Option<Finding> {
    let disk = rustix::fs::statvfs(directory).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let all = disk.f_blocks.saturating_mul(disk.f_frsize);
    let found = format!("{} of {} of its disk are free", size(free), size(all));
    let fix = "free space, or move the store to a larger disk";
    Some(match free {
        ..ROOM_MIN => Finding::fail(STORE, directory.display(), found, fix),
        // The tenth is what `livewell status` asks for.
        _ if free < ROOM || free < all / 10 => Finding::warn(STORE, directory.display(), found, fix),
        _ => Finding::ok(STORE, directory.display(), found),
    })
}
