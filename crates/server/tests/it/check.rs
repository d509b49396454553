//! `livewell check`: every problem at its place, and nothing to say about what is valid.
//!
//! `configs/` holds the cases: what is wrong in `x.yaml` is written in `x.expected`, a configuration without
//! one is valid. `{kinds of reactions}` stands for those of this build.

use super::{configs, livewell, text};
use livewell_reaction::kinds::BUILT_IN;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

#[test]
fn every_wrong_configuration_gets_its_message_and_exit_code_2() {
    let mut wrong = 0;
    let kinds = BUILT_IN.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    for entry in fs::read_dir(configs()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(expected) = fs::read_to_string(path.with_extension("expected")) else { continue };
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let name = path.file_name().unwrap().to_str().unwrap();
            let output = livewell(&["check", name]);
            let expected = expected.replace("{kinds of reactions}", &kinds);
            assert_eq!(text(&output.stderr), expected, "{name}");
            assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{name}");
            wrong += 1;
        }
    }
    assert!(wrong >= 10, "the cases were not found");
}

#[test]
fn a_configuration_in_order_is_said_to_be() {
    for (name, counts) in [
        ("minimal.yaml", "1 source, 1 query, 0 reactions"),
        ("whole.yaml", "3 sources, 3 queries, 3 reactions"),
    ] {
        let output = livewell(&["check", name]);
        assert_eq!(text(&output.stderr), "", "{name}");
        assert_eq!(text(&output.stdout), format!("`{name}` is valid: {counts}\n"));
        assert_eq!(output.status.code(), Some(0));
    }
}

fn checked(content: &[u8]) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("c.yaml");
    fs::write(&path, content).unwrap();
    let output = livewell(&["check", path.to_str().unwrap()]);
    (output.status.code(), text(&output.stderr).to_owned())
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let output = livewell(&["check", "no-such.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error[LW0601]: cannot read `no-such.yaml`: "));
    let (code, error) = checked(b"sources: \xff\n");
    assert_eq!(code, Some(2));
    assert!(error.contains("not UTF-8 text from byte 9 on"), "{error}");
    assert!(!Path::new("no-such.yaml").exists());
}

#[test]
fn hostile_text_is_refused_and_nothing_worse() {
    let nested = [&b"sources: "[..], &b"[".repeat(100_000)].concat();
    let bomb: String = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, level| {
        let below = level - 1;
        text + &format!("a{level}: &a{level} [*a{below}, *a{below}, *a{below}, *a{below}]\n")
    });
    let huge = b"#".repeat(5 << 20);
    let deep = format!("queries:\n  - {{ id: a, sources: [b], cypher: \"RETURN {}\" }}", "(".repeat(100_000));
    for hostile in
        [&nested[..], bomb.as_bytes(), &huge, deep.as_bytes(), b"\0\x01", b"? [a]\n: b", b"a: !x 1"]
    {
        let (code, error) = checked(hostile);
        assert_eq!(code, Some(2), "{error}");
        assert!(error.starts_with("error[LW"), "{error}");
    }
}

#[test]
fn no_secret_is_shown_of_a_line_with_a_fault() {
    let tables = "tables: [ { table: t, label: T, key: [id] } ]";
    let url = "postgres://admin:s3cret@host/db";
    for wrong in [
        format!("sources:\n  - {{ id: s, kind: postgres, url: {url}, tabels: [] }}"),
        format!("sources:\n  - {{ id: s, kind: postgres, ulr: \"{url}\", {tables} }}"),
        format!("sources:\n  - id: s\n    kind: postgres\n    url: [{url}]\n    {tables}"),
        format!("sources:\n  - {{ id: s, kind: postgres, url: postgres:/admin:s3cret@host/db, {tables} }}"),
        format!("sources:\n  - {{ id: s, kind: postgres, url: {url}, {tables} ]"),
        format!("sources:\n  - id: s\n    kind: postgres\n    url: \"{url}\n    {tables}"),
        format!("sources:\n  - id: s\n    url: {url}\n   kind: postgres"),
        "server: { listen: 127.0.0.1, token: s3cret }".into(),
        "server: { tokn: s3cret }".into(),
        "server:\n  token: [s3cret]".into(),
        "server:\n  token: *s3cret".into(),
        "server:\n  token: !s3cret x".into(),
        "server:\n  token: @s3cret".into(),
        "server: { token: \"s3cret }".into(),
        "server:\n  token: s3cret: x".into(),
        "server: { token: s3cret, token: s3cret }".into(),
        "sources:\n  - { id: s, kind: nats, url: nats://h, stream: S, user: u, password: s3cret, tken: s3cret }".into(),
        "reactions:\n  - { id: h, kind: webhook, queries: [q], url: \"https://h/x\", secret: s3cret, bach: 1 }".into(),
        "reactions:\n  - { id: h, kind: webhook, url: \"https://h/s3cret\", headers: { A: s3cret }, queris: 1 }".into(),
        "reactions:\n  - { id: h, kind: redis, url: \"redis://:s3cret@h\", queries: [q], key: x, prefx: 1 }".into(),
    ] {
        let (code, error) = checked(wrong.as_bytes());
        assert_eq!(code, Some(2), "{wrong}\n{error}");
        assert!(!error.contains("s3cret"), "{wrong}\n{error}");
    }
}
