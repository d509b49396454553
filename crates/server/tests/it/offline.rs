//! A store without a server: what a run says of itself, and a reset that begins with the next one.

use super::place::Place;

const CONFIG: &str = "sources:
  - { id: ops, kind: file, path: ops.jsonl, node: { label: LABEL, id: \"{id}\" } }
queries:
  - { id: q, sources: [ops], cypher: \"MATCH (r:Reading) RETURN r.id AS id\", recovery: auto_reset }
reactions:
  - { id: now, kind: file, queries: [q], path: now.jsonl, mode: table }
";

#[test]
fn a_source_is_reset_without_a_server_and_read_anew_by_the_next_run() {
    let place = Place::new(&CONFIG.replace("LABEL", "Readings"), &[r#"{"id":1}"#]);
    place.run().expect(0, &[]);
    place.write("livewell.yaml", &CONFIG.replace("LABEL", "Reading"));
    place.run().expect(1, &["LW0216"]);
    let ran = place.livewell(&["reset", "ops", "--store", "livewell-data"]);
    assert!(ran.expect(0, &[]).out.contains("`ops` will be reset"), "{}", ran.out);
    place.run().expect(0, &[]);
    assert_eq!(place.results("q").lines().count(), 1);
    assert_eq!(place.read("now.jsonl").lines().count(), 1);
    // It was asked for once.
    let ran = place.run();
    assert!(ran.expect(0, &[]).out.contains("1 transaction, 1 element"), "{}", ran.out);
}

#[test]
fn a_reaction_and_a_query_are_reset_without_a_server() {
    let place = Place::new(&CONFIG.replace("LABEL", "Reading"), &[r#"{"id":1}"#]);
    place.run().expect(0, &[]);
    place.write("now.jsonl", "");
    for id in ["now", "q"] {
        place.livewell(&["reset", id, "--store", "livewell-data"]).expect(0, &[]);
    }
    place.run().expect(0, &[]);
    assert!(place.read("now.jsonl").contains(r#""id":1"#), "{}", place.read("now.jsonl"));
    place.livewell(&["reset", "absent", "--store", "livewell-data"]).expect(1, &["LW0501"]);
    let tables = ["reset", "ops", "--table", "t", "--store", "livewell-data"];
    place.livewell(&tables).expect(2, &["`--table` needs a running server"]);
}

#[test]
fn what_is_sent_to_cannot_be_read_anew() {
    let place = Place::new("sources:\n  - { id: ops, kind: http }\n", &[]);
    place.run().expect(0, &[]);
    place.livewell(&["reset", "ops", "--store", "livewell-data"]).expect(1, &["LW0528"]);
}

#[test]
fn a_run_says_in_a_line_what_runs_and_how_to_look_at_it() {
    let place = Place::new(&CONFIG.replace("LABEL", "Reading"), &[]);
    let ran = place.livewell(&["run", "livewell.yaml", "--until-idle"]);
    let said = ran.err.lines().filter(|line| line.contains("1 source, 1 query, 1 reaction")).count();
    assert_eq!(said, 1, "{}", ran.err);
    ran.expect(0, &[env!("CARGO_PKG_VERSION"), "livewell-data"]);
    place
        .livewell(&["status", "--server", "http://127.0.0.1:1"])
        .expect(1, &["LW0710", "`server: { listen: 127.0.0.1:7171 }`"]);
}
