//! What a file source, its store and its configuration may be handed, through the binary: the message says
//! what is wrong and where, the run ends with exit code 1, and no answer is wrong.

use super::hostile::{place, run, text, write};
use std::fs;
use std::process::Output;
use tempfile::TempDir;

const CONFIG: &str = "store: { kind: embedded, path: data }\n\
    sources:\n  - { id: ops, kind: file, path: ops.jsonl }\n\
    queries:\n  - { id: q, sources: [ops], cypher: 'MATCH (n:A) RETURN n.x AS x' }\n";
const NOT_JSON: &str = r#"{"operation":"insert","element":}"#;

#[test]
fn a_line_that_is_not_json_stops_the_source_at_its_line_and_column() {
    let place = started(&[&node("a"), NOT_JSON, &node("b")]);
    let output = run(place.path());
    refused(&output, &["ops.jsonl:2:33", "LW0201"]);
    assert!(text(&output.stdout).contains("1 results, 1 rows"), "{}", text(&output.stdout));
}

#[test]
fn a_line_that_is_not_json_is_parked_where_the_source_says_so() {
    let place = started(&[&node("a"), NOT_JSON, &node("b")]);
    let parking = CONFIG.replace("path: ops.jsonl", "path: ops.jsonl, on_error: park");
    write(place.path(), "livewell.yaml", &parking);
    let output = run(place.path());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains(" 2 rows"), "{}", text(&output.stdout));
}

#[test]
fn a_file_edited_or_shortened_behind_its_position_is_refused() {
    for changed in [format!("{}\n{}\n", node("c"), node("b")), format!("{}\n", node("a"))] {
        let place = started(&[&node("a"), &node("b")]);
        assert_eq!(run(place.path()).status.code(), Some(0));
        write(place.path(), "ops.jsonl", &changed);
        let output = run(place.path());
        refused(&output, &["ops.jsonl", "LW0208"]);
        assert!(text(&output.stdout).contains(" 2 rows"), "{}", text(&output.stdout));
    }
}

#[test]
fn an_id_of_a_megabyte_and_properties_nested_200_deep_are_refused_at_their_line() {
    let deep = format!("{}1{}", r#"{"y":"#.repeat(200), "}".repeat(200));
    let nested = node("b").replace(r#""x":1"#, &format!(r#""x":{deep}"#));
    for bad in [node(&"i".repeat(1 << 20)), nested] {
        let place = started(&[&node("a"), &bad]);
        let output = run(place.path());
        refused(&output, &["ops.jsonl:2", "LW0"]);
        assert!(text(&output.stderr).len() < 10_000, "the message repeats the input");
        assert!(text(&output.stdout).contains("1 results, 1 rows"), "{}", text(&output.stdout));
    }
}

#[test]
fn a_directory_that_is_not_a_store_is_refused_and_left_as_it_was() {
    let place = started(&[&node("a")]);
    fs::create_dir(place.path().join("data")).unwrap();
    write(place.path(), "data/letters.txt", "dear");
    refused(&run(place.path()), &["data", "LW0304"]);
    let names: Vec<_> =
        fs::read_dir(place.path().join("data")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["letters.txt"]);
}

#[test]
fn a_truncated_or_bit_flipped_store_gives_the_rows_it_held_or_a_refusal() {
    let lines: Vec<String> = (0..1_000).map(|at| node(&format!("n{at}"))).collect();
    let place = started(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(run(place.path()).status.code(), Some(0));
    let rows = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_livewell"));
        command.args(["results", "q", "--store", "data"]).current_dir(place.path()).output().unwrap()
    };
    let (right, file) = (rows().stdout, place.path().join("data/data.mdb"));
    let whole = fs::read(&file).unwrap();
    let mut refused = 0;
    for at in 0..60 {
        let mut bytes = whole.clone();
        match at % 4 {
            0 => bytes.truncate(whole.len() * at / 60),
            _ => bytes[whole.len() * at / 60 + at * 67] ^= 1 << (at % 8),
        }
        fs::write(&file, bytes).unwrap();
        let output = rows();
        match output.status.success() {
            true => assert_eq!(output.stdout, right, "damage {at} gives a wrong answer"),
            false => refused += 1,
        }
    }
    assert!(refused >= 15, "every truncated store is refused");
}

fn started(lines: &[&str]) -> TempDir {
    let place = place(lines);
    write(place.path(), "livewell.yaml", CONFIG);
    place
}

fn node(id: &str) -> String {
    format!(
        r#"{{"operation":"insert","element":{{"type":"node","id":"{id}","labels":["A"],"properties":{{"x":1}}}}}}"#
    )
}

/// The run ended with exit code 1 and said each of `words`.
#[track_caller]
fn refused(output: &Output, words: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for word in words {
        assert!(said.contains(word), "no `{word}` in: {said}");
    }
}
