//! TCK-derived scenarios before any evaluation: whatever has rows to give is read and passes the checks, and
//! what is in error at compile time is refused for what it says, not for lack of support.

use crate::language_scenarios::{say, scenarios};
use livewell_query::language::{Diagnostic, DiagnosticKind, code};
use livewell_query::parse;
use serde_json::Value as Json;

fn refusal(scenario: &Json) -> Option<(String, Diagnostic)> {
    let text = scenario["query"].as_str().expect("a query");
    let diagnostic = parse(text).err()?;
    Some((format!("{}\n{}", scenario["id"], diagnostic.render(text, "scenario")), diagnostic))
}

#[test]
fn a_query_with_rows_to_give_is_read_unless_a_function_is_missing() {
    for tier in ["G1-core", "G2-order/limit", "G3-paths", "G4-varlen", "G5-advanced", "C-constant"] {
        let (mut functions, mut refused) = (0, vec![]);
        let scenarios = scenarios(tier);
        let with_rows = scenarios.iter().filter(|scenario| scenario["expect"]["kind"] == "rows");
        for (shown, diagnostic) in with_rows.filter_map(refusal) {
            match diagnostic.code {
                code::FUNCTION | code::CALL => functions += 1,
                _ => refused.push(shown),
            }
        }
        say(&format!("{tier}: {functions} lack a function, {} refused otherwise", refused.len()));
        assert!(refused.is_empty(), "{tier}: {}", refused.join("\n"));
    }
}

#[test]
fn a_query_in_error_is_refused_for_what_it_says() {
    let (mut refused, mut otherwise) = (0, vec![]);
    for scenario in scenarios("E-compile") {
        match refusal(&scenario) {
            Some((_, diagnostic)) if diagnostic.kind != DiagnosticKind::NotSupported => refused += 1,
            Some((shown, _)) => otherwise.push(shown),
            None => otherwise.push(scenario["query"].to_string()),
        }
    }
    say(&format!("E-compile: {refused} refused for what they say, {} not", otherwise.len()));
    assert!(otherwise.is_empty(), "{}", otherwise.join("\n"));
}
