//! The bill of materials of a release: every crate in the binary, with version, licence and hash, in CycloneDX.

use crate::outcome::Outcome;
use crate::packages::context;
use crate::tools::{self, Tool};
use std::fs;
use std::path::Path;

const CYCLONEDX: Tool = Tool { package: "cargo-cyclonedx", version: "0.5.9", features: "" };

/// Returns the bill in JSON, as of `time`, in seconds since 1970.
///
/// # Errors
/// Returns an error if cargo-cyclonedx cannot be installed or fails.
pub fn of(root: &Path, time: u64) -> Outcome<String> {
    let cyclonedx = CYCLONEDX.find_or_install(root)?;
    // It writes beside each `Cargo.toml` of the workspace, so it gets a copy.
    let place = tempfile::tempdir()?;
    context::copy_to(root, place.path())?;
    let begin =
        ["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5", "--describe", "binaries"];
    let end = ["--no-build-deps", "--manifest-path", "crates/server/Cargo.toml"];
    let time = time.to_string();
    let variables = [("SOURCE_DATE_EPOCH", time.as_str())];
    tools::run_with(&cyclonedx, place.path(), &[&begin[..], &end[..]].concat(), &variables)?;
    let bill = fs::read_to_string(place.path().join("crates/server/livewell_bin.cdx.json"))?;
    // References within the bill are made of paths.
    let here = place.path().to_str().ok_or("the path of temporary files is not UTF-8")?;
    Ok(bill.replace(here, "/livewell"))
}
