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

#[test]
fn a_table_is_aligned_and_cannot_steer_the_terminal() {
    let table = shown(Format::Table);
    assert!(!table.contains('\u{1b}'));
    assert!(table.contains(" a,\"b\"     7   [\"x\"] "), "{table}");
    assert!(table.ends_with("2 rows\n"), "{table}");
}
