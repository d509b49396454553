//! Bad input through the binary: a clear message, an end, and nothing lost of what came before.

use super::place::Place;

const NODE: &str =
    r#"{"operation":"insert","element":{"type":"node","id":"a","labels":["A"],"properties":{"x":1}}}"#;
const SECOND: &str =
    r#"{"operation":"insert","element":{"type":"node","id":"b","labels":["A"],"properties":{"x":2}}}"#;
const RELATIONSHIP: &str =
    r#"{"operation":"insert","element":{"type":"relation","id":"r","labels":["R"],"from":"a","to":"a"}}"#;
const NODE_IN_ITS_PLACE: &str = r#"{"operation":"insert","element":{"type":"node","id":"r","labels":["A"]}}"#;
const OPS: &str = "sources:\n  - { id: ops, kind: file, path: ops.jsonl }\n";
const ALL: &str = "queries:\n  - { id: q, sources: [ops], cypher: 'MATCH (n:A) RETURN n.x AS x' }\n";

/// One source, one query, and more lines in the source's settings.
fn place(settings: &str, lines: &[&str]) -> Place {
    let source = format!("sources:\n  - {{ id: ops, kind: file, path: ops.jsonl{settings} }}\n");
    Place::new(&format!("{source}{ALL}"), lines)
}

#[test]
fn a_source_that_others_come_after_may_fail_and_the_run_still_ends() {
    let sources = "sources:\n  - { id: first, kind: file, path: absent.jsonl }\n  - { id: ops, kind: file, path: ops.jsonl, after: [first] }\n";
    let place = Place::new(&format!("{sources}{ALL}"), &[NODE]);
    place.run().expect(1, &["`absent.jsonl` does not exist", "`ops` waits for `first`, which is in error"]);
}

#[test]
fn what_comes_before_a_refused_transaction_is_taken_in_and_the_line_is_named() {
    let query = "queries:\n  - { id: q, sources: [ops], cypher: 'MATCH (n:A)-[:R]->() RETURN n.x AS x' }\n";
    let place = Place::new(&format!("{OPS}{query}"), &[NODE, RELATIONSHIP, NODE_IN_ITS_PLACE, NODE]);
    let ran = place.run();
    ran.expect(1, &["ops.jsonl:3: `ops/r` is a relationship"]);
    assert!(ran.out.contains("2 transactions, 2 elements, in error"), "{}", ran.out);
    assert!(ran.out.contains("1 result, 1 row"), "{}", ran.out);
}

#[test]
fn a_reaction_whose_place_cannot_be_made_ends_the_run_in_error_and_goes_on_once_it_can() {
    let reaction = "reactions:\n  - { id: late, kind: file, queries: [q], path: out/late.jsonl }\n";
    let place = Place::new(&format!("{OPS}{ALL}{reaction}"), &[NODE]);
    place.write("out", "a file where the directory belongs");
    place.run().expect(1, &["`late`"]);
    std::fs::remove_file(place.file("out")).unwrap();
    place.run().expect(0, &[]);
    assert_eq!(place.read("out/late.jsonl").lines().count(), 1);
}

#[test]
fn a_malformed_line_stops_the_source_at_its_line_and_column_until_it_is_mended() {
    let broken = &NODE[..40];
    let place = place("", &[NODE, broken, SECOND]);
    let ran = place.run();
    ran.expect(1, &["ops.jsonl:2:", "LW02"]);
    let column = ran.err.split("ops.jsonl:2:").nth(1).unwrap().split(':').next().unwrap();
    assert_eq!(column.parse::<usize>().unwrap(), broken.len(), "{}", ran.err);
    assert_eq!(place.results("q").lines().count(), 1);
    place.write("ops.jsonl", &format!("{NODE}\n{SECOND}\n"));
    place.run().expect(0, &[]);
    assert_eq!(place.results("q").lines().count(), 2);
}

#[test]
fn a_malformed_line_is_parked_where_that_is_asked_for_and_is_said() {
    let place = place(", on_error: park", &[NODE, "nonsense", SECOND]);
    let ran = place.livewell(&["run", "livewell.yaml", "--until-idle"]);
    ran.expect(0, &["parked", "ops.jsonl:2:2: not JSON"]);
    assert_eq!(place.results("q").lines().count(), 2);
    assert!(ran.out.contains("1 parked"), "{}", ran.out);
    let status = place.livewell(&["status", "--store", "livewell-data", "--format", "json"]);
    assert!(status.out.contains("\"parked\": 1"), "{}", status.out);
}

#[test]
fn a_file_that_was_edited_or_replaced_behind_its_position_stops_and_a_longer_one_does_not() {
    let place = place("", &[NODE, SECOND]);
    place.run().expect(0, &[]);
    place.append("ops.jsonl", &(NODE.replace("\"a\"", "\"c\"") + "\n"));
    place.run().expect(0, &[]);
    let rows = place.results("q");
    assert_eq!(rows.lines().count(), 3);
    for replaced in [
        format!("{}\n{SECOND}\n{NODE}\n", NODE.replace("\"x\":1", "\"x\":7")),
        format!("{NODE}\n"),
        String::new(),
    ] {
        place.write("ops.jsonl", &replaced);
        place.run().expect(
            1,
            &[
                "`ops.jsonl`",
                "`livewell reset ops` (queries over it that are `recovery: strict` stop",
                "LW0208",
            ],
        );
        assert_eq!(place.results("q"), rows, "what was read stays what it was");
    }
}

#[test]
fn a_missing_file_is_named_and_read_once_it_is_there() {
    let place = place("", &[]);
    std::fs::remove_file(place.file("ops.jsonl")).unwrap();
    place.run().expect(1, &["`ops.jsonl` does not exist"]);
    place.write("ops.jsonl", NODE);
    place.run().expect(0, &[]);
    assert_eq!(place.results("q").lines().count(), 1);
}

#[test]
fn an_id_of_a_megabyte_and_properties_nested_200_deep_are_refused_at_their_place() {
    let long = NODE.replace("\"a\"", &format!("\"{}\"", "a".repeat(1 << 20)));
    let deep = NODE.replace("1}", &format!("{}1{}}}", "[".repeat(200), "]".repeat(200)));
    for (line, message) in
        [(long, "an id of 1048576 bytes, and 65536 are allowed"), (deep, "nested deeper than 100 levels")]
    {
        let place = place("", &[SECOND, &line]);
        let ran = place.run();
        ran.expect(1, &["ops.jsonl:2", message]);
        assert!(ran.err.len() < 2_000, "a message is for people, and this one has {} bytes", ran.err.len());
        assert_eq!(place.results("q").lines().count(), 1);
    }
}

#[test]
fn unknown_fields_and_ids_given_twice_end_a_run_before_it_begins() {
    let place = Place::new(&format!("{OPS}{}", ALL.replace("cypher", "cyhper")), &[NODE]);
    place.run().expect(2, &["livewell.yaml:", "`cyhper`", "cypher"]);
    place.write("livewell.yaml", &format!("{OPS}{}", ALL.replace("id: q", "id: ops")));
    place.run().expect(2, &["livewell.yaml:", "the id `ops` is taken by a source"]);
    assert!(!place.file("livewell-data").exists());
}

#[test]
fn a_store_directory_that_is_not_one_is_refused_and_left_alone() {
    let place = place("", &[NODE]);
    std::fs::create_dir(place.file("livewell-data")).unwrap();
    place.write("livewell-data/letter.txt", "dear aunt");
    place.run().expect(1, &["livewell-data", "LW03"]);
    for arguments in [
        &["results", "q", "--store", "livewell-data"][..],
        &["status", "--store", "livewell-data"],
        &["store", "inspect", "livewell-data"],
    ] {
        place.livewell(arguments).expect(1, &["livewell-data"]);
    }
    assert_eq!(place.read("livewell-data/letter.txt"), "dear aunt");
    assert_eq!(std::fs::read_dir(place.file("livewell-data")).unwrap().count(), 1);
    std::fs::remove_dir_all(place.file("livewell-data")).unwrap();
    place.write("livewell-data", "a file");
    place.run().expect(1, &["livewell-data", "LW03"]);
    assert_eq!(place.read("livewell-data"), "a file");
}
