//! Standing-query cases recorded on another system: the same steps lead to the same results.
//!
//! The recorded diffs are folded into a result, ours into another, and after every step the two are compared,
//! numbers by their value and lists as bags. Where that system is known wrong, [`deviations`] says so and why.
//! Engine and reference are compared on the way, too, exactly.

mod case;
mod deviations;

use case::{Case, Fold};
use deviations::{DEVIATIONS, REPEATS};
use livewell_model::Map;
use livewell_query::Engine;
use livewell_query::parse;
use livewell_query::reference::Reference;
use livewell_scenarios::data_file;
use livewell_scenarios::lockstep::{Lockstep, Stepped};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::io::Write;

/// What came of one case.
#[derive(Debug)]
enum Outcome {
    Held,
    Unsupported(String),
    Wrong(String),
}

/// The cases that are answered as recorded, or as is right. It only grows.
const HELD: [&str; 23] = [
    "unwind::unwind[0]",
    "crosses_above_and_stays_above::crosses_above_and_stays_above[0]",
    "linear_regression::linear_gradient[0]",
    "rolling_average_decrease_by_ten::rolling_average_decrease_by_ten[0]",
    "before::before_sum[0]",
    "overdue_invoice::overdue_invoice[0]",
    "prev_unique::prev_unique[0]",
    "windows::sliding_window_avg_grouped[0]",
    "building_comfort::building_comfort_use_case[0]",
    "building_comfort::building_comfort_use_case[1]",
    "building_comfort::building_comfort_use_case[2]",
    "building_comfort::building_comfort_use_case[3]",
    "building_comfort::building_comfort_use_case[4]",
    "building_comfort::building_comfort_use_case[5]",
    "building_comfort::building_comfort_use_case[6]",
    "incident_alert::incident_alert[0]",
    "incident_alert::incident_alert[1]",
    "incident_alert::incident_alert[2]",
    "min_value::min_value[0]",
    "collect_aggregation::collect_with_filter[0]",
    "collect_aggregation::collect_objects[0]",
    "source_update_upsert::test_relationship_upsert[0]",
    "source_update_upsert::test_aggregation_with_upserts[0]",
];

#[test]
fn recorded_cases_give_the_recorded_results() {
    let file = data_file("cases/recorded.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        return say(&format!("SKIPPED: no recorded cases at {}; set LIVEWELL_DATA", file.display()));
    };
    let json: Json = serde_json::from_str(&text).expect("the cases are JSON");
    let cases: Vec<_> = json["queries"].as_array().expect("cases").iter().map(Case::new).collect();
    let (mut held, mut wrong) = (BTreeSet::new(), Vec::new());
    for (group, core) in [("core", true), ("others", false)] {
        let mut counts = [0; 3];
        for case in cases.iter().filter(|case| case.is_core() == core) {
            match run(case) {
                Outcome::Held => {
                    counts[0] += 1;
                    held.insert(case.id());
                }
                Outcome::Unsupported(why) => {
                    counts[1] += 1;
                    say(&format!("unsupported: {}: {why}", case.id()));
                }
                Outcome::Wrong(why) => {
                    counts[2] += 1;
                    wrong.push(format!("{}\n{}\n{why}", case.id(), case.query()));
                }
            }
        }
        say(&format!(
            "recorded cases, {group}: {} held, {} unsupported, {} wrong",
            counts[0], counts[1], counts[2]
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let lost: Vec<_> = HELD.iter().filter(|id| !held.contains(**id)).collect();
    assert!(lost.is_empty(), "no longer held: {lost:?}");
}

/// Written past the test harness, which swallows the output of tests that hold.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn run(case: &Case<'_>) -> Outcome {
    if let Some(needs) = case.needs() {
        return Outcome::Unsupported(format!("it needs {needs}"));
    }
    let refused = |refusal: livewell_query::language::Diagnostic| Outcome::Unsupported(refusal.to_string());
    let engine = match Engine::compile_with(case.query(), &Map::new(), &case.settings()) {
        Ok(engine) => engine,
        Err(refusal) => return refused(refusal),
    };
    let reference =
        parse(case.query()).and_then(|query| Reference::with(&query, &Map::new(), &case.settings()));
    match reference {
        Err(refusal) => Outcome::Wrong(format!("only the engine accepts it: {refusal}")),
        Ok(reference) => along(case, &engine, &reference).map_or_else(Outcome::Wrong, |()| Outcome::Held),
    }
}

fn along(case: &Case<'_>, engine: &Engine, reference: &Reference) -> Result<(), String> {
    let mut pair = Lockstep::new(engine, reference);
    pair.begin()?;
    let mut recorded = Fold::before(case);
    let mut elements = case::Elements::default();
    for (at, step) in case.steps().iter().enumerate() {
        let place = |why: String| format!("step {at}: {why}\n{step}");
        let (stepped, repeats) = match case::due(step) {
            Some(due) => (pair.advance(due), false),
            None => {
                let transaction = elements.transaction(at, &step["change"], &case.unwind()).map_err(place)?;
                (pair.step(&transaction), transaction.changes.is_empty())
            }
        };
        if let Stepped::ReferenceFailed(error, _) = stepped.map_err(place)? {
            return Err(place(format!("the query fails: {error}")));
        }
        if repeats && REPEATS.contains(&case.id()) {
            continue;
        }
        let deviations: Vec<_> =
            DEVIATIONS.iter().filter(|one| (one.case, one.step) == (case.id(), at)).collect();
        recorded.step(&step["result"], &deviations).map_err(place)?;
        // Timers of one moment fire together here, one after another there.
        let same_moment = case::due(step).is_some_and(|due| next_due(case, at) == Some(due));
        let ours = case::rows(engine.columns(), &pair.rows());
        if !same_moment && ours != recorded.rows() {
            return Err(place(format!("recorded are\n{:#?}\nand there are\n{ours:#?}", recorded.rows())));
        }
    }
    Ok(())
}

fn next_due(case: &Case<'_>, at: usize) -> Option<livewell_model::Timestamp> {
    case.steps().get(at + 1).and_then(case::due)
}

#[test]
fn a_result_other_than_the_recorded_one_is_wrong() {
    let change = |x: i64| serde_json::json!({ "op": "insert", "kind": "node", "source": "s", "id": "a", "labels": ["A"], "t": 0, "props": { "x": x } });
    let step = |x: i64, result: &Json| serde_json::json!({ "trigger": "change", "change": change(x), "result": result });
    let case = |query: &str, recorded: i64| {
        let first = serde_json::json!([{ "op": "add", "after": { "x": 1 } }]);
        let second =
            serde_json::json!([{ "op": "update", "before": { "x": 1 }, "after": { "x": recorded } }]);
        serde_json::json!({ "id": "c", "query": query, "joins": [], "middleware": [], "steps": [step(1, &first), step(2, &second)] })
    };
    let outcome = |query: &str, recorded: i64| run(&Case::new(&case(query, recorded)));
    assert!(matches!(outcome("MATCH (a:A) RETURN a.x AS x", 2), Outcome::Held));
    assert!(matches!(outcome("MATCH (a:A) RETURN a.x AS x", 3), Outcome::Wrong(_)));
    assert!(matches!(outcome("MATCH (a:A) RETURN noSuch(a) AS x", 2), Outcome::Unsupported(_)));
}
