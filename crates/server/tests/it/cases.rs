//! `livewell test`: a user's own cases, as in their continuous integration.

use super::place::{Place, Ran};
use std::path::{Path, PathBuf};
use std::process::Command;

const CONFIG: &str = "sources:\n  - { id: orders, kind: http }\n  - { id: people, kind: http }\n\
    queries:\n  - { id: big, sources: [orders], params: { limit: 100 }, \
    cypher: 'MATCH (o:Order) WHERE o.total > $limit RETURN o.id AS id, o.total AS total' }\n\
    \x20 - { id: over, sources: [big], cypher: 'MATCH (r:big) RETURN r.id AS id' }\n";

fn order(total: i64) -> String {
    format!(
        "{{\"operation\":\"insert\",\"element\":{{\"type\":\"node\",\"id\":\"o1\",\"labels\":[\"Order\"],\
         \"properties\":{{\"id\":\"o1\",\"total\":{total}}}}}}}"
    )
}

fn page(query: &str, expected: &str) -> String {
    format!(
        "# A page\n\n{query}\n\n1. An order.\n\n   ```diff step\n   {}\n   {expected}\n   ```\n",
        order(250)
    )
}

fn case(query: &str, expected: &str) -> Place {
    let place = Place::new(CONFIG, &[]);
    place.write("case.md", &page(query, expected));
    place
}

#[test]
fn the_example_in_the_repository_passes() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/tested");
    let test = |folder: &Path, arguments: &[&str]| {
        let livewell =
            Command::new(env!("CARGO_BIN_EXE_livewell")).args(arguments).current_dir(folder).output();
        Ran::from(livewell.unwrap())
    };
    let ran = test(&folder, &["test", "cases"]);
    assert!(ran.expect(0, &[]).out.contains("2 passed, 0 failed"), "{}", ran.out);
    // The pages of the query guide are of the same form, but for readers of one value and the order of their diffs.
    let guide = folder.join("../../docs/guide/query");
    let ran = test(&guide, &["test", "with.md"]);
    assert!(ran.expect(0, &[]).out.contains(" 0 failed"), "{}", ran.out);
}

#[test]
fn a_query_of_the_configuration_is_tested_with_its_parameters() {
    let place = case("```query\nbig\n```", "+ {\"total\": 250, \"id\": \"o1\"}");
    assert!(place.livewell(&["test", "case.md"]).expect(0, &[]).out.starts_with("ok    case.md:3  big\n"));
    place.write("livewell.yaml", &CONFIG.replace("limit: 100", "limit: 300"));
    let ran = place.livewell(&["test", "."]);
    ran.expect(1, &[]);
    for part in
        ["FAIL  ./case.md:3  big", "step 1, line 9:", "missing     + {\"total\": 250", "0 passed, 1 failed"]
    {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
}

#[test]
fn what_comes_and_was_not_expected_is_shown() {
    let query = "```cypher standing\nMATCH (o:Order) RETURN o.total AS total\n```";
    let ran = case(query, "(no diff)").livewell(&["test", "case.md"]);
    assert!(ran.expect(1, &[]).out.contains("unexpected  + {\"total\":250}"), "{}", ran.out);
}

#[test]
fn a_case_that_cannot_be_run_fails_and_says_why() {
    for (query, why) in [
        ("```query\nbgi\n```", "did you mean `big`?"),
        ("```query\nover\n```", "reads the query `big`"),
        ("```cypher standing\nMATCH (o:Order RETURN o\n```", "LW1"),
    ] {
        let ran = case(query, "(no diff)").livewell(&["test", "case.md"]);
        assert!(ran.expect(1, &[]).out.contains(why), "{why}: {}", ran.out);
    }
    let elsewhere = case("```query\nbig\n```", "(no diff)");
    elsewhere.write(
        "case.md",
        &page("```query\nbig\n```", "(no diff)").replace("   {\"op", "   source: people\n   {\"op"),
    );
    let ran = elsewhere.livewell(&["test", "case.md"]);
    assert!(ran.expect(1, &[]).out.contains("does not read the source `people`"), "{}", ran.out);
}

#[test]
fn malformed_pages_and_no_cases_are_wrong_usage_with_their_place() {
    let place = case("```cypher standng\nRETURN 1 AS x\n```", "(no diff)");
    place.livewell(&["test", "case.md"]).expect(2, &["case.md: line 3", "LW0781"]);
    place.write("case.md", "# Prose\n\n```sh\nls\n```\n");
    place.livewell(&["test", "."]).expect(2, &["no file below `.` has a test case", "LW0781"]);
    place.livewell(&["test", "no-such"]).expect(2, &["no-such", "LW0781"]);
}

#[test]
fn a_report_has_each_case_with_its_failure_escaped() {
    let place = case("```query\nbig\n```", "+ {\"id\":\"<&>\",\"total\":250}");
    place.livewell(&["test", "case.md", "--junit", "report.xml"]).expect(1, &[]);
    let report = std::fs::read_to_string(place.path().join("report.xml")).unwrap();
    for part in ["tests=\"1\" failures=\"1\"", "name=\"big\"", "line=\"3\"", "&lt;&amp;&gt;", "</testsuite>"]
    {
        assert!(report.contains(part), "{part}: {report}");
    }
}
