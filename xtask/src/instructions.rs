//! Counts the instructions that a change takes in the hot paths, by Valgrind, and compares them with a record: noise does
//! not move them, so that a path that became slower is seen.
//!
//! The record, `xtask/instructions.txt`, has a line for each case: its name, a tab, and the instructions a change. What
//! loading the graph takes is in both of two runs and cancels out.

use crate::cargo::run_cargo;
use crate::outcome::Outcome;
use crate::said;
use livewell_services::valgrind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Something that is counted: a program, which is run twice with its arguments and a number of changes.
struct Case {
    name: &'static str,
    program: &'static str,
    arguments: Vec<&'static str>,
    /// The changes of the two runs.
    changes: [u64; 2],
}

/// The cases of the workload: an engine alone, over so many elements.
const STEPS: [&str; 10] = [
    "filter",
    "MATCH",
    "sum",
    "count(DISTINCT)",
    "stDev",
    "percentileDisc",
    "LIMIT",
    "trueFor",
    "EXISTS",
    "OPTIONAL MATCH",
];
/// The size of the graphs.
const SIZE: &str = "2000";

/// The whole way of a change, over a store in memory: from the source by the router to the queries that it concerns, and by
/// the dealer of a query with `for_each` to who listens to one value. Each case has a name, and the program with its
/// arguments.
const PIPELINES: [(&str, &str, &[&str]); 4] = [
    ("one query", "many", &["memory", "1"]),
    ("1,000 queries", "many", &["memory", "1000"]),
    ("one query for each of 1,000 values", "each", &["memory", "each", "1000"]),
    ("the same, each with a listener", "each", &["memory", "listened", "1000"]),
];

fn cases() -> impl Iterator<Item = Case> {
    let steps = STEPS.into_iter().map(|name| Case {
        name,
        program: "changes",
        arguments: vec![name, SIZE],
        changes: [200, 1_200],
    });
    let pipelines = PIPELINES.into_iter().map(|(name, program, arguments)| Case {
        name,
        program,
        arguments: arguments.to_vec(),
        changes: [2_000, 8_000],
    });
    steps.chain(pipelines)
}
/// By how much a count may differ from the record, in percent: the library of the system copies memory in other ways on
/// another machine.
const TOLERANCE: f64 = 5.0;

/// How long one run may take, in seconds: they take up to twenty.
const RUN_MAX: &str = "300";

/// Counts, and compares with the record.
///
/// # Errors
/// Returns an error if a case takes more instructions than recorded, or so much less that the record is out of date.
#[expect(clippy::print_stdout, reason = "a chore speaks to the person who runs it")]
pub fn check(root: &Path) -> Outcome<()> {
    let Some(valgrind) = valgrind() else {
        println!(
            "instructions: NOT COUNTED, since there is no valgrind; `apt-get install valgrind` brings it"
        );
        return Ok(());
    };
    let record = std::fs::read_to_string(record(root))?;
    let mut wrong = Vec::new();
    for (case, counted) in count(root, &valgrind)? {
        let line = record.lines().find_map(|line| line.strip_prefix(case)?.strip_prefix('\t'));
        let recorded: f64 = line.ok_or_else(|| format!("{case} is not recorded"))?.trim().parse()?;
        let percent = (counted as f64 / recorded - 1.0) * 100.0;
        println!("instructions: {case}: {counted} a change ({percent:+.1} %)");
        if percent.abs() > TOLERANCE {
            wrong.push(format!("{case}: {counted} instructions a change, and {recorded} are recorded"));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let more = "if that is meant, `cargo xtask instructions --write` records it";
    Err(format!("{}\n{more}", wrong.join("\n")).into())
}

/// Counts, and writes the record.
///
/// # Errors
/// Returns an error if there is no Valgrind, or a case fails.
pub fn write(root: &Path) -> Outcome<()> {
    let valgrind = valgrind().ok_or("there is no valgrind")?;
    let counts = count(root, &valgrind)?;
    let lines: String = counts.iter().map(|(case, count)| format!("{case}\t{count}\n")).collect();
    Ok(std::fs::write(record(root), lines)?)
}

fn record(root: &Path) -> PathBuf {
    root.join("xtask/instructions.txt")
}

/// The instructions a change of each case.
fn count(root: &Path, valgrind: &Path) -> Outcome<Vec<(&'static str, u64)>> {
    let build = ["build", "--locked", "--release", "-p", "livewell-scenarios"];
    let examples = ["--example", "changes", "--example", "many", "--example", "each"];
    run_cargo(root, &[&build[..], &examples].concat(), &[])?;
    let programs = target(root).join("release/examples");
    let mut counts = Vec::new();
    for case in cases() {
        said::step(&format!("count {}", case.name));
        let [few, many] = case.changes.map(|changes| instructions(valgrind, &programs, &case, changes));
        let more = many?.checked_sub(few?).ok_or("more changes take fewer instructions")?;
        counts.push((case.name, more / (case.changes[1] - case.changes[0])));
    }
    Ok(counts)
}

fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// All instructions of one run.
fn instructions(valgrind: &Path, programs: &Path, case: &Case, changes: u64) -> Outcome<u64> {
    // Threads by turns, for otherwise one that waits by looking again can keep the others from running; and none for ever.
    let mut command = Command::new("timeout");
    command.arg(RUN_MAX).arg(valgrind);
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--fair-sched=try"]);
    command.arg(programs.join(case.program));
    let output = command.args(&case.arguments).arg(changes.to_string()).stdin(Stdio::null()).output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    let collected = told.lines().find_map(|line| line.split_once("Collected : "));
    let collected = collected.filter(|_| output.status.success());
    let (_, count) = collected.ok_or_else(|| format!("{} was not counted:\n{told}", case.name))?;
    Ok(count.trim().parse()?)
}
