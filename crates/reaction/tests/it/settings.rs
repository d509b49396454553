//! Settings read as the contract writes them, and combinations refused.

use livewell_reaction::settings::{Settings, SettingsError, shared_paths};
use livewell_reaction::{Role, Style};

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
