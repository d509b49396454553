//! Judges files of scenarios: `tck FILE [--tier PREFIX] [--seeds 20] [--seed 0] [--unsupported] [--json]`.

pub mod floor;

use livewell_scenarios::report::{Count, Remark, Report};
use livewell_scenarios::run::Settings;
use livewell_scenarios::scenario::File;
use serde_json::{Value as Json, json};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo run --release -p xtask -- tck FILE [--tier PREFIX] [--seeds N] [--seed N] [--unsupported] [--json]

  --tier PREFIX    only the tiers whose names begin so
  --seeds N        so many random feeds of each scenario (20)
  --seed N         the seed of the first feed (0)
  --unsupported    list the unsupported scenarios too
  --json           print the counts and the failures as JSON and nothing else";

/// The command line.
#[derive(Debug, PartialEq, Eq)]
struct Arguments {
    file: String,
    tier: String,
    seeds: u64,
    seed: u64,
    unsupported: bool,
    json: bool,
}

/// Runs the command. Returns 0 if nothing failed, 1 if something did, 2 for bad usage or a file that cannot be read.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore speaks to the person who runs it")]
pub fn run(arguments: &[String]) -> ExitCode {
    let judged = parse(arguments).and_then(|arguments| Ok((judge(&arguments)?, arguments)));
    let (report, arguments) = match judged {
        Ok(judged) => judged,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    if arguments.json {
        println!("{}", as_json(&report));
    } else {
        print!("{}", as_text(&report, arguments.unsupported));
    }
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse(arguments: &[String]) -> Result<Arguments, String> {
    let (mut file, mut tier) = (None, String::new());
    let (mut seeds, mut seed, mut unsupported, mut json) = (20, 0, false, false);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut next = || arguments.next().ok_or_else(|| format!("{argument} needs a value\n\n{USAGE}"));
        let number =
            |text: &String| text.parse::<u64>().map_err(|_| format!("`{text}` is not a number\n\n{USAGE}"));
        match argument.as_str() {
            "--tier" => tier = next()?.clone(),
            "--seeds" => seeds = number(next()?)?,
            "--seed" => seed = number(next()?)?,
            "--unsupported" => unsupported = true,
            "--json" => json = true,
            _ if argument.starts_with("--") || file.is_some() => {
                return Err(format!("`{argument}` is not understood\n\n{USAGE}"));
            }
            _ => file = Some(argument.clone()),
        }
    }
    if seeds == 0 {
        return Err(format!("without a feed nothing is judged: --seeds is at least 1\n\n{USAGE}"));
    }
    let file = file.ok_or_else(|| format!("FILE is missing\n\n{USAGE}"))?;
    Ok(Arguments { file, tier, seeds, seed, unsupported, json })
}

fn judge(arguments: &Arguments) -> Result<Report, String> {
    let place = |error: &dyn std::fmt::Display| format!("{}: {error}", arguments.file);
    let text = std::fs::read_to_string(&arguments.file).map_err(|error| place(&error))?;
    let file = File::read(&text).map_err(|error| place(&error))?;
    let report =
        Report::of(&file, &arguments.tier, Settings { feeds: arguments.seeds, seed: arguments.seed });
    if report.tiers.is_empty() {
        return Err(place(&format!("no scenario of a tier `{}`", arguments.tier)));
    }
    Ok(report)
}

fn as_json(report: &Report) -> Json {
    let tier = |(name, Count { passed, failed, unsupported }): (&String, &Count)| {
        (name.clone(), json!({ "passed": passed, "failed": failed, "unsupported": unsupported }))
    };
    let failure = |remark: &Remark| json!({ "id": remark.id, "tier": remark.tier, "query": remark.query, "why": remark.why });
    let tiers: serde_json::Map<_, _> = report.tiers.iter().map(tier).collect();
    json!({ "tiers": tiers, "failures": report.failures.iter().map(failure).collect::<Vec<_>>() })
}

fn as_text(report: &Report, with_unsupported: bool) -> String {
    let mut text = String::new();
    let unsupported =
        report.unsupported.iter().filter(|_| with_unsupported).map(|remark| ("unsupported", remark));
    for (what, Remark { id, tier, query, why }) in
        unsupported.chain(report.failures.iter().map(|remark| ("failed", remark)))
    {
        text += &format!("{what}: {id} ({tier})\n{query}\n{why}\n\n");
    }
    text += &format!("{:<18}{:>8}{:>8}{:>13}\n", "tier", "passed", "failed", "unsupported");
    for (name, Count { passed, failed, unsupported }) in &report.tiers {
        text += &format!("{name:<18}{passed:>8}{failed:>8}{unsupported:>13}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_command_line_is_read_or_refused() {
        let read = parse(&words("a.json --tier G1 --seeds 5 --seed 9 --json --unsupported"));
        let (file, tier) = ("a.json".into(), "G1".into());
        let wanted = Arguments { file, tier, seeds: 5, seed: 9, unsupported: true, json: true };
        assert_eq!(read, Ok(wanted));
        for wrong in
            ["", "a.json b.json", "a.json --tier", "a.json --seeds x", "a.json --seeds 0", "a.json --what"]
        {
            assert!(parse(&words(wrong)).is_err(), "{wrong}");
        }
        assert_eq!(run(&words("no-such-file.json")), ExitCode::from(2));
    }

    #[test]
    fn a_report_is_printed_with_its_failures() {
        let remark = |id: &str| Remark {
            id: id.into(),
            tier: "T".into(),
            query: "RETURN 1".into(),
            why: "it is 2".into(),
        };
        let report = Report {
            tiers: [("T".into(), Count { passed: 3, failed: 1, unsupported: 1 })].into(),
            failures: vec![remark("wrong")],
            unsupported: vec![remark("later")],
        };
        let failure = json!({ "id": "wrong", "tier": "T", "query": "RETURN 1", "why": "it is 2" });
        let counts = json!({ "passed": 3, "failed": 1, "unsupported": 1 });
        assert_eq!(as_json(&report), json!({ "tiers": { "T": counts }, "failures": [failure] }));
        assert!(as_text(&report, false).starts_with("failed: wrong (T)\nRETURN 1\nit is 2\n\ntier"));
        assert!(as_text(&report, true).starts_with("unsupported: later (T)"));
    }
}
