//! The console in `web/`: checks its types, runs its unit tests, builds it, and compares the result with the files that the
//! binary embeds. Building Livewell itself needs neither node nor npm.

use crate::outcome::Outcome;
use crate::tools;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Beyond this, a file holds two things.
const LINES_MAX: usize = 300;

/// Checks the console and builds it; the files that are committed must be what comes out.
///
/// # Errors
/// Returns an error if node or npm is missing, a rule is broken, a check fails, or the files are others.
pub fn check(root: &Path) -> Outcome<()> {
    build(root, "--check")
}

/// Checks the console, builds it and writes the files that the binary embeds.
///
/// # Errors
/// Returns an error if node or npm is missing, a rule is broken, or a check fails.
pub fn write(root: &Path) -> Outcome<()> {
    build(root, "--write")
}

/// Like [`check`], but without node and npm only says what was not checked.
///
/// # Errors
/// Returns an error if a rule is broken, a check fails, or the files are others.
#[expect(clippy::print_stderr, reason = "a chore speaks to the person who runs it")]
pub fn check_if_possible(root: &Path) -> Outcome<()> {
    if find("node").is_none() || find("npm").is_none() {
        eprintln!(
            "web: NOT CHECKED, since there is no node or no npm: whether the console that is embedded is the one in web/"
        );
        return Ok(());
    }
    check(root)
}

fn build(root: &Path, mode: &str) -> Outcome<()> {
    let web = root.join("web");
    let (node, npm) = (needed("node")?, needed("npm")?);
    check_lock(&fs::read_to_string(web.join("package-lock.json"))?)?;
    check_sizes(&web)?;
    install(&npm, &web)?;
    tools::run(&npm, &web, &["run", "--silent", "check"])?;
    tools::run(&npm, &web, &["run", "--silent", "test"])?;
    tools::run(&node, &web, &["build.mjs", mode])
}

/// Installs the packages of the lock file, unless they are there. No script of a package is run.
fn install(npm: &Path, web: &Path) -> Outcome<()> {
    let lock = fs::read(web.join("package-lock.json"))?;
    let installed = web.join("node_modules/.installed-for");
    if fs::read(&installed).is_ok_and(|of| of == lock) {
        return Ok(());
    }
    tools::run(npm, web, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    Ok(fs::write(installed, lock)?)
}

/// Checks that every package has a hash, and none an address: one of a mirror works only where that is.
fn check_lock(lock: &str) -> Outcome<()> {
    if let Some(line) = lock.lines().map(str::trim).find(|line| line.starts_with("\"resolved\"")) {
        return Err(format!("web/package-lock.json: a package has an address: {line}").into());
    }
    let (packages, hashes) =
        (lock.matches("\"node_modules/").count(), lock.matches("\"integrity\": \"sha512-").count());
    if packages != hashes {
        return Err(format!("web/package-lock.json: {packages} packages have {hashes} hashes").into());
    }
    Ok(())
}

/// Checks that no file of the console is too long to be read at once.
fn check_sizes(web: &Path) -> Outcome<()> {
    for folder in ["app", "view", "part", "data", "style", "test", "."] {
        for entry in fs::read_dir(web.join(folder))? {
            let path = entry?.path();
            let is_ours =
                path.extension().is_some_and(|of| ["ts", "tsx", "css", "mjs"].iter().any(|ours| of == *ours));
            if !is_ours {
                continue;
            }
            let lines = fs::read_to_string(&path)?.lines().count();
            if lines > LINES_MAX {
                return Err(format!("{}: {lines} lines, of at most {LINES_MAX}", path.display()).into());
            }
        }
    }
    Ok(())
}

fn needed(program: &str) -> Outcome<PathBuf> {
    find(program).ok_or_else(|| format!("the console is built with {program}, which is not installed").into())
}

/// Returns a program if it can be run.
fn find(program: &str) -> Option<PathBuf> {
    let mut command = Command::new(program);
    let asked =
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success()).then(|| program.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_with_an_address_or_without_a_hash_is_refused() {
        let lock = |resolved: &str, hash: &str| {
            format!("{{\n\"node_modules/preact\": {{\n  {resolved}\"integrity\": \"{hash}\"\n}}\n}}")
        };
        assert!(check_lock(&lock("", "sha512-abc")).is_ok());
        assert!(
            check_lock(&lock("\"resolved\": \"https://mirror.example/preact.tgz\",\n  ", "sha512-abc"))
                .is_err()
        );
        assert!(check_lock(&lock("", "sha1-abc")).is_err());
    }
}
