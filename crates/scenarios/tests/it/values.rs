//! Values are read by their tags and compared as tables describe them.

use livewell_model::{Row, Value};
use livewell_scenarios::table::Table;
use livewell_scenarios::value::{Unread, shown, value};
use serde_json::{Value as Json, json};

fn text(json: &Json) -> String {
    shown(&value(json).expect("a value"), false)
}

#[test]
fn what_a_table_tells_apart_is_shown_apart() {
    let node = |labels: &[&str]| json!({ "node": { "labels": labels, "props": [] } });
    let path = |dir: &str| json!({ "path": [node(&[]), { "rel": { "type": "T", "props": [], "dir": dir } }, node(&[])] });
    let apart = [
        json!(null),
        json!(false),
        json!({ "int": "1" }),
        json!({ "float": "1.0" }),
        json!({ "str": "1" }),
        json!({ "list": [{ "int": "1" }, { "int": "2" }] }),
        json!({ "list": [{ "int": "2" }, { "int": "1" }] }),
        json!({ "map": [["a", { "int": "1" }]] }),
        node(&["A"]),
        node(&["A", "B"]),
        json!({ "rel": { "type": "T", "props": [] } }),
        json!({ "path": [node(&[])] }),
        path("in"),
        path("out"),
    ];
    let shown: std::collections::BTreeSet<_> = apart.iter().map(text).collect();
    assert_eq!(shown.len(), apart.len(), "{shown:#?}");
}

#[test]
fn what_it_does_not_is_not() {
    assert_eq!(text(&json!({ "float": "-0.0" })), text(&json!({ "float": "0.0" })));
    let node = |labels: &[&str]| text(&json!({ "node": { "labels": labels, "props": [] } }));
    assert_eq!(node(&["B", "A"]), node(&["A", "B"]));
    let list = |items: [&str; 2]| value(&json!({ "list": items.map(|item| json!({ "int": item })) }));
    let unordered = |items| shown(&list(items).expect("a list"), true);
    assert_eq!(unordered(["1", "2"]), unordered(["2", "1"]));
}

#[test]
fn an_expression_is_evaluated_or_refused() {
    assert_eq!(value(&json!({ "expr": "1 + 2" })), Ok(Value::Int(3)));
    assert!(matches!(value(&json!({ "expr": "noSuch()" })), Err(Unread::Refused(_))));
    assert!(matches!(value(&json!({ "int": "x" })), Err(Unread::Malformed(_))));
    assert!(matches!(value(&json!(7)), Err(Unread::Malformed(_))));
}

#[test]
fn the_order_of_rows_counts_where_the_table_says_so() {
    let table = |order: &str| {
        let rows = [1, 2].map(|x| [json!({ "int": x.to_string() })]);
        let expect = json!({ "kind": "rows", "order": order, "columns": ["x"], "rows": rows });
        Table::read(&expect).expect("a table")
    };
    let row = |x: i64| Row { key: vec![], columns: vec![Value::Int(x)].into(), order: vec![] };
    let columns = ["x".into()];
    for (order, rows, holds) in [("ordered", [1, 2], true), ("ordered", [2, 1], false), ("bag", [2, 1], true)]
    {
        assert_eq!(table(order).compare(&columns, &rows.map(row)).is_ok(), holds, "{order} {rows:?}");
    }
    assert!(table("ordered").as_bag().compare(&columns, &[2, 1].map(row)).is_ok());
}
