//! Running cargo on the workspace.

use crate::outcome::Outcome;
use crate::said;
use std::path::Path;
use std::process::{Command, Stdio};

/// Features whose tests need a binary that has them.
pub const TESTED: &str = "livewell-server/oidc,livewell-server/otel";
/// What the tests are built of. The binary alone would be of other features of its dependencies, and built again.
pub const BUILD: [&str; 7] =
    ["build", "--locked", "--quiet", "--workspace", "--all-targets", "--features", TESTED];

/// Returns the cargo that runs this, in the workspace's directory.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    // Without the variables in which cargo describes this package: they do not concern the packages that it builds,
    // yet some of these would be built again because of them.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.current_dir(root);
    command
}

/// Runs a command of cargo, and says so.
///
/// # Errors
/// Returns an error that names the command if it fails.
pub fn run_cargo(root: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome<()> {
    let line = format!("cargo {}", arguments.join(" "));
    said::step(&line);
    let status = cargo(root).args(arguments).envs(variables.iter().copied()).stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("failed: {line}").into()) }
}

/// Returns what a command of cargo prints.
///
/// # Errors
/// Returns an error that names the command if it fails.
pub fn said_by_cargo(root: &Path, arguments: &[&str]) -> Outcome<String> {
    let output = cargo(root).args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("failed: cargo {}", arguments.join(" ")).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
