//! The rules that standing queries get wrong most easily, each in a test of its name. Engine and reference are
//! compared after every transaction; what is expected is written down from openCypher's semantics.

use livewell_model::{
    AppliedChange, AppliedTransaction, Element, ElementId, Map, Node, Relationship, Timestamp, Value,
};
use livewell_query::parse;
use livewell_query::reference::Reference;
use livewell_query::{Engine, Limits, MemoryState, Settings, StepError};
use livewell_scenarios::lockstep::{Lockstep, Stepped};
use std::collections::BTreeMap;

/// A query and the graph as it is.
struct Standing {
    engine: Engine,
    reference: Reference,
    history: Vec<AppliedTransaction>,
    present: BTreeMap<ElementId, Element>,
}

impl Standing {
    fn new(query: &str) -> Self {
        let engine =
            Engine::compile(query, &Map::new()).unwrap_or_else(|refused| panic!("{query}: {refused}"));
        let reference =
            Reference::new(&parse(query).expect("it was compiled"), &Map::new()).expect("likewise");
        Self { engine, reference, history: Vec::new(), present: BTreeMap::new() }
    }

    /// Takes one transaction in: elements as they are from now on, or ids of what goes.
    fn apply(&mut self, changes: Vec<(ElementId, Option<Element>)>) -> &mut Self {
        let changes = changes.into_iter().map(|(id, after)| {
            let before = match &after {
                Some(after) => self.present.insert(id, after.clone()),
                None => self.present.remove(&id),
            };
            AppliedChange { before, after }
        });
        let changes = changes.collect();
        let sequence = self.history.len() as u64 + 1;
        self.history.push(AppliedTransaction {
            sequence,
            position: sequence,
            timestamp: Timestamp(0),
            changes,
        });
        self
    }

    fn node(&mut self, name: &str, labels: &[&str], properties: &[(&str, Value)]) -> &mut Self {
        self.apply(vec![node(name, labels, properties)])
    }

    fn tie(&mut self, name: &str, kind: &str, from: &str, to: &str) -> &mut Self {
        self.apply(vec![tie(name, kind, from, to)])
    }

    fn delete(&mut self, name: &str) -> &mut Self {
        self.apply(vec![(id(name), None)])
    }

    /// The rows as a reader gets them, after engine and reference have agreed on every transaction so far.
    fn rows(&self) -> Vec<Vec<Value>> {
        let mut pair = Lockstep::new(&self.engine, &self.reference);
        let stepped = pair.begin().expect("they agree on nothing");
        assert!(matches!(stepped, Stepped::Agree));
        for transaction in &self.history {
            let stepped = pair.step(transaction).unwrap_or_else(|why| panic!("{why}"));
            assert!(matches!(stepped, Stepped::Agree), "{stepped:?}");
        }
        let mut rows = pair.rows();
        rows.sort_by(|a, b| (&a.order, &a.key).cmp(&(&b.order, &b.key)));
        rows.into_iter().map(|row| row.columns.to_vec()).collect()
    }

    /// How many diffs each transaction put out.
    fn diffs(&self) -> Vec<Result<usize, StepError>> {
        let mut state = MemoryState::new();
        self.engine.begin(&mut state, Timestamp(0)).expect("the base has no error");
        let steps = self.history.iter().map(|transaction| self.engine.step(&mut state, transaction));
        steps.map(|diffs| diffs.map(|diffs| diffs.len())).collect()
    }
}

fn id(name: &str) -> ElementId {
    ElementId::new("s", name)
}

fn node(name: &str, labels: &[&str], properties: &[(&str, Value)]) -> (ElementId, Option<Element>) {
    let labels = labels.iter().map(|label| (*label).into()).collect();
    let properties = properties.iter().map(|(name, value)| (*name, value.clone())).collect();
    (id(name), Some(Node { id: id(name), labels, properties }.into()))
}

fn tie(name: &str, kind: &str, from: &str, to: &str) -> (ElementId, Option<Element>) {
    let (from, to) = (id(from), id(to));
    (
        id(name),
        Some(Relationship { id: id(name), kind: kind.into(), from, to, properties: Map::new() }.into()),
    )
}

fn i(int: i64) -> Value {
    Value::Int(int)
}

fn f(float: f64) -> Value {
    Value::Float(float)
}

fn list(items: &[Value]) -> Value {
    Value::list(items.to_vec())
}

const NULL: Value = Value::Null;

#[test]
fn bags() {
    let text = "MATCH (n:A) RETURN n.x AS x UNION ALL MATCH (n:B) RETURN n.x AS x";
    let mut all = Standing::new(text);
    let mut distinct = Standing::new(&text.replace(" ALL", ""));
    for query in [&mut all, &mut distinct] {
        query.node("p", &["A", "B"], &[("x", i(1))]).node("q", &["A"], &[("x", i(1))]);
    }
    assert_eq!(all.rows(), [[i(1)], [i(1)], [i(1)]]);
    assert_eq!(distinct.rows(), [[i(1)]]);
    distinct.delete("p");
    assert_eq!(distinct.rows(), [[i(1)]]);
    distinct.delete("q");
    assert_eq!(distinct.rows(), Vec::<Vec<Value>>::new());
}

#[test]
fn relationship_uniqueness() {
    let mut within = Standing::new("MATCH (a)-[r:R]->(b)<-[s:R]-(c) RETURN id(a) AS a, id(c) AS c");
    let mut across = Standing::new("MATCH (a)-[r:R]->(b) MATCH (b)<-[s:R]-(c) RETURN id(a) AS a, id(c) AS c");
    for query in [&mut within, &mut across] {
        // All at once, so that the self-join needs the delta of the one side with that of the other.
        query.apply(vec![
            tie("r", "R", "a", "b"),
            tie("s", "R", "c", "b"),
            node("a", &[], &[]),
            node("b", &[], &[]),
            node("c", &[], &[]),
        ]);
    }
    assert_eq!(within.rows(), [["a", "c"].map(Value::from), ["c", "a"].map(Value::from)]);
    assert_eq!(across.rows().len(), 4);
}

#[test]
fn three_valued_logic() {
    let mut query = Standing::new(
        "MATCH (n) WHERE NOT (n.x = 1) OR n.y IN [1, null] RETURN id(n) AS n, n.x = 1 AND false AS a, n.x IN [] AS b",
    );
    query.node("null", &[], &[]).node("one", &[], &[("x", i(1))]).node("two", &[], &[("x", i(2))]);
    query.node("in", &[], &[("y", i(1))]).node("unknown", &[], &[("y", i(3))]);
    let (no, yes) = (Value::Bool(false), ["in", "two"]);
    assert_eq!(query.rows(), yes.map(|name| vec![name.into(), no.clone(), no.clone()]));
}

#[test]
fn equality_equivalence_and_order() {
    let nan = f(f64::NAN);
    let values = [NULL, nan.clone(), i(1), f(1.0), "1".into(), Value::Bool(true)];
    let insert = |query: &mut Standing| {
        for (at, value) in values.iter().enumerate() {
            query.node(&format!("n{at}"), &["N"], &[("x", value.clone())]);
            query.node(&format!("m{at}"), &["N"], &[("x", value.clone())]);
        }
    };
    let mut equal = Standing::new("MATCH (n:N) WHERE n.x = n.x RETURN count(*) AS n");
    insert(&mut equal);
    assert_eq!(equal.rows(), [[i(8)]]);
    let mut groups = Standing::new("MATCH (n:N) RETURN n.x AS x, count(*) AS n ORDER BY x");
    insert(&mut groups);
    let expected = [("1".into(), 2), (Value::Bool(true), 2), (i(1), 4), (nan, 2), (NULL, 2)];
    assert_eq!(groups.rows(), expected.map(|(x, n)| vec![x, i(n)]));
}

#[test]
fn numbers() {
    let mut query =
        Standing::new("MATCH (n:N) RETURN sum(n.x) AS sum, avg(n.x) AS avg, max(n.x) AS max, 7 / 2 AS half");
    query.node("a", &["N"], &[("x", i(9_007_199_254_740_993))]).node("b", &["N"], &[("x", i(2))]);
    assert_eq!(
        query.rows(),
        [[i(9_007_199_254_740_995), f(4_503_599_627_370_497.5), i(9_007_199_254_740_993), i(3)]]
    );
    query.node("b", &["N"], &[("x", i(i64::MAX))]);
    assert!(matches!(query.diffs()[2], Err(StepError::Evaluate(_))), "an overflow is an error");
}

#[test]
fn retraction() {
    let mut query = Standing::new(
        "MATCH (n:N) RETURN min(n.x) AS min, max(n.x) AS max, collect(n.x) AS list, sum(n.x) AS sum, percentileDisc(n.x, 0.5) AS middle",
    );
    let values = [f(0.1), f(0.2), f(f64::INFINITY), f(f64::NAN), f(0.1)];
    for (at, value) in values.iter().enumerate() {
        query.node(&format!("n{at}"), &["N"], &[("x", value.clone())]);
    }
    for name in ["n2", "n3", "n1"] {
        query.delete(name);
    }
    assert_eq!(query.rows(), [vec![f(0.1), f(0.1), list(&[f(0.1), f(0.1)]), f(0.2), f(0.1)]]);
}

#[test]
fn empty_input() {
    let mut all =
        Standing::new("MATCH (n:N) RETURN count(n) AS c, sum(n.x) AS s, collect(n.x) AS l, max(n.x) AS m");
    assert_eq!(all.rows(), [vec![i(0), i(0), list(&[]), NULL]]);
    let mut keyed = Standing::new("MATCH (n:N) RETURN n.k AS k, count(*) AS c");
    assert!(keyed.rows().is_empty());
    for query in [&mut all, &mut keyed] {
        query.node("n", &["N"], &[("k", i(1)), ("x", i(5))]);
    }
    assert_eq!(keyed.rows(), [[i(1), i(1)]]);
    for query in [&mut all, &mut keyed] {
        query.node("n", &["M"], &[]);
    }
    assert!(keyed.rows().is_empty(), "an emptied group goes");
    assert_eq!(all.rows(), [vec![i(0), i(0), list(&[]), NULL]]);
}

#[test]
fn collect() {
    let mut by_value = Standing::new("MATCH (n:N) RETURN collect(n.x) AS l");
    let mut by_order = Standing::new("MATCH (n:N) WITH n ORDER BY n.k DESC RETURN collect(n.x) AS l");
    for query in [&mut by_value, &mut by_order] {
        for (name, k, x) in [("a", 2, 1), ("b", 1, 3), ("c", 3, 2)] {
            query.node(name, &["N"], &[("k", i(k)), ("x", i(x))]);
        }
    }
    assert_eq!(by_value.rows(), [[list(&[i(1), i(2), i(3)])]]);
    assert_eq!(by_order.rows(), [[list(&[i(2), i(1), i(3)])]]);
    by_order.node("b", &["N"], &[("k", i(9)), ("x", i(3))]);
    assert_eq!(by_order.rows(), [[list(&[i(3), i(2), i(1)])]]);
}

#[test]
fn optional_match() {
    let mut query =
        Standing::new("MATCH (a:A) OPTIONAL MATCH (a)-[:R]->(b) WHERE b.x > 1 RETURN id(a) AS a, id(b) AS b");
    query.node("a", &["A"], &[]).tie("r", "R", "a", "b").node("b", &[], &[("x", i(1))]);
    assert_eq!(query.rows(), [["a".into(), NULL]], "the WHERE stands inside");
    query.node("b", &[], &[("x", i(2))]);
    assert_eq!(query.rows(), [["a".into(), "b".into()]]);
    query.apply(vec![tie("s", "R", "a", "c"), node("c", &[], &[("x", i(5))])]);
    assert_eq!(query.rows().len(), 2);
    query.delete("b").delete("s");
    assert_eq!(query.rows(), [["a".into(), NULL]], "the row of nulls comes back after the last match");
}

#[test]
fn not_pattern_and_exists() {
    let mut query = Standing::new(
        "MATCH (a:A) WHERE NOT (a)-[:R]->() RETURN id(a) AS a, EXISTS { (a)<-[:R]-(b) WHERE b.x = a.x } AS e",
    );
    query.node("a", &["A"], &[("x", i(1))]).tie("in", "R", "b", "a").node("b", &[], &[("x", i(1))]);
    assert_eq!(query.rows(), [["a".into(), Value::Bool(true)]]);
    query.node("b", &[], &[("x", i(2))]);
    assert_eq!(query.rows(), [["a".into(), Value::Bool(false)]]);
    query.tie("out", "R", "a", "b").tie("out2", "R", "a", "b");
    assert!(query.rows().is_empty());
    query.delete("out");
    assert!(query.rows().is_empty(), "one of two is left");
    query.delete("out2");
    assert_eq!(query.rows().len(), 1);
}

#[test]
fn variable_length() {
    let mut query =
        Standing::new("MATCH (a:A)-[r:R*0..3]->(b) RETURN id(b) AS b, size(r) AS hops ORDER BY hops, b");
    query.node("a", &["A"], &[]).node("b", &[], &[]).tie("ab", "R", "a", "b").tie("ba", "R", "b", "a");
    let row = |name: &str, hops: i64| vec![Value::from(name), i(hops)];
    // Over `ab` and back over `ba`; then every relationship is taken.
    assert_eq!(query.rows(), [row("a", 0), row("b", 1), row("a", 2)]);
    query.tie("bc", "R", "b", "c");
    assert_eq!(query.rows().len(), 3, "a relationship without its node is on no trail");
    query.node("c", &[], &[]);
    assert_eq!(query.rows(), [row("a", 0), row("b", 1), row("a", 2), row("c", 2)]);
    query.delete("ab");
    assert_eq!(query.rows(), [row("a", 0)]);
}

#[test]
fn order_by_and_limit() {
    let mut query = Standing::new("MATCH (n:N) RETURN n.x AS x ORDER BY n.x DESC SKIP 1 LIMIT 2");
    for at in 1..=5 {
        query.node(&format!("n{at}"), &["N"], &[("x", i(at))]);
    }
    assert_eq!(query.rows(), [[i(4)], [i(3)]]);
    query.node("n6", &["N"], &[("x", i(6))]).node("n0", &["N"], &[("x", i(0))]);
    assert_eq!(query.rows(), [[i(5)], [i(4)]]);
    let diffs: Vec<usize> = query.diffs().into_iter().map(Result::unwrap).collect();
    assert_eq!(diffs[5..], [2, 0], "one row goes and one comes; what is beyond the window moves nothing");
}

#[test]
fn undirected() {
    let mut query = Standing::new("MATCH (a)-[r:R]-(b) RETURN id(a) AS a, id(b) AS b");
    query.node("a", &[], &[]).node("b", &[], &[]).tie("r", "R", "a", "b").tie("loop", "R", "a", "a");
    let row = |a: &str, b: &str| vec![Value::from(a), Value::from(b)];
    let mut rows = query.rows();
    rows.sort_by_key(|row| format!("{row:?}"));
    assert_eq!(rows, [row("a", "a"), row("a", "b"), row("b", "a")]);
}

#[test]
fn pruning() {
    let mut query = Standing::new("MATCH (n:N)-[:R]->(m) RETURN n.x AS x, id(m) AS m");
    query.node("n", &["N"], &[("x", i(1))]).node("m", &[], &[]).tie("r", "R", "n", "m");
    query.node("n", &["N", "M"], &[("x", i(1)), ("unused", i(2))]).node("m", &["Z"], &[("y", i(1))]);
    let diffs: Vec<usize> = query.diffs().into_iter().map(Result::unwrap).collect();
    assert_eq!(diffs, [0, 0, 1, 0, 0]);
}

#[test]
fn identity() {
    let mut query = Standing::new("MATCH (n)-[r]->() RETURN id(n) AS n, elementId(r) AS r");
    query.node("a:1", &[], &[]).node("b", &[], &[]).tie("r'", "R", "a:1", "b");
    assert_eq!(query.rows(), [["a:1".into(), "r'".into()]]);
}

#[test]
fn runtime_errors() {
    let mut query = Standing::new("MATCH (n:N) RETURN 6 / n.x AS x");
    query.node("a", &["N"], &[("x", i(2))]).node("b", &["N"], &[("x", i(0))]);
    assert!(matches!(query.diffs()[..], [Ok(1), Err(StepError::Evaluate(_))]), "the row is not skipped");
    let mut types = Standing::new("MATCH (n:N) WHERE n.x AND true RETURN id(n) AS n");
    types.node("a", &["N"], &[("x", "yes".into())]);
    assert!(matches!(types.diffs()[..], [Err(StepError::Evaluate(_))]));
}

#[test]
fn cost() {
    let limits = Limits { hops: 3, rows: 100, ..Limits::default() };
    let engine = |query: &str| {
        Engine::compile_with(query, &Map::new(), &Settings { limits, ..Settings::default() })
            .expect("it is a query")
    };
    let mut history = Standing::new("MATCH (n) RETURN count(n) AS n");
    history.apply((0..11).map(|at| node(&format!("n{at}"), &["N"], &[])).collect());
    history.apply(
        (0..4).map(|at| tie(&format!("r{at}"), "R", &format!("n{at}"), &format!("n{}", at + 1))).collect(),
    );
    let run = |query: &str| {
        let engine = engine(query);
        let mut state = MemoryState::new();
        engine.begin(&mut state, Timestamp(0)).expect("the base has no error");
        history.history.iter().try_for_each(|step| engine.step(&mut state, step).map(drop))
    };
    let breach = |query: &str| run(query).expect_err("a limit is reached").to_string();
    assert!(breach("MATCH (a:N), (b:N) RETURN count(*) AS n").contains("`limits.rows`"));
    assert!(breach("MATCH (a)-[:R*]->(b) RETURN count(*) AS n").contains("`limits.hops`"));
    assert!(run("MATCH (a)-[:R*..9]->(b) RETURN count(*) AS n").is_ok(), "a bound of one's own counts");
    for long in ["MATCH (a)-[*..101]->(b) RETURN 1 AS x", "RETURN EXISTS { ()-[*5000]->() } AS e"] {
        let refused = Engine::compile(long, &Map::new()).expect_err("no path is so long");
        assert!(refused.to_string().contains("100 is the most"), "{refused}");
    }
}
