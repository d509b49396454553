//! The reference against the TCK-derived scenarios: every one whose query is accepted has the expected table.

use livewell_query::reference::Reference;
use livewell_scenarios::data_file;
use livewell_scenarios::scenario::{Expected, File, Scenario};
use livewell_scenarios::table::Table;
use livewell_scenarios::value::Unread;
use std::collections::BTreeMap;
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
    let (mut tiers, mut wrong) = (BTreeMap::<_, [u32; 2]>::new(), Vec::new());
    for scenario in scenarios.scenarios() {
        let Ok(Expected::Rows(table)) = scenario.expected() else { continue };
        let [held, unsupported] = tiers.entry(scenario.tier().to_owned()).or_default();
        match run(&scenario, &table).unwrap_or_else(|other| other) {
            Outcome::Held => *held += 1,
            Outcome::Unsupported => *unsupported += 1,
            Outcome::Wrong(why) => {
                wrong.push(format!("{}\n{}\n{why}", scenario.id(), scenario.query().unwrap_or_default()));
            }
        }
    }
    for (tier, [held, unsupported]) in &tiers {
        say(&format!("{tier}: {held} held, {unsupported} unsupported"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(tiers["G1-core"][0] > 0, "no scenario is supported");
}

/// Written past the test harness, which swallows the output of tests that hold.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn run(scenario: &Scenario<'_>, table: &Table) -> Result<Outcome, Outcome> {
    let query = livewell_query::parse(scenario.query()?).map_err(|_| Outcome::Unsupported)?;
    let reference = Reference::new(&query, &scenario.params()?).map_err(|_| Outcome::Unsupported)?;
    let graph = scenario.graph()?.into_iter().collect();
    let rows = reference.ordered_rows(&graph).map_err(|error| Outcome::Wrong(format!("failed: {error}")))?;
    let compared = table.compare(reference.columns(), &rows);
    Ok(compared.map_or_else(Outcome::Wrong, |()| Outcome::Held))
}
