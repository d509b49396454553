//! Values that a query does not declare.

use super::{of, start};
use crate::fixture::*;
use livewell::{ParameterType, Query, Values};
use livewell_model::Value;

#[tokio::test]
async fn values_that_are_not_those_declared_are_refused_and_the_message_says_what_is() {
    let two = query("each", "MATCH (n:N) WHERE n.x = $x AND n.id = $id RETURN n.y AS y")
        .for_each("x", ParameterType::Integer)
        .for_each("id", ParameterType::Text);
    let livewell = start(&memory(), two).await;
    livewell.add_query(query("plain", "MATCH (n:N) RETURN n.id AS id")).await.unwrap();
    let refused = |query: &str, values: Values| {
        let error = livewell.results_for(query, &values).unwrap_err();
        assert_eq!(error.code, "LW0544");
        error.message
    };
    let right = Values::of_text([("id", "42"), ("x", "42")]);
    assert_eq!(livewell.results_for("each", &right).unwrap().row_count(), 0);
    for texts in [
        vec![],
        vec![("x", "1")],
        vec![("x", "1"), ("id", "a"), ("id", "a")],
        vec![("x", "1"), ("id", "a"), ("y", "1")],
        vec![("x", "007"), ("id", "a")],
        vec![("x", "+1"), ("id", "a")],
        vec![("x", " 1"), ("id", "a")],
        vec![("x", "1.0"), ("id", "a")],
        vec![("x", "99999999999999999999"), ("id", "a")],
        vec![("x", ""), ("id", "a")],
    ] {
        let message = refused("each", Values::of_text(texts.clone()));
        assert!(message.contains("`x` (integer) and `id` (text)"), "{texts:?}: {message}");
    }
    let typed = |x: Value, id: Value| Values::of([("x", x), ("id", id)]);
    for values in [
        typed(Value::Float(1.5), "a".into()),
        typed(Value::Int(1), Value::Int(42)),
        typed(Value::Null, "a".into()),
        typed("1".into(), "a".into()),
    ] {
        refused("each", values);
    }
    assert_eq!(livewell.results_for("each", &typed(Value::Float(1.0), "a".into())).unwrap().row_count(), 0);
    let message = refused("plain", of(1));
    assert!(message.contains("`plain` has no `for_each`"), "{message}");
}

#[tokio::test]
async fn a_parameter_that_calls_could_not_give_a_value_is_refused() {
    let livewell = start(&memory(), query("each", "MATCH (n:N) RETURN n.id AS id")).await;
    for name in Query::RESERVED {
        let text = format!("MATCH (n:N) WHERE n.x = ${name} RETURN n.id AS id");
        let refused =
            livewell.add_query(query("of", &text).for_each(name, ParameterType::Text)).await.unwrap_err();
        assert!(refused.code == "LW0890" && refused.message.contains(&format!("`?{name}=`")), "{refused}");
    }
}
