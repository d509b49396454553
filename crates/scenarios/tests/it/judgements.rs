//! Scenarios that hold, and copies of them that are wrong.

use livewell_scenarios::report::{Count, Report};
use livewell_scenarios::run::Settings;
use livewell_scenarios::scenario::File;
use serde_json::{Value as Json, json};

const SETTINGS: Settings = Settings { feeds: 20, seed: 0 };

fn int(number: i64) -> Json {
    json!({ "int": number.to_string() })
}

/// Returns two nodes and a relationship from the first to the second.
fn graph() -> Json {
    json!({
        "nodes": [
            { "id": "a", "labels": ["A"], "props": [["x", int(1)]] },
            { "id": "b", "labels": ["B"], "props": [["x", int(2)]] },
        ],
        "rels": [{ "id": "r", "type": "T", "src": "a", "dst": "b", "props": [] }],
    })
}

fn rows(columns: &[&str], rows: &Json) -> Json {
    json!({ "kind": "rows", "order": "bag", "lists_unordered": false, "columns": columns, "rows": rows })
}

/// Judges a query over the graph.
fn report(query: &str, expect: &Json) -> Report {
    let scenario =
        json!({ "id": "s", "tier": "T", "graph": "g", "params": [], "query": query, "expect": expect });
    let file = json!({ "graphs": { "g": graph() }, "scenarios": [scenario] });
    Report::of(&File::read(&file.to_string()).expect("a file of scenarios"), "", SETTINGS)
}

fn count(query: &str, expect: &Json) -> Count {
    report(query, expect).tiers["T"]
}

const PASSED: Count = Count { passed: 1, failed: 0, unsupported: 0 };
const FAILED: Count = Count { passed: 0, failed: 1, unsupported: 0 };
const UNSUPPORTED: Count = Count { passed: 0, failed: 0, unsupported: 1 };
const QUERY: &str = "MATCH (a:A)-[:T]->(b) RETURN a.x AS x, b.x AS y";

#[test]
fn a_right_table_passes_whatever_the_order_of_its_columns() {
    assert_eq!(count(QUERY, &rows(&["x", "y"], &json!([[int(1), int(2)]]))), PASSED);
    assert_eq!(count(QUERY, &rows(&["y", "x"], &json!([[int(2), int(1)]]))), PASSED);
}

#[test]
fn a_wrong_table_fails_and_the_report_says_why() {
    for wrong in [json!([]), json!([[int(1), int(3)]]), json!([[int(1), int(2)], [int(1), int(2)]])] {
        let report = report(QUERY, &rows(&["x", "y"], &wrong));
        assert_eq!(report.tiers["T"], FAILED, "{wrong}");
        assert_eq!(report.failures[0].query, QUERY);
        assert!(report.failures[0].why.contains("but there is"), "{}", report.failures[0].why);
    }
    assert_eq!(count(QUERY, &rows(&["x", "z"], &json!([[int(1), int(2)]]))), FAILED);
    assert_eq!(count(QUERY, &rows(&["x"], &json!([[int(1)]]))), FAILED);
    assert_eq!(count(QUERY, &rows(&["x", "y"], &json!([[{ "float": "1.0" }, int(2)]]))), FAILED);
}

#[test]
fn an_expected_error_passes_where_it_comes_and_fails_where_it_does_not() {
    let error = json!({ "kind": "error", "error": "SyntaxError", "phase": "compile time", "detail": "X" });
    assert_eq!(count("MATCH (a) RETURN b", &error), PASSED);
    assert_eq!(count("MATCH (a:A) RETURN 1 / (a.x - 1)", &error), PASSED);
    assert_eq!(count("MATCH (a:A) RETURN 1 / (a.x - 2)", &error), FAILED);
}

#[test]
fn a_query_that_is_rejected_is_unsupported() {
    assert_eq!(
        count("CALL db.labels() YIELD label RETURN label", &rows(&["label"], &json!([]))),
        UNSUPPORTED
    );
}

#[test]
fn what_errs_on_some_ways_to_its_graph_is_judged_on_the_others() {
    // A B without its A's value, or with a zero, has no quotient.
    let query = "MATCH (a:A), (b:B) RETURN b.x / a.x AS q";
    assert_eq!(count(query, &rows(&["q"], &json!([[int(2)]]))), PASSED);
    assert_eq!(count(query, &rows(&["q"], &json!([[int(3)]]))), FAILED);
}

#[test]
fn a_scenario_that_cannot_be_read_fails() {
    assert_eq!(count(QUERY, &rows(&["x", "y"], &json!([[{ "what": "1" }, int(2)]]))), FAILED);
    assert_eq!(count(QUERY, &json!({ "kind": "?" })), FAILED);
    assert!(File::read("{}").is_err());
}

#[test]
fn lists_may_be_told_without_their_order() {
    let query = "MATCH (n) RETURN collect(n.x) AS xs";
    let mut expect = rows(&["xs"], &json!([[{ "list": [int(2), int(1)] }]]));
    assert_eq!(count(query, &expect), FAILED);
    expect["lists_unordered"] = true.into();
    assert_eq!(count(query, &expect), PASSED);
}

#[test]
fn a_tier_is_chosen_by_its_beginning() {
    let file = json!({ "graphs": {}, "scenarios": [
        { "id": "1", "tier": "G1-core", "params": [], "query": "RETURN 1 AS x", "expect": rows(&["x"], &json!([[int(1)]])) },
        { "id": "2", "tier": "G2", "params": [], "query": "RETURN 1 AS x", "expect": rows(&["x"], &json!([[int(2)]])) },
    ] });
    let file = File::read(&file.to_string()).expect("a file of scenarios");
    assert_eq!(Report::of(&file, "G1", SETTINGS).tiers, [("G1-core".into(), PASSED)].into());
    assert_eq!(Report::of(&file, "G", SETTINGS).tiers.len(), 2);
}
