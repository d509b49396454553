//! Hostile input gets an error: never a panic, a hang or an overflowing stack.

use livewell_model::codec::NESTING_MAX;
use livewell_source::Limits;
use livewell_source::file::FileSource;
use livewell_source::json::{parse_transaction, transaction_to_json};
use livewell_source::settings::{FileSettings, NodeMapping, OnError};
use proptest::prelude::*;

use crate::support::{drain, one, put};

fn nested(open: &str, close: &str, depth: usize) -> String {
    let value = format!("{}1{}", open.repeat(depth), close.repeat(depth));
    format!(r#"{{"operation":"update","element":{{"id":"a","properties":{{"p":{value}}}}}}}"#)
}

#[test]
fn nesting_is_refused_beyond_the_models_limit_with_one_message() {
    let limits = Limits::default();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let parse = |depth| parse_transaction(nested(open, close, depth).as_bytes(), "s", &limits);
        parse(NESTING_MAX).unwrap();
        for depth in [NESTING_MAX + 1, 127, 128, 200, 1_000_000] {
            let error = parse(depth).unwrap_err();
            assert!(error.message.contains("nested deeper than 100 levels"), "{depth}: {error}");
            assert_eq!(error.column, Some(nested("", "", 0).find("1}").unwrap() + 1), "{depth}");
        }
    }
    for text in ["[".repeat(1 << 20), "{\"transaction\":".repeat(1 << 16), "{\"a\":".repeat(1 << 18)] {
        parse_transaction(text.as_bytes(), "s", &limits).unwrap_err();
    }
}

#[test]
fn many_keys_take_no_more_than_their_share_of_time() {
    let keys: Vec<String> = (0..200_000).map(|n| format!("\"k{}\":1", n * 7_919 % 200_000)).collect();
    let text = format!(
        r#"{{"operation":"update","element":{{"id":"a","properties":{{{0},"m":{{{0}}}}}}}}}"#,
        keys.join(",")
    );
    parse_transaction(text.as_bytes(), "s", &Limits::default()).unwrap();
}

#[test]
fn bytes_that_are_not_utf8_are_refused_at_their_column() {
    let error = parse_transaction(b"{\"\xc3\xa9\xff\"}", "s", &Limits::default()).unwrap_err();
    assert_eq!((error.code, error.column), ("LW0201", Some(4)));
}

/// Pieces that get further than random bytes do.
fn almost_json() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\"operation\":",
        "\"insert\"",
        "\"update\"",
        "\"delete\"",
        "\"element\":",
        "\"type\":",
        "\"node\"",
        "\"relation\"",
        "\"id\":",
        "\"a\"",
        "\"labels\":",
        "[\"L\"]",
        "\"properties\":{",
        "\"from\":",
        "\"to\":",
        "\"transaction\":[",
        "\"timestamp\":",
        "1",
        "-",
        "1e999",
        "null",
        "true",
        "\u{feff}",
        "\"\\ud800\"",
        "é",
        "\n",
        "\r",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(
        bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), almost_json()]
    ) {
        if let Ok(transaction) = parse_transaction(&bytes, "s", &Limits::default()) {
            let text = transaction_to_json(&transaction);
            prop_assert_eq!(parse_transaction(text.as_bytes(), "s", &Limits::default()), Ok(transaction));
        }
    }

    #[test]
    fn no_bytes_make_a_file_source_panic_or_hang(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            almost_json(),
            "[ab,\"\n\r]{0,60}".prop_map(String::into_bytes),
        ],
        name in prop::sample::select(vec!["x.jsonl", "x.jsonl.gz", "x.jsonl.zst", "x.csv", "x.csv.gz"]),
        packed: bool,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = put(dir.path(), if packed { name } else { "raw" }, &bytes);
        let path = if packed { path } else {
            let named = dir.path().join(name);
            std::fs::rename(path, &named).unwrap();
            named
        };
        let node = name.contains(".csv").then(|| NodeMapping { label: "L".into(), id: "n:{a}".into() });
        let settings = FileSettings { node, on_error: OnError::Park, ..one(path) };
        let _ = drain(&settings, None, 3);
    }
}

#[test]
fn a_packed_bomb_is_read_in_bounded_memory() {
    let dir = tempfile::tempdir().unwrap();
    let bomb = put(dir.path(), "x.jsonl.zst", &vec![b'['; 256 << 20]);
    assert!(std::fs::metadata(&bomb).unwrap().len() < 1 << 20);
    let settings = FileSettings { on_error: OnError::Park, ..one(bomb) };
    let batch = FileSource::open(settings, None).unwrap().read(10, usize::MAX).unwrap();
    assert_eq!((batch.parked.len(), batch.end), (1, true));
    assert!(batch.parked[0].text.len() <= 4 << 10);
    assert!(batch.parked[0].error.message.contains("line_bytes_max"));
}
