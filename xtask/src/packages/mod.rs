//! What can be checked of `deploy/` without an engine for containers or a cluster.
//!
//! A program that is not there is named, and its check left out: nothing is passed off as checked.

mod chart;
pub mod context;

use crate::cargo::said_by_cargo;
use crate::outcome::Outcome;
use crate::tools;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How exposed the service may be, in tenths of what `systemd-analyze security` counts from 0 to 10.
const EXPOSURE_MAX: &str = "--threshold=15";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// Checks the image's build, the service and the chart.
///
/// # Errors
/// Returns the first check that fails.
pub fn check(root: &Path) -> Outcome<()> {
    versions(root)?;
    context::check(root)?;
    match find("hadolint") {
        Some(hadolint) => tools::run(&hadolint, root, &["deploy/docker/Dockerfile"])?,
        None => left_out("hadolint", "the Dockerfile's style"),
    }
    match find("systemd-analyze") {
        Some(analyze) => service(root, &analyze)?,
        None => left_out("systemd-analyze", "the service's unit"),
    }
    match find("helm") {
        Some(helm) => lint(root, &helm)?,
        None => left_out("helm", "the chart's style"),
    }
    if !chart::check(root)? {
        left_out("Helm as a library (Linux on x86-64, python3 with venv)", "the chart's manifests");
    }
    Ok(())
}

/// Returns the version of the product.
///
/// # Errors
/// Returns an error if cargo cannot tell it.
pub fn version(root: &Path) -> Outcome<String> {
    let said = said_by_cargo(root, &["metadata", "--locked", "--no-deps", "--format-version", "1"])?;
    let metadata: Metadata = serde_json::from_str(&said)?;
    let server = metadata.packages.into_iter().find(|package| package.name == "livewell-server");
    Ok(server.ok_or("the workspace has no package livewell-server")?.version)
}

/// Every file that names the version names the present one.
fn versions(root: &Path) -> Outcome<()> {
    let version = version(root)?;
    for (file, line) in [
        ("deploy/docker/Dockerfile", format!("--tag livewell:{version} ")),
        ("deploy/docker/compose.yaml", format!("image: livewell:{version}\n")),
        ("deploy/helm/livewell/Chart.yaml", format!("\nversion: {version}\n")),
        ("deploy/helm/livewell/Chart.yaml", format!("\nappVersion: \"{version}\"\n")),
    ] {
        if !fs::read_to_string(root.join(file))?.contains(&line) {
            return Err(format!("{file} should have `{}`", line.trim()).into());
        }
    }
    Ok(())
}

/// The unit is valid, and leaves the service little to do harm with.
fn service(root: &Path, analyze: &Path) -> Outcome<()> {
    let unit = fs::read_to_string(root.join("deploy/systemd/livewell.service"))?;
    let place = tempfile::tempdir()?;
    // A program that exists stands for the binary, which is not installed here.
    let unit = unit.replace("/usr/bin/livewell ", "/usr/bin/env ");
    fs::write(place.path().join("livewell.service"), unit)?;
    tools::run(analyze, place.path(), &["verify", "--man=no", "./livewell.service"])?;
    let security = ["security", "--offline=true", "--no-pager", EXPOSURE_MAX, "./livewell.service"];
    let said =
        Command::new(analyze).args(security).current_dir(place.path()).stdin(Stdio::null()).output()?;
    if said.status.success() {
        return Ok(());
    }
    Err(format!("the service is too exposed:\n{}", String::from_utf8_lossy(&said.stdout)).into())
}

/// The chart is valid and in Helm's style.
fn lint(root: &Path, helm: &Path) -> Outcome<()> {
    let folder = root.join("deploy/helm");
    tools::run(helm, &folder, &["lint", "--strict", "livewell", "--set", "existingSecret=livewell"])
}

/// Returns the path of a program that the shell would find.
fn find(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

#[expect(clippy::print_stderr, reason = "a chore says what it has not done")]
fn left_out(program: &str, what: &str) {
    eprintln!("NOT CHECKED: {what}, since there is no {program}");
}
