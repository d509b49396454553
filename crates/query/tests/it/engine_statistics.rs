//! Standard deviations, percentiles and extremes of temporal values while elements come, change and go: outcomes
//! worked out by hand.

use livewell_model::{AppliedChange, AppliedTransaction, Element, ElementId, Map, Node, Timestamp, Value};
use livewell_query::{Engine, MemoryState};

pub fn node(id: &str, x: impl Into<Value>) -> Element {
    let properties = [("x", x.into())].into_iter().filter(|(_, x)| !x.is_null()).collect();
    Node { id: ElementId::new("s", id), labels: vec!["N".into()], properties }.into()
}

/// The one row of a query after each of some changes of one element, or the code of the error.
pub fn rows(query: &str, changes: &[(Option<Element>, Option<Element>)]) -> Vec<Result<Vec<Value>, String>> {
    let engine = Engine::compile(query, &Map::new()).unwrap_or_else(|refusal| panic!("{refusal}"));
    let mut state = MemoryState::new();
    engine.begin(&mut state, Timestamp(0)).expect("a base without error");
    let mut sequence = 0;
    let mut step = |(before, after): &(Option<Element>, Option<Element>)| {
        sequence += 1;
        let changes = vec![AppliedChange { before: before.clone(), after: after.clone() }];
        let transaction =
            AppliedTransaction { sequence, position: sequence, timestamp: Timestamp(0), changes };
        engine.step(&mut state, &transaction).map_err(|error| error.to_string())?;
        let rows = state.rows();
        assert_eq!(rows.len(), 1, "{query}");
        Ok(rows[0].1.columns.to_vec())
    };
    changes.iter().map(&mut step).collect()
}

#[test]
fn statistics_forget_what_leaves() {
    let (a, b, c, far) = (node("a", 2), node("b", 4), node("c", 4.0), node("c", 1e300));
    let changes = [
        (None, Some(a.clone())),
        (None, Some(b)),
        (None, Some(far.clone())),
        (Some(far), Some(c)),
        (Some(a), None),
    ];
    let query = "MATCH (n:N) RETURN stDevP(n.x) AS p, stDev(n.x) AS s, stDev(DISTINCT n.x) AS d, \
                 percentileDisc(n.x, 0.5) AS disc, percentileCont(n.x, 0.25) AS cont";
    let rows: Vec<Vec<Value>> = rows(query, &changes).into_iter().map(|row| row.expect("a row")).collect();
    let floats = |values: [f64; 3]| values.map(Value::Float).to_vec();
    assert_eq!(rows[0], [floats([0.0; 3]), vec![2.into(), 2.0.into()]].concat());
    let root = 2.0f64.sqrt();
    assert_eq!(rows[1], [floats([1.0, root, root]), vec![2.into(), 2.5.into()]].concat());
    let deviation = (8.0f64 / 9.0).sqrt();
    let (Value::Float(p), Value::Float(s)) = (&rows[3][0], &rows[3][1]) else { panic!("floats") };
    assert!((p - deviation).abs() < 1e-15 && (s - (4.0f64 / 3.0).sqrt()).abs() < 1e-15, "{p} {s}");
    assert_eq!(rows[3][2..], [root.into(), 4.into(), 3.0.into()]);
    assert_eq!(rows[4], [floats([0.0; 3]), vec![4.into(), 4.0.into()]].concat());
}

#[test]
fn aggregates_over_nothing_are_the_same_for_each_row_around_as_over_all_rows() {
    let items = "stDev(m.x) AS a, stDevP(m.x) AS b, count(m) AS c, sum(m.x) AS d, avg(m.x) AS e, min(m.x) AS f, \
                 percentileCont(m.x, 0.5) AS g, livewell.linearGradient(m.x, m.x) AS h";
    let over_all = format!("MATCH (m:None) RETURN {items}");
    let around =
        format!("MATCH (n:N) CALL (n) {{ MATCH (n)-->(m) RETURN {items} }} RETURN a, b, c, d, e, f, g, h");
    let of = |query: &str| rows(query, &[(None, Some(node("a", 2)))]);
    assert_eq!(of(&around), of(&over_all));
}

#[test]
fn a_percentile_out_of_range_stops_the_query_where_there_is_a_value() {
    let rows = rows(
        "MATCH (n:N) RETURN percentileCont(n.x, 1.1) AS x",
        &[(None, Some(node("a", Value::Null))), (None, Some(node("b", 1)))],
    );
    assert_eq!(rows[0], Ok(vec![Value::Null]));
    assert!(rows[1].as_ref().expect_err("out of range").contains("between 0.0 and 1.0"));
}

#[test]
fn temporal_values_group_and_have_extremes_by_the_moment() {
    let (early, late) = (node("a", "2024-03-01T12:00+02:00"), node("b", "2024-03-01T11:00Z"));
    let query = "MATCH (n:N) WITH datetime(n.x) AS at \
                 RETURN min(at) AS first, max(at).hour AS hour, count(DISTINCT date(at)) AS days";
    let rows = rows(query, &[(None, Some(early.clone())), (None, Some(late)), (Some(early), None)]);
    let text = |row: &Result<Vec<Value>, String>| {
        let row = row.as_ref().expect("a row");
        (row[0].temporal_text().expect("a date-time"), row[1].clone(), row[2].clone())
    };
    assert_eq!(text(&rows[1]), ("2024-03-01T12:00+02:00".into(), 11.into(), 1.into()));
    assert_eq!(text(&rows[2]), ("2024-03-01T11:00Z".into(), 11.into(), 1.into()));
}
