//! Values of declared types: what equals them, how they are written, and their keys.

use super::oracle::Each;
use livewell_model::{Decimal, Value, key};
use livewell_query::ForEach;
use livewell_query::ParameterType::{self, Boolean, Float, Integer, Text};
use livewell_query::for_each::{ValuesError, declared};

fn for_each(of: ParameterType) -> ForEach {
    let each = Each::new("MATCH (n {a: $p}) RETURN n.b AS b", &[("p", of)]);
    each.engine().expect("a query").for_each().expect("it is run for each value").clone()
}

fn decimal(text: &str) -> Value {
    Decimal::parse(text).expect("a decimal").into()
}

/// Values near and at the ends of what each type can hold.
fn samples() -> Vec<Value> {
    let ints = [0, 1, -1, 1 << 53, (1 << 53) + 1, i64::MAX, i64::MAX - 511, i64::MIN].map(Value::Int);
    let floats = [0.0, -0.0, 1.0, 0.5, 9_007_199_254_740_992.0, 9_223_372_036_854_775_808.0, f64::MAX];
    let others = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -9_223_372_036_854_775_808.0];
    let decimals =
        ["0", "1", "1.00", "0.1", "0.5", "9007199254740993", "1e30", "1e400", "-1e400"].map(decimal);
    let texts = ["", "1", "true", "\u{0}"].map(Value::string);
    let rest = [Value::Null, Value::Bool(true), Value::list([Value::Int(1)])];
    ints.into_iter()
        .chain(floats.map(Value::Float))
        .chain(others.map(Value::Float))
        .chain(decimals)
        .chain(texts)
        .chain(rest)
        .collect()
}

#[test]
fn a_value_of_a_type_is_the_one_that_has_the_same_key() {
    let types = [Text, Integer, Float, Boolean];
    let is_of = |of: ParameterType, value: &Value| match (of, value) {
        (Text, Value::String(_)) | (Integer, Value::Int(_)) | (Boolean, Value::Bool(_)) => true,
        (Float, Value::Float(float)) => !float.is_nan(),
        _ => false,
    };
    for of in types {
        for value in samples() {
            let equals = |other: &Value| is_of(of, other) && key::of([other]) == key::of([&value]);
            let expected = samples().into_iter().find(equals);
            match of.equal(&value) {
                Some(found) => {
                    assert!(
                        is_of(of, &found) && key::of([&found]) == key::of([&value]),
                        "{of:?} of {value:?}: {found:?}"
                    );
                    assert!(!matches!(found, Value::Float(zero) if zero == 0.0 && zero.is_sign_negative()));
                }
                None => assert!(expected.is_none(), "{of:?} of {value:?} is {expected:?}"),
            }
        }
    }
}

fn read(of: ParameterType, text: &str) -> Result<Vec<Value>, ValuesError> {
    for_each(of).values(|name| (name == "p").then_some(text))
}

#[test]
fn values_are_read_as_they_are_declared_and_never_guessed() {
    for text in ["42", "", " x ", "true", "a\u{0}b", "ä%20"] {
        assert_eq!(read(Text, text), Ok(vec![Value::string(text)]));
    }
    for (text, int) in [("42", 42), ("0", 0), ("-7", -7), ("9223372036854775807", i64::MAX)] {
        assert_eq!(read(Integer, text), Ok(vec![Value::Int(int)]));
    }
    for text in ["007", "+1", " 1", "1 ", "-0", "1.0", "1e3", "9223372036854775808", "", "x", "null", "٣"] {
        let refused = read(Integer, text).expect_err(text).to_string();
        assert!(refused.contains("`p`") && refused.contains("an integer like `-42`"), "{refused}");
    }
    for (text, float) in
        [("1", 1.0), ("-2.5", -2.5), ("1e3", 1000.0), ("-0", 0.0), ("Infinity", f64::INFINITY)]
    {
        assert_eq!(read(Float, text), Ok(vec![Value::Float(float)]));
    }
    for text in ["NaN", "nan", "inf", "infinity", "1e999", "+1", " 1", "0x10", "1_000", "1,5", ""] {
        assert!(read(Float, text).is_err(), "{text}");
    }
    assert_eq!(read(Boolean, "true"), Ok(vec![Value::Bool(true)]));
    for text in ["TRUE", "1", "yes", ""] {
        assert!(read(Boolean, text).is_err(), "{text}");
    }
    let missing = for_each(Text).values(|_| None).expect_err("nothing is given").to_string();
    assert!(missing.contains("`p` is missing"), "{missing}");
    let long =
        read(Integer, &format!("\u{1b}[2J{}", "9".repeat(1_000_000))).expect_err("no integer").to_string();
    assert!(long.len() < 200 && !long.contains('\u{1b}'), "{long}");
}

#[test]
fn several_values_are_in_the_order_declared() {
    let text = "MATCH (n {a: $p}) WHERE n.c = $q RETURN n.b AS b";
    let engine = Each::new(text, &[("q", Text), ("p", Integer)]).engine().expect("a query");
    let for_each = engine.for_each().expect("it is run for each value");
    let values = for_each.values(|name| Some(if name == "p" { "1" } else { "x" })).expect("values");
    assert_eq!(values, [Value::string("x"), Value::Int(1)]);
    assert_eq!(for_each.key(&values), key::of([&Value::string("x"), &Value::Float(1.0)]));
    let columns: Vec<_> = engine.columns().iter().map(|column| column.as_str()).collect();
    assert_eq!(columns, ["q", "p", "b"]);
}

#[test]
fn declarations_are_kept_in_their_order_and_none_is_made_twice() {
    let read = |text: &str| declared::deserialize(&mut serde_json::Deserializer::from_str(text));
    let text = r#"{"z":"text","a":"integer","m":"float","b":"boolean"}"#;
    let parameters = read(text).expect("declarations");
    let types: Vec<_> = parameters.iter().map(|parameter| parameter.of).collect();
    assert_eq!(types, [Text, Integer, Float, Boolean]);
    let mut written = Vec::new();
    declared::serialize(&parameters, &mut serde_json::Serializer::new(&mut written)).expect("a mapping");
    assert_eq!(String::from_utf8(written).expect("JSON"), text);
    assert_eq!(read(r#"{"a":"string"}"#).expect("another name")[0].of, Text);
    let refused = |text: &str| read(text).expect_err(text).to_string();
    assert!(refused(r#"{"a":"text","a":"text"}"#).contains("`a` is declared twice"));
    let unknown = refused(r#"{"a":"txt"}"#);
    assert!(unknown.contains("`text`, `integer`, `float`, `boolean`"), "{unknown}");
    assert!(refused(r#"["a"]"#).contains("as in `customer: text`"));
}
