//! The JSON form of changes: what is read, what is refused and where.

use livewell_model::{
    Change, Decimal, ElementId, Map, Node, Patch, Relationship, Timestamp, Transaction, Value,
};
use livewell_source::json::{parse_transaction, transaction_to_json};
use livewell_source::{InputError, Limits};

fn parse(text: &str) -> Result<Transaction, InputError> {
    parse_transaction(text.as_bytes(), "s", &Limits::default())
}

fn id(id: &str) -> ElementId {
    ElementId::new("s", id)
}

#[test]
fn a_float_is_the_nearest_to_its_digits() {
    for digits in ["21.864639999999996", "0.1", "5e-324", "1.7976931348623157e308", "9007199254740993.0"] {
        let line = format!(
            r#"{{"operation":"update","element":{{"type":"node","id":"n","properties":{{"x":{digits}}}}}}}"#
        );
        let transaction = parse(&line).expect("a change");
        let Change::Update(patch) = &transaction.changes[0] else { panic!("an update") };
        let nearest: f64 = digits.parse().expect("a number");
        assert_eq!(patch.properties.get("x"), Some(&Value::Float(nearest)), "{digits}");
    }
}

#[test]
fn an_integer_keeps_its_digits_whatever_its_size() {
    for (digits, value) in [
        ("9223372036854775807", Value::Int(i64::MAX)),
        ("9223372036854775808", Decimal::parse("9223372036854775808").unwrap().into()),
        (
            "-123456789012345678901234567890",
            Decimal::parse("-123456789012345678901234567890").unwrap().into(),
        ),
        ("-0", Value::Int(0)),
    ] {
        let line = format!(
            r#"{{"operation":"update","element":{{"type":"node","id":"n","properties":{{"x":{digits},"l":[{{"y":{digits}}}]}}}}}}"#
        );
        let transaction = parse(&line).expect("a change");
        let Change::Update(patch) = &transaction.changes[0] else { panic!("an update") };
        assert_eq!(patch.properties.get("x"), Some(&value), "{digits}");
        let nested = Value::Map(Map::from_iter([("y", value)]).into());
        assert_eq!(patch.properties.get("l"), Some(&Value::list([nested])), "{digits}");
    }
}

#[test]
fn the_changes_of_the_contract_are_read() {
    let mut order = Node { labels: vec!["Order".into()], ..Node::new(id("o1")) };
    order.properties.insert("total", Value::Float(12.5));
    let placed = Relationship {
        id: id("r1"),
        kind: "PLACED_BY".into(),
        from: id("o1"),
        to: ElementId::new("reference", "c1"),
        properties: Default::default(),
    };
    let mut patch = Patch::new(id("o1"));
    patch.is_relationship = Some(false);
    patch.properties.insert("total", Value::Float(13.0));
    patch.properties.insert("note", Value::Null);
    let cases = [
        (
            r#"{"operation":"insert","element":{"type":"node","id":"o1","labels":["Order","Order"],"properties":{"total":12.5,"x":null}}}"#,
            Change::insert(order),
        ),
        (
            r#"{"operation":"insert","element":{"type":"relation","id":"r1","labels":["PLACED_BY"],"from":"o1","to":{"source":"reference","id":"c1"},"properties":{}}}"#,
            Change::insert(placed.clone()),
        ),
        (
            r#" {"element":{"to":{"id":"c1","source":"reference"},"from":"o1","labels":["PLACED_BY"],"id":"r1","type":"relationship"},"operation":"insert"} "#,
            Change::insert(placed),
        ),
        (
            r#"{"operation":"update","element":{"type":"node","id":"o1","properties":{"total":13.0,"note":null}}}"#,
            Change::Update(patch),
        ),
        (r#"{"operation":"delete","id":"o1"}"#, Change::Delete(id("o1"))),
        (r#"{"operation":"delete","element":{"id":"o1","type":"node"}}"#, Change::Delete(id("o1"))),
    ];
    for (text, change) in cases {
        let one = Transaction { changes: vec![change.clone()], timestamp: None };
        assert_eq!(parse(text), Ok(one.clone()), "{text}");
        assert_eq!(parse(&transaction_to_json(&one)), Ok(one), "{text}");
        let two = Transaction { changes: vec![change.clone(), change], timestamp: None };
        assert_eq!(parse(&format!("{{\"transaction\":[{text},{text}]}}")), Ok(two.clone()));
        assert_eq!(parse(&transaction_to_json(&two)), Ok(two));
    }
}

#[test]
fn a_transaction_takes_the_largest_timestamp() {
    let change = |time: &str| format!(r#"{{"operation":"delete","id":"a"{time}}}"#);
    let cases = [
        (change(""), None),
        (change(r#","timestamp":5"#), Some(5)),
        (change(r#","timestamp":-5"#), Some(-5)),
        (format!(r#"{{"transaction":[{},{}]}}"#, change(r#","timestamp":7"#), change("")), Some(7)),
        (format!(r#"{{"transaction":[{}],"timestamp":9}}"#, change(r#","timestamp":7"#)), Some(9)),
        (format!(r#"{{"timestamp":3,"transaction":[{}]}}"#, change(r#","timestamp":7"#)), Some(7)),
    ];
    for (text, nanos) in cases {
        assert_eq!(parse(&text).unwrap().timestamp, nanos.map(Timestamp), "{text}");
    }
}

#[test]
fn values_are_read_as_the_model_reads_them() {
    let values = r#"[null,true,1,-1,1.0,1e2,9223372036854775807,9223372036854775808,-9223372036854775808,"NaN","é\n\u00e9",[],[[1],{}],{"b":1,"a":{"c":[null]}}]"#;
    let text = format!(r#"{{"operation":"update","element":{{"id":"a","properties":{{"p":{values}}}}}}}"#);
    let Change::Update(patch) = parse(&text).unwrap().changes.remove(0) else { panic!("an update") };
    let json = serde_json::from_str(values).unwrap();
    assert_eq!(patch.properties.get("p"), Some(&livewell_model::json::value_from_json(&json).unwrap()));
}

/// Input that is not a change, and what its error says. `^` marks where the error stands; the mark itself is taken out.
const REFUSED: &[(&str, &str)] = &[
    (r#"{"operation":"insert"^"#, "it ends within"),
    (r#"{"operation":^insert}"#, "a value is text"),
    (r#"^["#, "it ends within"),
    (r#"^[]"#, "must be an object"),
    (r#"{"operation":"delete","id":"a"} ^x"#, "there is more after"),
    (r#"^{}"#, "`operation` is missing"),
    (r#"{"operation":^"upsert","id":"a"}"#, "unknown operation"),
    (r#"{"operation":^7,"id":"a"}"#, "must be a string, and this is a number"),
    (r#"{"operation":"delete","id":^5}"#, "must be a string, and this is a number"),
    (r#"{"operation":"delete","id":^""}"#, "cannot be empty"),
    (r#"^{"operation":"delete"}"#, "`id` is missing"),
    (r#"{"operation":"delete","id":"a",^"tmestamp":1}"#, "did you mean `timestamp`?"),
    (r#"{"operation":"delete","id":"a","timestamp":^1.5}"#, "nanoseconds"),
    (r#"{"operation":"delete","id":"a","timestamp":^"1"}"#, "nanoseconds"),
    (r#"{"operation":"delete","id":"a","timestamp":^99999999999999999999}"#, "nanoseconds"),
    (r#"{"operation":"delete","id":"a","id":^"b"}"#, "a second time"),
    (r#"{"operation":"delete","id":"a","element":{"id":^"b"}}"#, "another id"),
    (r#"^{"operation":"insert"}"#, "`element` is missing"),
    (r#"{"operation":"insert","element":^[]}"#, "must be an object"),
    (r#"{"operation":"insert","element":^{"id":"a"}}"#, "`type` is missing"),
    (r#"{"operation":"insert","element":^{"type":"node"}}"#, "`id` is missing"),
    (r#"{"operation":"insert","element":{"type":^"nod","id":"a"}}"#, "did you mean `node`?"),
    (r#"{"operation":"insert","element":{"type":"node","id":"é",^"from":"b"}}"#, "unknown field `from`"),
    (r#"{"operation":"insert","element":{"type":"node","id":"a","labels":^"L"}}"#, "must be a list"),
    (r#"{"operation":"insert","element":{"type":"node","id":"a","labels":["L",^1]}}"#, "must be a string"),
    (
        r#"{"operation":"insert","element":{"type":"node","id":"a","labels":[^""]}}"#,
        "a label cannot be empty",
    ),
    (r#"{"operation":"insert","element":{"type":"node","id":"a","properties":^null}}"#, "must be an object"),
    (
        r#"{"operation":"insert","element":{"type":"node","id":"a","properties":{"p":1,"p":^2}}}"#,
        "a second time",
    ),
    (
        r#"{"operation":"insert","element":{"type":"node","id":"a","properties":{"p":^{"x":1,"x":2}}}}"#,
        "twice",
    ),
    (
        r#"{"operation":"insert","element":{"type":"node","id":"a","properties":{"p":^1e999}}}"#,
        "out of range",
    ),
    (r#"{"operation":"insert","element":{"type":"node","id":^"\ud800"}}"#, "not JSON"),
    (r#"{"operation":"insert","element":^{"type":"relation","id":"r","from":"a","to":"b"}}"#, "one type"),
    (
        r#"{"operation":"insert","element":{"type":"relation","id":"r","labels":^["A","B"],"from":"a","to":"b"}}"#,
        "one type",
    ),
    (r#"{"operation":"insert","element":^{"type":"relation","id":"r","labels":["A"],"to":"b"}}"#, "`from`"),
    (
        r#"{"operation":"insert","element":{"type":"relation","id":"r","labels":["A"],"from":"a","to":{"source":^"","id":"b"}}}"#,
        "not the id of a source",
    ),
    (
        r#"{"operation":"insert","element":{"type":"relation","id":"r","labels":["A"],"from":"a","to":^{"id":"b"}}}"#,
        "`source` is missing",
    ),
    (r#"{"operation":"update","element":{"id":"r","labels":^[],"from":"a"}}"#, "one type"),
    (r#"{"transaction":^{}}"#, "must be a list"),
    (r#"{"transaction":[],^"tx":1}"#, "unknown field `tx`"),
    (
        r#"{"transaction":[{"operation":"delete","id":"a"},{"operation":"delete","id":^7}]}"#,
        "`transaction[1].id`",
    ),
    (r#"{"transaction":[^{"transaction":[]}]}"#, "`operation` is missing"),
    ("^", "empty"),
];

#[test]
fn what_is_not_a_change_is_refused_at_its_column() {
    for (marked, says) in REFUSED.iter().copied() {
        let mark = marked.chars().position(|c| c == '^').unwrap();
        let error = parse(&marked.replacen('^', "", 1)).expect_err(marked);
        assert!(error.message.contains(says), "{marked}: {error}");
        // The end of the input is reported as the last character or one past it.
        if says == "it ends within" {
            let length = marked.chars().count() - 1;
            assert!(error.column.is_some_and(|column| (length..=length + 1).contains(&column)), "{marked}");
        } else {
            assert_eq!(error.column, Some(mark + 1), "{marked}: {error}");
        }
    }
}

#[test]
fn what_is_beyond_a_limit_is_refused_and_names_the_limit() {
    let delete = |id: &str| format!(r#"{{"operation":"delete","id":"{id}"}}"#);
    let error = parse(&delete(&"x".repeat(1 << 20))).unwrap_err();
    assert!(error.message.contains("id_bytes_max") && error.message.contains("1048576"), "{error}");
    assert!(error.message.len() < 300);
    parse(&delete(&"x".repeat(64 << 10))).unwrap();

    let limits = Limits { changes_max: 2, line_bytes_max: 200, ..Limits::default() };
    let three = format!(r#"{{"transaction":[{0},{0},{0}]}}"#, delete("a"));
    let error = parse_transaction(three.as_bytes(), "s", &limits).unwrap_err();
    assert!(error.message.contains("changes_max") && error.column == Some(16), "{error}");
    let error = parse_transaction(delete(&"x".repeat(200)).as_bytes(), "s", &limits).unwrap_err();
    assert!(error.message.contains("line_bytes_max"), "{error}");
}
