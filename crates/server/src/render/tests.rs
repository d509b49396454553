//! The formats, each written out by hand.

use super::*;
use livewell_model::Value;
use livewell_model::diff::Columns;

fn shown(format: Format) -> String {
    let names = ["id".into(), "n".into(), "tags".into()];
    let rows = [
        (1, Columns::from(vec!["a,\"b\"".into(), 7i64.into(), Value::list(vec!["x".into()])])),
        (0xc0ffee, Columns::from(vec!["\u{1b}[2J".into(), Value::Float(f64::NAN), Value::Null])),
    ];
    let mut out = Vec::new();
    write(&mut out, format, &names, rows.into_iter().map(Ok)).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn csv_quotes_what_needs_it_and_null_is_empty() {
    assert_eq!(shown(Format::Csv), "id,n,tags\n\"a,\"\"b\"\"\",7,\"[\"\"x\"\"]\"\n\u{1b}[2J,NaN,\n");
}

#[test]
fn ndjson_is_the_shape_of_a_row_a_line() {
    assert_eq!(
        shown(Format::Ndjson),
        "{\"row_signature\":\"0000000000000001\",\"data\":{\"id\":\"a,\\\"b\\\"\",\"n\":7,\"tags\":[\"x\"]}}\n\
         {\"row_signature\":\"0000000000c0ffee\",\"data\":{\"id\":\"\\u001b[2J\",\"n\":\"NaN\",\"tags\":null}}\n"
    );
}

#[test]
fn json_is_one_array_also_when_empty() {
    let whole: serde_json::Value = serde_json::from_str(&shown(Format::Json)).unwrap();
    let lines: Vec<serde_json::Value> =
        shown(Format::Ndjson).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(whole, serde_json::Value::Array(lines));
    let mut out = Vec::new();
    write(&mut out, Format::Json, &[], []).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap(), serde_json::json!([]));
}

/// The table as a screen shows it.
fn table(width: Option<u16>, is_coloured: bool, names: &[&str], rows: &[&[Value]]) -> String {
    let names: Vec<_> = names.iter().copied().map(SmolStr::from).collect();
    let rows = rows.iter().enumerate().map(|(at, row)| Ok((at as u64, Columns::from(row.to_vec()))));
    let mut out = Vec::new();
    table::write(&mut out, &Screen { width, height: None, is_coloured }, &names, rows).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_table_is_aligned_and_cannot_steer_the_terminal() {
    let rows: [&[Value]; 2] =
        [&["a".into(), 7i64.into(), "x".into()], &["\u{1b}[2J".into(), 1234i64.into(), Value::Null]];
    let shown = table(None, false, &["id", "n", "tag"], &rows);
    assert_eq!(
        shown.lines().collect::<Vec<_>>(),
        [" id        n   tag", "───────────────────", " a         7   x", " \u{fffd}[2J   1234", "2 rows"]
    );
}

#[test]
fn a_table_is_never_wider_than_the_screen() {
    let text = Value::from("a long text with many words, ".repeat(9));
    let row = vec![text.clone(), 12_345_678i64.into(), text.clone(), text, 7i64.into()];
    for width in 12..100 {
        let shown = table(Some(width), false, &["one", "two", "three", "four", "five"], &[&row, &row]);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 5, "a row is a line: {shown}");
        let widest = lines[..4].iter().map(|line| line.chars().count()).max();
        assert!(widest <= Some(width.into()), "{width}: {shown}");
        assert_eq!(lines[4].contains("no room for"), !lines[0].contains("five"), "{shown}");
    }
}

#[test]
fn colours_are_there_if_they_are_wanted_alone() {
    let rows: [&[Value]; 1] = [&["a".into()]];
    assert!(!table(None, false, &["id"], &rows).contains('\u{1b}'));
    assert!(table(None, true, &["id"], &rows).contains("\u{1b}[1m"));
}
