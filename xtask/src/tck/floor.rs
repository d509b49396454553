//! What must not get worse: no scenario of the data folder fails, and at least so many of each tier pass.

use crate::outcome::Outcome;
use crate::said;
use livewell_scenarios::data_file;
use livewell_scenarios::report::Report;
use livewell_scenarios::run::Settings;
use livewell_scenarios::scenario::File;

/// The fewest that pass of each tier. It only rises: whoever makes more pass writes down the new numbers.
const FLOORS: [(&str, u64); 9] = [
    ("C-constant", 1461),
    ("E-compile", 383),
    ("E-runtime", 61),
    ("G1-core", 215),
    ("G2-order/limit", 122),
    ("G3-paths", 24),
    ("G4-varlen", 45),
    ("G5-advanced", 99),
    ("X-nondet", 0),
];

/// Judges the data folder's scenarios; says so loudly if they are missing.
///
/// # Errors
/// Returns what is below its floor, and every failure.
#[expect(clippy::print_stderr, reason = "a chore says what it skips")]
pub fn hold() -> Outcome<()> {
    let path = data_file("tck/scenarios.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        said::step(&format!("SKIPPED: no scenarios at {}; set LIVEWELL_DATA", path.display()));
        return Ok(());
    };
    said::step(&format!("tck {}", path.display()));
    let report = Report::of(&File::read(&text)?, "", Settings { feeds: 20, seed: 0 });
    for (tier, count) in &report.tiers {
        let (passed, failed, unsupported) = (count.passed, count.failed, count.unsupported);
        eprintln!("    {tier}: {passed} passed, {failed} failed, {unsupported} unsupported");
    }
    match findings(&report, &FLOORS) {
        findings if findings.is_empty() => Ok(()),
        findings => Err(findings.join("\n").into()),
    }
}

fn findings(report: &Report, floors: &[(&str, u64)]) -> Vec<String> {
    let failed = report.failures.iter().map(|failure| format!("failed: {}\n{}", failure.id, failure.why));
    let fallen = floors.iter().filter_map(|(tier, floor)| {
        let passed = report.tiers.get(*tier).map_or(0, |count| count.passed);
        (passed < *floor).then(|| format!("{tier}: {passed} scenarios pass, fewer than the {floor} that did"))
    });
    failed.chain(fallen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_scenarios::report::{Count, Remark};

    #[test]
    fn a_fallen_tier_and_a_failure_are_found() {
        let count = Count { passed: 3, failed: 0, unsupported: 1 };
        let mut report = Report { tiers: [("T".into(), count)].into(), ..Report::default() };
        assert_eq!(findings(&report, &[("T", 3)]), Vec::<String>::new());
        assert_eq!(findings(&report, &[("T", 4)]).len(), 1);
        assert_eq!(findings(&report, &[("U", 1)]).len(), 1);
        let [id, tier, query, why] = ["s", "T", "RETURN 1", "it is 2"].map(str::to_owned);
        report.failures.push(Remark { id, tier, query, why });
        assert_eq!(findings(&report, &[("T", 3)]), ["failed: s\nit is 2"]);
    }
}
