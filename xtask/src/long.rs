//! Runs that take too long for every change: `cargo xtask long NAME`. Each leaves a line in `docs/long-runs.md`.

use crate::cargo::cargo;
use crate::outcome::Outcome;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Where the outcomes are kept; the file ends with their table.
const RECORD: &str = "docs/long-runs.md";
/// The beginning of a line in which a test says what it has counted.
const COUNTED: &str = "counted: ";

/// Tests with larger numbers than usual.
struct Run {
    name: &'static str,
    shows: &'static str,
    /// About how long it takes, in minutes.
    minutes: u32,
    package: &'static str,
    /// A test, or a module that ends with `::`: all of its tests.
    tests: &'static str,
    variables: &'static [(&'static str, &'static str)],
}

const RUNS: [Run; 8] = [
    Run {
        name: "kills",
        shows: "5,000 kills between a bank in PostgreSQL and its files and synced table halve, lose and repeat nothing",
        minutes: 25,
        package: "livewell-server",
        tests: "bank::killed_anywhere_no_transfer_is_halved_lost_or_repeated",
        variables: &[("LIVEWELL_KILLS", "5000")],
    },
    Run {
        name: "many-kills",
        shows: "killed at random moments, the flights with 1,000 more queries end as without a kill: rows, outboxes, \
                sequences, positions, files, byte for byte",
        minutes: 5,
        package: "livewell-server",
        tests: "killed::killed_anywhere_among_many_queries_nothing_changes",
        variables: &[("LIVEWELL_ALERTS", "1000"), ("LIVEWELL_KILLS", "100")],
    },
    Run {
        name: "pairs",
        shows: "the rows that the engine maintains are the query evaluated from scratch, for 20,000 random pairs of a \
                query and a stream of changes",
        minutes: 15,
        package: "livewell-query",
        tests: "random::engine_equals_reference::the_maintained_rows_are_the_query_evaluated_from_scratch",
        variables: &[("LIVEWELL_CASES", "20000"), ("LIVEWELL_SEED", "100000")],
    },
    Run {
        name: "postgres-cases",
        shows: "whatever happens beside the stream of a source, its rows are PostgreSQL's or it stops: every case in \
                every way against every version",
        minutes: 15,
        package: "livewell",
        tests: "postgres::",
        variables: &[("LIVEWELL_CASES", "all")],
    },
    Run {
        name: "postgres-storm",
        shows: "the rows are PostgreSQL's after random statements of every kind, over kills, away, and as a \
                synchronous standby; 10 minutes for each version",
        minutes: 25,
        package: "livewell",
        tests: "postgres::storm::random_statements_of_every_kind_come_to_the_same_rows",
        variables: &[("LIVEWELL_STORM_MINUTES", "10")],
    },
    Run {
        name: "tab",
        shows: "a tab of the console that is open for an hour, with 1,000 updates of its rows a minute and every view in \
                turn, has less than 60 MB of heap",
        minutes: 62,
        package: "livewell-server",
        tests: "browser::open_long::thousands_of_updates_leave_nothing_behind_in_the_memory_of_a_tab",
        variables: &[("LIVEWELL_TAB_MINUTES", "60")],
    },
    Run {
        name: "values",
        shows: "for every value of a parameter the rows are those of the query with that parameter, for 20,000 random \
                queries and streams of changes",
        minutes: 15,
        package: "livewell-query",
        tests: "random::for_each::for_every_value_the_rows_are_those_of_the_query_with_that_parameter",
        variables: &[("LIVEWELL_CASES", "20000"), ("LIVEWELL_SEED", "100000")],
    },
    Run {
        name: "vast",
        shows: "a transaction of 3,000,000 rows inserted, then changed twice, then truncated is taken in whole, and the \
                process never has 300 MiB of anonymous memory",
        minutes: 30,
        package: "livewell-server",
        tests: "vast::transactions_larger_than_memory_are_seen_whole_and_take_constant_memory",
        variables: &[("LIVEWELL_VAST_ROWS", "3000000")],
    },
];

/// Runs the long run of this name and records it.
///
/// # Errors
/// Returns an error if there is no such run, if it fails, or if it cannot be recorded.
pub fn run(root: &Path, name: Option<&str>) -> Outcome<()> {
    let Some(run) = RUNS.iter().find(|run| Some(run.name) == name) else { return Err(list().into()) };
    let (commit, began) = (commit(root)?, Instant::now());
    let ended = run.start(root)?;
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    append(root, &run.line(&date, &commit, began.elapsed(), &ended))?;
    if ended.is_passed { Ok(()) } else { Err(format!("failed; recorded in {RECORD}").into()) }
}

fn list() -> String {
    let about = |run: &Run| format!("\n\n  {} (about {} minutes)\n  {}", run.name, run.minutes, run.shows);
    RUNS.iter().fold("usage: cargo xtask long NAME".to_owned(), |text, run| text + &about(run))
}

/// The outcome of a run.
struct Ended {
    is_passed: bool,
    counted: Vec<String>,
}

impl Run {
    /// Runs the tests; their output is shown as it comes.
    fn start(&self, root: &Path) -> Outcome<Ended> {
        let mut command = cargo(root);
        command.args(["test", "--locked", "--package", self.package, "--all-features", "--test", "it", "--"]);
        command.args([self.tests, "--nocapture"]).envs(self.variables.iter().copied());
        if !self.tests.ends_with("::") {
            command.arg("--exact");
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = BufReader::new(child.stdout.take().ok_or("its output is a pipe")?);
        let (mut counted, mut has_run) = (Vec::new(), false);
        for line in output.lines() {
            let line = line?;
            writeln!(std::io::stdout(), "{line}")?;
            has_run |= line.starts_with("test result: ok.") && !line.contains(" 0 passed");
            counted.extend(line.split_once(COUNTED).map(|(_, what)| what.to_owned()));
        }
        Ok(Ended { is_passed: child.wait()?.success() && has_run, counted })
    }

    fn line(&self, date: &str, commit: &str, took: Duration, ended: &Ended) -> String {
        let variables = self.variables.iter().map(|(name, value)| format!("`{name}={value}`"));
        let counted: Vec<String> = variables.chain(ended.counted.iter().cloned()).collect();
        let hours = took.as_secs_f64() / 3_600.0;
        let outcome = if ended.is_passed { "passed" } else { "failed" };
        let counted = counted.join("; ").replace('|', "\\|");
        format!("| {date} | `{}` | {commit} | {hours:.2} | {counted} | {outcome} |\n", self.name)
    }
}

/// Returns the commit that is run, and whether the files differ from it.
fn commit(root: &Path) -> Outcome<String> {
    let git = |arguments: &[&str]| -> Outcome<String> {
        let output = Command::new("git").args(arguments).current_dir(root).output()?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    };
    let hash = git(&["rev-parse", "--short", "HEAD"])?;
    let is_changed =
        !git(&["status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs"])?.is_empty();
    Ok(if is_changed { format!("{hash} with changes") } else { hash })
}

fn append(root: &Path, line: &str) -> Outcome<()> {
    let mut record = fs::File::options().append(true).open(root.join(RECORD))?;
    Ok(record.write_all(line.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_what_and_with_what_outcome() {
        let ended = Ended { is_passed: true, counted: vec!["PostgreSQL 18: 5 kills".into()] };
        let line = RUNS[0].line("2026-11-28", "abc1234", Duration::from_secs(1_800), &ended);
        let expected = "| 2026-11-28 | `kills` | abc1234 | 0.50 | `LIVEWELL_KILLS=5000`; PostgreSQL 18: 5 kills | passed |\n";
        assert_eq!(line, expected);
    }

    #[test]
    fn the_tests_that_are_run_are_there() {
        let root = crate::root();
        for run in &RUNS {
            let mut path = run.tests.split("::").collect::<Vec<_>>();
            let test = path.pop().expect("a name, or nothing behind the name of a module");
            let crates = root.join("crates").join(run.package.trim_start_matches("livewell-"));
            let file = crates.join("tests/it").join(path.join("/"));
            let text = fs::read_to_string(file.with_extension("rs"))
                .or_else(|_| fs::read_to_string(file.join("mod.rs")))
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let wanted = if test.is_empty() { "mod ".to_owned() } else { format!("fn {test}(") };
            assert!(text.contains(&wanted), "{}", run.tests);
        }
        let record = fs::read_to_string(root.join(RECORD)).expect("the record is there");
        assert!(record.ends_with("|\n"), "it ends with its table");
    }
}
