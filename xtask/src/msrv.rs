//! The oldest Rust that `Cargo.toml` promises compiles everything.

use crate::cargo::run_cargo;
use crate::outcome::Outcome;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Checks the workspace with the promised version; where that is the version in use, all other steps have done so.
///
/// # Errors
/// Returns an error if something does not compile.
pub fn check(root: &Path) -> Outcome<()> {
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let promised = promised(&manifest).ok_or("Cargo.toml has no rust-version")?;
    if minor(&version_of(&[])?) == minor(promised) {
        report(&format!("Rust {promised} is the version in use, so every step has tested it"));
        return Ok(());
    }
    let toolchain = format!("+{promised}");
    if version_of(&[&toolchain]).is_err() {
        report(&format!(
            "NOT CHECKED: Rust {promised}, which is not installed: rustup toolchain install {promised}"
        ));
        return Ok(());
    }
    // In a build folder of its own, so that the other steps' is not built again.
    let place = root.join("target/msrv");
    let place = place.to_str().ok_or("the repository's path is not UTF-8")?;
    let arguments = ["check", "--locked", "--workspace", "--all-targets", "--all-features"];
    run_cargo(root, &arguments, &[("RUSTUP_TOOLCHAIN", promised), ("CARGO_TARGET_DIR", place)])
}

/// Returns the version that a manifest promises.
fn promised(manifest: &str) -> Option<&str> {
    manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'))
}

/// Returns the first two numbers of a version, as in `1.95`.
fn minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map_while(|number| number.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

/// Returns the version of `rustc`, or of that of a toolchain.
fn version_of(toolchain: &[&str]) -> Outcome<String> {
    let output = Command::new("rustc").args(toolchain).arg("--version").stdin(Stdio::null()).output()?;
    let said = String::from_utf8(output.stdout)?;
    let version = said.split(' ').nth(1).filter(|_| output.status.success());
    Ok(version.ok_or("rustc does not say its version")?.to_owned())
}

#[expect(clippy::print_stderr, reason = "a chore says what it has and has not done")]
fn report(line: &str) {
    eprintln!("{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_promise_is_read_and_compared_by_its_minor_version() {
        assert_eq!(promised("[workspace.package]\nrust-version = \"1.95\"\n"), Some("1.95"));
        assert_eq!(minor("1.95.0"), minor("1.95"));
        assert_ne!(minor("1.96.0-nightly"), minor("1.95"));
    }
}
