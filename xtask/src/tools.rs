//! Programs that chores run, each of one version, in `target/tools`.

use crate::cargo::run_cargo;
use crate::outcome::Outcome;
use crate::said;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program that cargo can install.
pub struct Tool {
    /// The name of the package.
    pub package: &'static str,
    pub version: &'static str,
    /// The features instead of the default ones.
    pub features: &'static str,
}

impl Tool {
    /// Returns the path of the program; installs it first if it is missing or has another version.
    ///
    /// It is compiled without optimization: these programs run for seconds, and compiling them takes minutes.
    ///
    /// # Errors
    /// Returns an error if it cannot be installed.
    pub fn find_or_install(&self, root: &Path) -> Outcome<PathBuf> {
        let place = root.join("target/tools").join(format!("{}-{}", self.package, self.version));
        let program = place.join("bin").join(self.package);
        if !program.is_file() {
            let place = place.to_str().ok_or("the repository's path is not UTF-8")?;
            let version = format!("={}", self.version);
            let begin = ["install", self.package, "--version", &version, "--locked", "--debug"];
            let end = ["--no-default-features", "--features", self.features, "--root", place, "--quiet"];
            // With a build folder of its own: the workspace's has other settings. Nobody looks for a fault in them.
            let build = root.join("target/tools/build");
            let build = build.to_str().ok_or("the repository's path is not UTF-8")?;
            let variables = [("CARGO_TARGET_DIR", build), ("CARGO_PROFILE_DEV_DEBUG", "false")];
            run_cargo(root, &[&begin[..], &end[..]].concat(), &variables)?;
        }
        Ok(program)
    }
}

/// Runs a program in a folder, and says so.
///
/// # Errors
/// Returns an error that names the command if it cannot be run or fails.
pub fn run(program: &Path, folder: &Path, arguments: &[&str]) -> Outcome<()> {
    run_with(program, folder, arguments, &[])
}

/// Like [`run`], with these variables set.
///
/// # Errors
/// Returns an error that names the command if it cannot be run or fails.
pub fn run_with(
    program: &Path,
    folder: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Outcome<()> {
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
    let line = format!("{name} {}", arguments.join(" "));
    said::step(&line);
    let mut command = Command::new(program);
    let status = command
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("failed: {line}").into()),
        Err(error) => Err(format!("{line}: {error}").into()),
    }
}
