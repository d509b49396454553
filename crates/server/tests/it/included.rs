//! A configuration that includes folders of queries.

use super::place::Place;

const MAIN: &str =
    "include: [queries/*.yaml, others.yaml]\nsources:\n  - { id: ops, kind: file, path: ops.jsonl }\n";
const NODE: &str =
    r#"{"operation":"insert","element":{"type":"node","id":"n","labels":["A"],"properties":{"x":7}}}"#;

fn query(id: &str) -> String {
    format!("queries:\n  - id: {id}\n    sources: [ops]\n    cypher: 'MATCH (n:A) RETURN n.x AS x'\n")
}

fn place() -> Place {
    let place = Place::new(MAIN, &[NODE]);
    std::fs::create_dir(place.path().join("queries")).unwrap();
    place.write("queries/one.yaml", &query("one"));
    place.write("queries/two.yaml", &query("two"));
    place.write("others.yaml", "reactions:\n  - { id: out, kind: file, queries: [two], path: out.jsonl }\n");
    place
}

#[test]
fn what_files_include_runs_as_if_it_were_in_the_configuration() {
    let place = place();
    let checked = place.livewell(&["check"]);
    assert!(checked.expect(0, &[]).out.contains("1 source, 2 queries, 1 reaction"), "{}", checked.out);
    place.run().expect(0, &[]);
    assert!(place.results("one").contains("\"x\":7"));
    // Paths begin at the directory of the configuration, wherever the file is that names them.
    assert!(place.path().join("out.jsonl").is_file());
}

#[test]
fn a_problem_names_the_file_and_the_line_in_it() {
    let place = place();
    place.write("queries/two.yaml", &query("two").replace("RETURN n.x", "RETRUN n.x"));
    let wrong = place.livewell(&["check"]);
    wrong.expect(2, &["queries/two.yaml:4:", "RETRUN", "^"]);
    place.write("queries/two.yaml", &query("one"));
    place.livewell(&["check"]).expect(2, &["LW0605", "queries/two.yaml:2:", "`one`"]);
    place.write("queries/two.yaml", &query("two").replace("[ops]", "[ups]"));
    place.livewell(&["check"]).expect(2, &["LW0606", "queries/two.yaml:3:", "did you mean `ops`?"]);
    place.write("queries/two.yaml", "queries: [\n");
    place.livewell(&["check"]).expect(2, &["LW0602", "queries/two.yaml:"]);
    place.write("queries/two.yaml", &query("two").replace("n:A", "n:B"));
    place.write("ops.csv", "id\n1\n");
    place.write(
        "livewell.yaml",
        &MAIN.replace("path: ops.jsonl", "path: ops.csv, node: { label: A, id: '{id}' }"),
    );
    place.livewell(&["check"]).expect(0, &["warning: ", "queries/two.yaml:4:", "`B`"]);
    let json = place.livewell(&["check", "--format", "json"]);
    assert!(json.out.contains("\"valid\": true"), "{}", json.out);
}

#[test]
fn what_cannot_be_included_is_refused() {
    let place = place();
    for (text, parts) in [
        (
            "include: nothing/*.yaml\n",
            &["LW0601", "no file matches `nothing/*.yaml`", "livewell.yaml:1:"][..],
        ),
        ("include: missing.yaml\n", &["LW0601", "no file matches"]),
        ("include: { a: b }\n", &["LW0604", "a path or a list of paths"]),
        ("include: 'queries/[.yaml'\n", &["LW0601"]),
    ] {
        place.write("livewell.yaml", text);
        place.livewell(&["check"]).expect(2, parts);
    }
    place.write("livewell.yaml", MAIN);
    for section in ["store: { kind: memory }", "server: {}", "include: livewell.yaml"] {
        place.write("others.yaml", &format!("{section}\n"));
        place.livewell(&["check"]).expect(2, &["LW0603", "others.yaml:1:", "an included file cannot have"]);
    }
    for text in ["- id: x\n", "queries: { id: x }\n"] {
        place.write("others.yaml", text);
        place.livewell(&["check"]).expect(2, &["LW0604", "others.yaml:1:"]);
    }
    place.write("others.yaml", "# nothing yet\n");
    place.livewell(&["check"]).expect(0, &[]);
}

#[test]
fn secrets_in_an_included_file_are_not_shown() {
    let place = place();
    place.write("others.yaml", "reactions:\n  - { id: out, kind: postgres, queries: [two], url: 'postgres://me:s3cretword@h/d', tabel: x, key: [x] }\n");
    let wrong = place.livewell(&["check"]);
    wrong.expect(2, &["others.yaml:2:", "tabel"]);
    assert!(!wrong.err.contains("s3cretword"), "{}", wrong.err);
}
