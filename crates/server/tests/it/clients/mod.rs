//! The clients in `clients/`, each by tests in its own language, against the server that was just built.

mod guide;
mod installed;
mod page;
mod python;
mod secured;
mod typescript;

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs tests in another language, which start the binary themselves; what they print is shown if they fail.
#[track_caller]
fn pass(mut tests: Command) {
    tests.env("LIVEWELL_BIN", env!("CARGO_BIN_EXE_livewell"));
    // More kills take longer than a run may.
    if std::env::var_os("LIVEWELL_KILLS").is_some() {
        livewell_services::clients::run(&mut tests);
        return;
    }
    let ran = super::place::ended(tests);
    assert!(ran.status.success(), "{}\n{}", ran.out, ran.err);
}
