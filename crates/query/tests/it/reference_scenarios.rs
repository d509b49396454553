//! The reference against the TCK-derived scenarios: every one whose query is accepted has the expected table.

use livewell_query::language;
use livewell_query::reference::Reference;
use livewell_scenarios::data_file;
use livewell_scenarios::scenario::{Expected, File, Scenario};
use livewell_scenarios::value::Unread;
use std::io::Write;

/// What came of one scenario.
enum Outcome {
    Held,
    Unsupported,
    Wrong(String),
}

impl From<Unread> for Outcome {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Malformed(why) => Self::Wrong(why),
            Unread::Refused(_) => Self::Unsupported,
        }
    }
}

#[test]
fn every_accepted_scenario_has_the_expected_rows() {
    let file = data_file("tck/scenarios.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        return say(&format!("SKIPPED: no scenarios at {}; set LIVEWELL_DATA", file.display()));
    };
    let scenarios = File::read(&text).expect("a file of scenarios");
    let (mut held, mut unsupported, mut wrong) = (0, 0, Vec::new());
    for scenario in scenarios.scenarios().filter(|scenario| scenario.tier() == "G1-core") {
        match run(&scenario).unwrap_or_else(|other| other) {
            Outcome::Held => held += 1,
            Outcome::Unsupported => unsupported += 1,
            Outcome::Wrong(why) => {
                wrong.push(format!("{}\n{}\n{why}", scenario.id(), scenario.query().unwrap_or_default()));
            }
        }
    }
    say(&format!("G1-core: {held} held, {unsupported} unsupported, {} wrong", wrong.len()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(held > 0, "no scenario is supported");
}

/// Written past the test harness, which swallows the output of tests that hold.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn run(scenario: &Scenario<'_>) -> Result<Outcome, Outcome> {
    let query = language::parse(scenario.query()?).map_err(|_| Outcome::Unsupported)?;
    let reference = Reference::new(&query, &scenario.params()?).map_err(|_| Outcome::Unsupported)?;
    let graph = scenario.graph()?.into_iter().collect();
    let Expected::Rows(table) = scenario.expected()? else {
        return Ok(Outcome::Wrong("an error is expected of a query that is accepted".into()));
    };
    let rows = reference.rows(&graph).map_err(|error| Outcome::Wrong(format!("failed: {error}")))?;
    let compared = table.compare(reference.columns(), &rows);
    Ok(compared.map_or_else(Outcome::Wrong, |()| Outcome::Held))
}
