//! What `livewell check` knows beside the text of a configuration.

use super::place::Place;

fn place(sources: &str, cypher: &str, reactions: &str) -> Place {
    let config = format!(
        "sources:\n{sources}queries:\n  - {{ id: q, sources: [s], cypher: \"{cypher}\" }}\nreactions: {reactions}\n"
    );
    let place = Place::new(&config, &[]);
    place.write("t.csv", "id,sensor,value\n");
    place
}

const TABLE: &str = "  - { id: s, kind: file, path: t.csv, node: { label: Reading, id: \"r:{id}\" }, relationships: [ { type: OF, to: \"sensor:{sensor}\" } ] }\n";
const ROWS: &str = "MATCH (r:Reading) RETURN r.sensor AS sensor, r.value AS value";

#[test]
fn a_template_is_held_to_the_header_of_a_table_that_is_there() {
    let wrong = place(&TABLE.replace("{sensor}", "{SENSOR}"), ROWS, "[]");
    wrong
        .livewell(&["check", "livewell.yaml"])
        .expect(2, &["no column `SENSOR`", "t.csv", "did you mean `sensor`?"]);
    // One that is not there yet, or has no header yet, says nothing.
    wrong.write("t.csv", "");
    wrong.livewell(&["check", "livewell.yaml"]).expect(0, &[]);
    std::fs::remove_file(wrong.file("t.csv")).unwrap();
    wrong.livewell(&["check", "livewell.yaml"]).expect(0, &[]);
}

#[test]
fn a_key_is_a_column_of_the_query() {
    for target in [
        "{ id: k, kind: postgres, queries: [q], url: \"postgres://me@h/d\", table: t, key: [KEY] }",
        "{ id: k, kind: redis, queries: [q], url: \"redis://h\", prefix: \"p:\", key: [KEY] }",
    ] {
        let wrong = place(TABLE, ROWS, &format!("[ {} ]", target.replace("KEY", "sensr")));
        wrong
            .livewell(&["check", "livewell.yaml"])
            .expect(2, &["LW0606", "`q` has no column `sensr`", "did you mean `sensor`?"]);
        let right = place(TABLE, ROWS, &format!("[ {} ]", target.replace("KEY", "sensor")));
        right.livewell(&["check", "livewell.yaml"]).expect(0, &[]);
    }
}

#[test]
fn a_call_of_constants_that_fails_is_found_before_the_first_row() {
    for (condition, is_wrong) in [
        ("r.age > duration('20 seconds')", true),
        ("r.at > datetime('yesterday')", true),
        ("r.at > datetime('2024-05-01T10:00:00Z') - duration('20 seconds')", true),
        ("r.age > duration('PT20S')", false),
        ("r.age > CASE WHEN r.x THEN duration('20 seconds') ELSE r.age END", false),
        ("r.age > duration(r.wait)", false),
    ] {
        let cypher = format!("MATCH (r:Reading) WHERE {condition} RETURN r.id AS id");
        let ran = place(TABLE, &cypher, "[]").livewell(&["check", "livewell.yaml"]);
        match is_wrong {
            true => ran.expect(2, &["LW0510", "has no value"]),
            false => ran.expect(0, &[]),
        };
    }
}

#[test]
fn a_label_or_type_that_no_mapping_makes_is_warned_of_where_all_sources_are_mapped() {
    let cypher = "MATCH (r:Readings)-[:OFF]->(s) RETURN r.id AS id";
    let ran = place(TABLE, cypher, "[]").livewell(&["check", "livewell.yaml"]);
    ran.expect(
        0,
        &["warning: livewell.yaml:4:", "the label `Readings`", "did you mean `Reading`?", "the type `OFF`"],
    );
    assert_eq!(ran.err.lines().count(), 2, "{}", ran.err);
    assert!(ran.out.contains("is valid"));
    let ran = place(TABLE, "MATCH (r:Reading)-[:OF]->(s) RETURN r.id AS id", "[]");
    assert_eq!(ran.livewell(&["check", "livewell.yaml"]).expect(0, &[]).err, "");
    let changes = place("  - { id: s, kind: file, path: ops.jsonl }\n", cypher, "[]");
    assert_eq!(changes.livewell(&["check", "livewell.yaml"]).expect(0, &[]).err, "");
}

#[test]
fn a_file_that_a_source_reads_and_that_is_not_there_is_warned_of() {
    let files = "  - { id: s, kind: file, files: [ { path: t.csv, node: { label: A, id: \"a:{id}\" } }, { path: u.csv, node: { label: A, id: \"b:{id}\" } } ] }\n";
    let place = place(files, "MATCH (a:A) RETURN a.id AS id", "[]");
    let ran = place.livewell(&["check"]);
    ran.expect(0, &["warning: livewell.yaml:2:", "`u.csv`, which `s` reads, does not exist", "LW0206"]);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.out.contains("is valid"));
    place.write("u.csv", "");
    assert_eq!(place.livewell(&["check"]).expect(0, &[]).err, "");
}

#[test]
fn a_file_that_holds_something_else_is_refused_unless_it_may_be_taken_over() {
    for (mode, then) in [("append", "of a person\n{\"query_id\""), ("table", "{\"row_signature\"")] {
        let reaction = format!("[ {{ id: r, kind: file, queries: [q], path: notes.txt, mode: {mode} }} ]");
        let place = place(TABLE, "MATCH (r:Reading) RETURN r.id AS id", &reaction);
        place.write("notes.txt", "of a person\n");
        let ran = place.livewell(&["check"]);
        ran.expect(0, &["warning: livewell.yaml:5:", "`notes.txt` is there", "LW0404", "take_over: true"]);
        place.run().expect(1, &["LW0404", "`notes.txt` holds something else", "take_over: true"]);
        assert_eq!(place.read("notes.txt"), "of a person\n");
        let allowed =
            place.read("livewell.yaml").replace("path: notes.txt", "path: notes.txt, take_over: true");
        place.write("livewell.yaml", &allowed);
        assert_eq!(place.livewell(&["check"]).expect(0, &[]).err, "");
        place.append("t.csv", "1,2,3\n");
        place.run().expect(0, &[]);
        assert!(place.read("notes.txt").starts_with(then), "{mode}: {}", place.read("notes.txt"));
    }
}
