//! Compares an example that measures with itself over an earlier commit: both are built, and run in turns, so that what
//! else the machine does meets both.

use crate::cargo::run_cargo;
use crate::outcome::Outcome;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const USAGE: &str = "say the commit, the example and its arguments: `before 08eea7e many memory 1000 10000`";
/// How often each is run.
const ROUNDS: usize = 3;
/// The argument that stands for a new directory, another one for each run.
const NEW: &str = "DIRECTORY";

/// Builds and runs both.
///
/// # Errors
/// Returns an error if the commit is not there, or its library cannot be used by the example of now.
#[expect(clippy::print_stdout, reason = "a chore speaks to the person who runs it")]
pub fn run(root: &Path, arguments: &[String]) -> Outcome<()> {
    let [commit, example, arguments @ ..] = arguments else { return Err(USAGE.into()) };
    let earlier = checked_out(root, commit, example)?;
    let programs = [built(&earlier, "livewell", example)?, built(root, "livewell-scenarios", example)?];
    for round in 1..=ROUNDS {
        for (name, program) in [commit.as_str(), "now"].iter().zip(&programs) {
            let place = root.join("target/before/run");
            let _ = fs::remove_dir_all(&place);
            let arguments =
                arguments.iter().map(|one| if one == NEW { place.as_os_str() } else { one.as_ref() });
            let output = Command::new(program).args(arguments).output()?;
            if !output.status.success() {
                return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)).into());
            }
            for line in String::from_utf8_lossy(&output.stdout).lines() {
                println!("{round} {name:<10} {line}");
            }
        }
    }
    Ok(())
}

/// Returns a folder with the commit, in which the example is the one of now: it has to measure the same. There it lies with
/// the library, which each commit has.
fn checked_out(root: &Path, commit: &str, example: &str) -> Outcome<PathBuf> {
    let place = root.join("target/before").join(commit);
    if !place.is_dir() {
        let mut git = Command::new("git");
        git.current_dir(root).args(["worktree", "add", "--quiet", "--force", "--detach"]);
        if !git.arg(&place).arg(commit).status()?.success() {
            return Err(format!("`{commit}` cannot be checked out").into());
        }
    }
    let file = Path::new(example).with_extension("rs");
    fs::copy(
        root.join("crates/scenarios/examples").join(&file),
        place.join("crates/livewell/examples").join(file),
    )?;
    Ok(place)
}

/// Builds an example of a checkout, in that checkout's own folder: what two checkouts make would be taken for each other's.
fn built(checkout: &Path, package: &str, example: &str) -> Outcome<PathBuf> {
    let target = checkout.join("target");
    let variables = [("CARGO_TARGET_DIR", target.to_str().ok_or("the path is not UTF-8")?)];
    let build = ["build", "--locked", "--release", "-p", package, "--example", example];
    run_cargo(checkout, &build, &variables)?;
    Ok(target.join("release/examples").join(example))
}
