//! Settings read as the contract writes them, and combinations refused.

use livewell_reaction::Connector;
use livewell_reaction::conflict::{shared_paths, shared_targets};
use livewell_reaction::settings::{Rotate, Settings, SettingsError};
use livewell_reaction::{Guarantee, Role, Style};

fn settings(json: &str) -> Settings {
    serde_json::from_str(json).unwrap()
}

fn refusal(json: &str) -> String {
    settings(json).validate().unwrap_err().to_string()
}

#[test]
fn what_is_not_said_has_its_default() {
    let file = settings(r#"{"id":"board","kind":"file","queries":["late"],"path":"board.jsonl"}"#);
    let whole = settings(
        r#"{"id":"board","kind":"file","queries":["late"],"path":"board.jsonl",
            "mode":"append","recovery":"strict","enabled":true,"durable":true}"#,
    );
    assert_eq!(file, whole);
    assert_eq!(file.validate(), Ok(()));
    assert_eq!((file.connector.role(), file.build().style()), (Role::Trigger, Style::Results));
}

#[test]
fn settings_survive_their_json() {
    for json in [
        r#"{"id":"a","kind":"file","queries":["q"],"path":"a.jsonl","mode":"table","recovery":"auto_reset"}"#,
        r#"{"id":"b","kind":"log","queries":["q","r"],"recovery":"auto_skip_gap","enabled":false}"#,
    ] {
        let read = settings(json);
        assert_eq!(settings(&serde_json::to_string(&read).unwrap()), read);
        assert_eq!(read.validate(), Ok(()));
    }
}

#[test]
fn an_unknown_field_is_an_error() {
    let unknown = r#"{"id":"a","kind":"file","queries":["q"],"path":"a","mod":"table"}"#;
    let error = serde_json::from_str::<Settings>(unknown).unwrap_err().to_string();
    assert!(error.contains("unknown field `mod`"), "{error}");
}

#[test]
fn a_recovery_that_does_not_fit_the_role_is_refused() {
    let table = refusal(
        r#"{"id":"a","kind":"file","queries":["q"],"path":"a","mode":"table","recovery":"auto_skip_gap"}"#,
    );
    assert!(table.contains("auto_skip_gap") && table.contains("auto_reset"), "{table}");
    for trigger in [
        r#"{"id":"a","kind":"file","queries":["q"],"path":"a","recovery":"auto_reset"}"#,
        r#"{"id":"a","kind":"log","queries":["q"],"recovery":"auto_reset"}"#,
    ] {
        let trigger = refusal(trigger);
        assert!(trigger.contains("auto_reset") && trigger.contains("auto_skip_gap"), "{trigger}");
    }
}

#[test]
fn a_size_is_a_number_of_bytes_or_has_a_unit() {
    let file = |rotate: &str| {
        let json =
            format!(r#"{{"id":"a","kind":"file","queries":["q"],"path":"a.jsonl","rotate":{rotate}}}"#);
        serde_json::from_str::<Settings>(&json)
    };
    for (bytes, wanted) in [("1000", 1_000), (r#""100MB""#, 100_000_000), (r#""64KiB""#, 65_536)] {
        let read = file(&format!(r#"{{"bytes":{bytes},"keep":10}}"#)).unwrap();
        read.validate().unwrap();
        assert_eq!(settings(&serde_json::to_string(&read).unwrap()), read);
        let Connector::File(file) = read.connector else { panic!("a file") };
        let keep = 10.try_into().unwrap();
        assert_eq!(file.rotate, Some(Rotate { bytes: wanted, keep }));
    }
    for (rotate, says) in [
        (r#"{"bytes":"1 MB","keep":1}"#, "is not a size"),
        (r#"{"bytes":-1,"keep":1}"#, "below 0"),
        (r#"{"bytes":1.5,"keep":1}"#, "a number of bytes"),
        (r#"{"bytes":1,"keep":0}"#, "nonzero"),
        (r#"{"bytes":1}"#, "keep"),
    ] {
        let error = file(rotate).unwrap_err().to_string();
        assert!(error.contains(says), "{rotate}: {error}");
    }
    assert!(
        file(r#"{"bytes":0,"keep":1}"#).unwrap().validate().unwrap_err().to_string().contains("from 1 on")
    );
    let table =
        r#"{"id":"a","kind":"file","queries":["q"],"path":"a","mode":"table","rotate":{"bytes":1,"keep":1}}"#;
    assert!(refusal(table).contains("take `rotate` away"));
}

#[test]
fn two_reactions_do_not_write_where_one_of_them_rotates_to() {
    let at = |id: &str, path: &str, rotate: &str| {
        settings(&format!(r#"{{"id":"{id}","kind":"file","queries":["q"],"path":"{path}"{rotate}}}"#))
    };
    let rotate = r#","rotate":{"bytes":1,"keep":3}"#;
    let all = [at("a", "x", rotate), at("b", "x.3", ""), at("c", "x.y", ""), at("d", "x.03", "")];
    assert_eq!(shared_paths(&all).iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1]);
    let swapped = [at("b", "x.3", ""), at("a", "x", rotate)];
    assert_eq!(shared_paths(&swapped).iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_table_takes_one_query_and_every_reaction_takes_some() {
    let many = refusal(r#"{"id":"a","kind":"file","queries":["q","r"],"path":"a","mode":"table"}"#);
    assert!(many.contains("one query, and 2 are named"), "{many}");
    let none = refusal(r#"{"id":"a","kind":"log","queries":[]}"#);
    assert!(none.contains("no query"), "{none}");
}

#[test]
fn two_reactions_on_one_file_are_refused_however_it_is_written() {
    let directory = tempfile::TempDir::new().unwrap();
    let at = |id: &str, path: &str| {
        let path = directory.path().join(path);
        settings(&format!(r#"{{"id":"{id}","kind":"file","queries":["q"],"path":{path:?}}}"#))
    };
    let all =
        [at("a", "out/x.jsonl"), at("b", "x.jsonl"), at("c", "out/./y/../x.jsonl"), at("d", "out/y.jsonl")];
    let refused = shared_paths(&all);
    assert!(
        matches!(&refused[..], [(2, SettingsError::SharedPath { other, .. })] if other == "a"),
        "{refused:?}"
    );
}

#[test]
fn kinds_with_a_target_elsewhere_have_their_roles_and_refusals() {
    let hook = r#""id":"h","kind":"webhook","queries":["q"]"#;
    let table = r#""id":"t","kind":"postgres","queries":["q"],"url":"postgres://h/d""#;
    let keys = r#""id":"k","kind":"redis","queries":["q"]"#;
    let fits = |rest: &str| {
        let read = settings(&format!("{{{rest}}}"));
        read.validate().map(|()| read.connector.role())
    };
    let refused = |rest: &str, word: &str| {
        let error = fits(rest).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
        error.field()
    };
    let role = fits(&format!(r#"{hook},"url":"https://example.com","recovery":"auto_skip_gap""#));
    assert_eq!(role, Ok(Role::Trigger));
    assert_eq!(
        refused(&format!(r#"{hook},"url":"https://x.org","recovery":"auto_reset""#), "auto_skip"),
        "recovery"
    );
    for (rest, field) in [
        (r#""url":"ftp://example.com""#, "url"),
        (r#""url":"http://2130706433/""#, "url"),
        (r#""url":"http://[::1]:80""#, "url"),
        (r#""url":"https://example.com","secret":"s3cret""#, "secret"),
        (r#""url":"https://example.com","template":"{{ a""#, "template"),
        (r#""url":"https://example.com","headers":{"webhook-id":"1"}"#, "headers"),
        (r#""url":"https://example.com","timeout":"1h""#, "timeout"),
    ] {
        assert_eq!(refused(&format!("{hook},{rest}"), ""), field);
    }
    let role = fits(&format!(r#"{table},"table":"t","key":["id"],"recovery":"auto_reset""#));
    assert_eq!(role, Ok(Role::StateKeeper));
    let role =
        fits(&format!(r#"{table},"mode":"execute","statement":"SELECT 1","recovery":"auto_skip_gap""#));
    assert_eq!(role, Ok(Role::Trigger));
    for (rest, field) in [
        (r#""key":["id"]"#, "table"),
        (r#""table":"t""#, "key"),
        (r#""table":"t","key":["id"],"recovery":"auto_skip_gap""#, "recovery"),
        (r#""table":"t","key":["id"],"columns":{"id":"int; drop"}"#, "columns"),
        (r#""mode":"execute""#, "statement"),
        (r#""mode":"execute","statement":"SELECT 1","recovery":"auto_reset""#, "recovery"),
    ] {
        assert_eq!(refused(&format!("{table},{rest}"), ""), field);
    }
    let role = fits(&format!(r#"{keys},"url":"redis://h","prefix":"p:","key":["id"]"#));
    assert_eq!(role, Ok(Role::StateKeeper));
    for (rest, field) in [
        (r#""url":"http://h","prefix":"p:","key":["id"]"#, "url"),
        (r#""url":"redis://h","prefix":"","key":["id"]"#, "prefix"),
        (r#""url":"redis://h","prefix":"p:","key":["id"],"recovery":"auto_skip_gap""#, "recovery"),
    ] {
        assert_eq!(refused(&format!("{keys},{rest}"), ""), field);
    }
}

#[test]
fn a_topic_is_written_by_diffs_or_is_a_copy() {
    let fits = |rest: &str| {
        let url = r#""url":"kafka://h""#;
        let read = settings(&format!(r#"{{"id":"k","kind":"kafka","queries":["q"],{url},{rest}}}"#));
        read.validate().map(|()| (read.connector.role(), read.connector.guarantee()))
    };
    let diffs = fits(r#""topic":"t","recovery":"auto_skip_gap","on_refusal":"dead_letter""#);
    assert_eq!(diffs, Ok((Role::Trigger, Guarantee::ExactlyOnce)));
    let copy = fits(r#""topic":"t","value":"row","recovery":"auto_reset","delivery":"at_least_once""#);
    assert_eq!(copy, Ok((Role::StateKeeper, Guarantee::AtLeastOnce)));
    for (rest, field) in [
        (r#""topic":"a b""#, "topic"),
        (r#""topic":"""#, "topic"),
        (r#""topic":"t","checkpoints":"t""#, "checkpoints"),
        (r#""topic":"t","key":"{{ a""#, "key"),
        (r#""topic":"t","template":"{{ a""#, "template"),
        (r#""topic":"t","value":"row","template":"{{ row.a }}""#, "template"),
        (r#""topic":"t","value":"row","tombstones":false"#, "tombstones"),
        (r#""topic":"t","value":"row","on_refusal":"dead_letter""#, "on_refusal"),
        (r#""topic":"t","value":"row","recovery":"auto_skip_gap""#, "recovery"),
        (r#""topic":"t","recovery":"auto_reset""#, "recovery"),
        (r#""topic":"t","timeout":"1h""#, "timeout"),
    ] {
        assert_eq!(fits(rest).unwrap_err().field(), field, "{rest}");
    }
}

#[test]
fn two_copies_in_one_place_are_refused() {
    let keys = |prefix: &str| {
        settings(&format!(
            r#"{{"id":"k{prefix}","kind":"redis","queries":["q"],"url":"redis://h","prefix":"{prefix}","key":["id"]}}"#
        ))
    };
    let table = |url: &str| {
        settings(&format!(
            r#"{{"id":"t","kind":"postgres","queries":["q"],"url":"postgres://{url}","table":"t","key":["id"]}}"#
        ))
    };
    let topic = |value: &str| {
        settings(&format!(
            r#"{{"id":"o","kind":"kafka","queries":["q"],"url":"kafka://h","topic":"t","value":"{value}"}}"#
        ))
    };
    let all = [keys("a:"), keys("b:"), keys("a:b:"), table("h/d"), table("h/e"), table("h/d")];
    let topics = [topic("diff"), topic("diff"), topic("row")];
    let all: Vec<_> = all.into_iter().chain(topics).collect();
    let refused: Vec<_> = shared_targets(&all).into_iter().map(|(at, error)| (at, error.field())).collect();
    assert_eq!(refused, [(2, "prefix"), (5, "table"), (8, "topic")]);
}
