//! Another process: this test binary again, running one test that does the child's part when told to.

use livewell_store::Durability;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const PLACE: &str = "LIVEWELL_TEST_PLACE";
const DURABILITY: &str = "LIVEWELL_TEST_DURABILITY";

/// Returns the command that runs the test `name` as a child with a store at `path`.
pub fn command(name: &str, path: &Path, durability: Durability) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the test binary has a path"));
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    command.env(PLACE, path).env(DURABILITY, format!("{durability:?}"));
    command
}

/// Returns what a child was told; `None` in an ordinary run, in which the child's part passes as a test.
pub fn told() -> Option<(PathBuf, Durability)> {
    let path = std::env::var_os(PLACE)?;
    let sync = std::env::var(DURABILITY).ok()? == format!("{:?}", Durability::Sync);
    Some((path.into(), if sync { Durability::Sync } else { Durability::Os }))
}

/// Prints a line, past the test harness, which would keep it.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).expect("somebody listens");
    out.flush().expect("somebody listens");
}

/// Says loudly that a promise was not checked here.
pub fn skip(what: &str) {
    std::io::stderr().write_all(format!("NOT CHECKED: {what}\n").as_bytes()).expect("stderr is there");
}

/// Copies the files of a closed store.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("the store's directory") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}
