//! Bad input through the binary: a clear message, an end, and nothing lost of what came before.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const NODE: &str =
    r#"{"operation":"insert","element":{"type":"node","id":"a","labels":["A"],"properties":{"x":1}}}"#;
const RELATIONSHIP: &str =
    r#"{"operation":"insert","element":{"type":"relation","id":"r","labels":["R"],"from":"a","to":"a"}}"#;
const NODE_IN_ITS_PLACE: &str = r#"{"operation":"insert","element":{"type":"node","id":"r","labels":["A"]}}"#;

#[test]
fn a_source_that_others_come_after_may_fail_and_the_run_still_ends() {
    let place = place(&[NODE]);
    write(
        place.path(),
        "livewell.yaml",
        "sources:\n  - { id: first, kind: file, path: absent.jsonl }\n  - { id: ops, kind: file, path: ops.jsonl, after: [first] }\nqueries:\n  - { id: q, sources: [ops], cypher: 'MATCH (n:A) RETURN n.x AS x' }\n",
    );
    let output = run(place.path());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("`absent.jsonl` does not exist"), "{said}");
    assert!(said.contains("`ops` waits for `first`, which is in error"), "{said}");
}

#[test]
fn what_comes_before_a_refused_transaction_is_taken_in_and_the_line_is_named() {
    let place = place(&[NODE, RELATIONSHIP, NODE_IN_ITS_PLACE, NODE]);
    write(
        place.path(),
        "livewell.yaml",
        "sources:\n  - { id: ops, kind: file, path: ops.jsonl }\nqueries:\n  - { id: q, sources: [ops], cypher: 'MATCH (n:A)-[:R]->() RETURN n.x AS x' }\n",
    );
    let output = run(place.path());
    let (out, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("ops.jsonl:3: `ops/r` is a relationship"), "{said}");
    assert!(out.contains("2 transactions, 2 elements, in error"), "{out}");
    assert!(out.contains("1 results, 1 rows"), "{out}");
}

#[test]
fn a_reaction_whose_place_cannot_be_made_ends_the_run_in_error_and_goes_on_once_it_can() {
    let place = place(&[NODE]);
    write(
        place.path(),
        "livewell.yaml",
        "sources:\n  - { id: ops, kind: file, path: ops.jsonl }\nqueries:\n  - { id: q, sources: [ops], cypher: 'MATCH (n:A) RETURN n.x AS x' }\nreactions:\n  - { id: late, kind: file, queries: [q], path: out/late.jsonl }\n",
    );
    write(place.path(), "out", "a file where the directory belongs");
    let output = run(place.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("`late`"), "{}", text(&output.stderr));
    std::fs::remove_file(place.path().join("out")).unwrap();
    let output = run(place.path());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_to_string(place.path().join("out/late.jsonl")).unwrap().lines().count(), 1);
}

pub fn place(lines: &[&str]) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), "ops.jsonl", &(lines.join("\n") + "\n"));
    place
}

pub fn write(place: &Path, name: &str, content: &str) {
    std::fs::write(place.join(name), content).unwrap();
}

/// Runs to idle; a run that does not end is a failure, not a hang of the tests.
pub fn run(place: &Path) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_livewell"))
        .args(["run", "livewell.yaml", "--until-idle", "--log-level", "error"])
        .current_dir(place)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("the run does not end: {}", text(&child.wait_with_output().unwrap().stderr));
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
