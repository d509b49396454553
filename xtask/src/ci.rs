//! Everything that must pass before a change goes in, one step after another; the first failure ends it.

use crate::cargo::{TESTED, cargo, run_cargo};
use crate::outcome::Outcome;
use crate::{book, calls, clients, deny, features, instructions, msrv, packages, tck, tidy, web};
use std::path::Path;
use std::process::Stdio;

/// What a step adds to the environment of its command.
type Variables = &'static [(&'static str, &'static str)];

/// One command of cargo.
struct Step {
    arguments: &'static [&'static str],
    variables: Variables,
}

const FORMAT: Step = step(&["fmt", "--all", "--check"]);
const LINT: Step = step(&[
    "clippy",
    "--locked",
    "--workspace",
    "--all-targets",
    "--all-features",
    "--",
    "--deny",
    "warnings",
]);
const TEST: Step = step(&["test", "--locked", "--workspace", "--all-targets", "--features", TESTED]);
const TEST_BY_NEXTEST: Step = step(&[
    "nextest",
    "run",
    // All faults at once: a machine that tests for half an hour should tell more than the first of them.
    "--no-fail-fast",
    "--profile",
    "ci",
    "--locked",
    "--workspace",
    "--all-targets",
    "--features",
    TESTED,
]);
const EXAMPLES_IN_DOCS: Step = step(&["test", "--locked", "--workspace", "--doc"]);
// The binary's own pages are left out: it has the library's name, and one would overwrite the other.
const DOCS: Step = Step {
    arguments: &[
        "doc",
        "--locked",
        "--workspace",
        "--no-deps",
        "--exclude",
        "livewell-server",
        "--exclude",
        "xtask",
    ],
    variables: &[("RUSTDOCFLAGS", "--deny warnings")],
};

const fn step(arguments: &'static [&'static str]) -> Step {
    Step { arguments, variables: &[] }
}

/// Runs every step.
///
/// # Errors
/// Returns the first step that fails.
pub fn run(root: &Path) -> Outcome<()> {
    run_step(root, &FORMAT)?;
    tidy::run(root)?;
    packages::check(root)?;
    web::check_if_possible(root)?;
    clients::check(root)?;
    run_step(root, &LINT)?;
    features::check(root)?;
    run_step(root, if has_nextest(root) { &TEST_BY_NEXTEST } else { &TEST })?;
    calls::check(root)?;
    tck::floor::hold()?;
    instructions::check(root)?;
    run_step(root, &EXAMPLES_IN_DOCS)?;
    run_step(root, &DOCS)?;
    book::build(root)?;
    msrv::check(root)?;
    deny::check(root)
}

fn run_step(root: &Path, step: &Step) -> Outcome<()> {
    run_cargo(root, step.arguments, step.variables)
}

fn has_nextest(root: &Path) -> bool {
    let asked = cargo(root)
        .args(["nextest", "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}
