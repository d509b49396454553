//! Which values a query with `for_each` can have rows for: all that have some are found from scratch.

use crate::reference_cases::chain;
use livewell_model::{Map, Value};
use livewell_query::reference::{Graph, Reference, of_values};
use livewell_query::{Parameter, ParameterType, Settings, parse};
use std::collections::BTreeSet;

fn settings(names: &[&str]) -> Settings {
    let parameter = |name: &&str| Parameter { name: (*name).into(), of: ParameterType::Integer };
    Settings { for_each: names.iter().map(parameter).collect(), ..Settings::default() }
}

/// The values that are found, as text.
fn found(text: &str, names: &[&str], graph: &Graph) -> Option<BTreeSet<String>> {
    let values = of_values(&parse(text).unwrap(), &Map::new(), &settings(names)).unwrap()?;
    Some(values.rows(graph).unwrap().iter().map(|row| format!("{:?}", row.columns)).collect())
}

/// The values for which the query with these parameters has rows.
fn with_rows(text: &str, names: &[&str], graph: &Graph) -> BTreeSet<String> {
    let numbers = (-1..6).map(Value::Int);
    let tuples: Vec<Vec<Value>> = match names {
        [_] => numbers.map(|value| vec![value]).collect(),
        _ => numbers.clone().flat_map(|a| numbers.clone().map(move |b| vec![a.clone(), b])).collect(),
    };
    let has_rows = |values: &Vec<Value>| {
        let params: Map = names.iter().zip(values).map(|(name, value)| (*name, value.clone())).collect();
        let reference = Reference::new(&parse(text).unwrap(), &params).unwrap();
        !reference.rows(graph).unwrap().is_empty()
    };
    tuples.iter().filter(|values| has_rows(values)).map(|values| format!("{values:?}")).collect()
}

#[test]
fn every_value_that_has_rows_is_found() {
    let graph = chain();
    for (text, names) in [
        ("MATCH (n) WHERE n.x = $a RETURN n.x AS x", &["a"][..]),
        ("MATCH (n) WHERE n.x > 1 AND $a = n.x + 1 AND n.x < 3 RETURN n.x AS x", &["a"]),
        ("MATCH ({x: $a})-->(m) RETURN m.x AS y", &["a"]),
        ("MATCH (n)-->(m) WHERE n.x = $a AND m.x = $b RETURN count(*) AS c, n.x AS x", &["a", "b"]),
        ("MATCH (n) MATCH ({x: $b}) WHERE n.x = $a RETURN n.x AS x", &["a", "b"]),
        ("MATCH (n) WITH n, n.x * 2 AS y WHERE y = $a RETURN n.x AS x, y", &["a"]),
        ("MATCH (n) WITH n.x AS x ORDER BY x LIMIT 2 WHERE x = $a RETURN x", &["a"]),
        ("UNWIND [1, 2] AS u MATCH (n {x: u}) WHERE n.x + u = $a RETURN u", &["a"]),
        ("MATCH (n) WHERE n.x = $a AND n.x = $a RETURN n.x AS x", &["a"]),
        ("MATCH (n {x: $a}) RETURN n.x AS x UNION MATCH (n) WHERE n.x + 2 = $a RETURN n.x AS x", &["a"]),
    ] {
        let Some(found) = found(text, names, &graph) else { panic!("{text}") };
        let with_rows = with_rows(text, names, &graph);
        assert!(!with_rows.is_empty() && with_rows.is_subset(&found), "{text}: {with_rows:?} of {found:?}");
    }
}

#[test]
fn where_groups_come_between_two_parameters_it_is_not_known() {
    for text in [
        "MATCH (n) WHERE n.x = $a WITH n.x AS x, count(*) AS c MATCH (m) WHERE m.x = $b RETURN x, c",
        "MATCH (n) WHERE n.x = $a WITH n LIMIT 1 WHERE n.x = $b RETURN n.x AS x",
    ] {
        assert_eq!(found(text, &["a", "b"], &chain()), None, "{text}");
    }
}
