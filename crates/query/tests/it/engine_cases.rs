//! What the engine once got wrong, and what it must refuse: small streams with outcomes worked out by hand.

use livewell_model::diff::Columns;
use livewell_model::{
    AppliedChange, AppliedTransaction, Diff, Element, ElementId, Map, Node, Timestamp, Value,
};
use livewell_query::language::code;
use livewell_query::reference::{Graph, Reference};
use livewell_query::{Engine, MemoryState};

/// A query with the state and the graph it has seen so far.
struct Standing {
    query: String,
    engine: Engine,
    state: MemoryState,
    graph: Graph,
    sequence: u64,
}

impl Standing {
    fn new(query: &str) -> Self {
        let engine = Engine::compile(query, &Map::new())
            .unwrap_or_else(|refusal| panic!("{}", refusal.render(query, "query")));
        let mut state = MemoryState::new();
        engine.begin(&mut state, Timestamp(0)).expect("the base of these queries has no error");
        Self { query: query.into(), engine, state, graph: Graph::new(), sequence: 0 }
    }

    /// One transaction; what the engine and the reference say of it must be both a result or both an error.
    fn apply(&mut self, changes: &[(Option<&Element>, Option<&Element>)]) -> Result<Vec<Diff>, String> {
        self.sequence += 1;
        let changes = changes
            .iter()
            .map(|(before, after)| AppliedChange { before: before.cloned(), after: after.cloned() });
        let changes: Vec<_> = changes.collect();
        let sequence = self.sequence;
        let transaction =
            AppliedTransaction { sequence, position: sequence, timestamp: Timestamp(0), changes };
        self.graph.apply(&transaction);
        let tree = livewell_query::parse(&self.query).expect("it was compiled");
        let reference = Reference::new(&tree, &Map::new()).expect("it was compiled");
        let expected = reference.rows(&self.graph).map_err(|error| error.to_string());
        let diffs = self.engine.step(&mut self.state, &transaction).map_err(|error| error.to_string());
        assert_eq!(expected.is_err(), diffs.is_err(), "{}: {expected:?}, {diffs:?}", self.query);
        diffs
    }

    /// Inserts what is to be there, without error.
    fn insert(&mut self, elements: &[&Element]) {
        let changes: Vec<_> = elements.iter().map(|element| (None, Some(*element))).collect();
        self.apply(&changes).expect("an insert without error");
    }

    fn columns(&self) -> Vec<Columns> {
        self.state.rows().into_iter().map(|(_, row)| row.columns).collect()
    }
}

/// What a query shows of an element.
type Shown<'a> = &'a dyn Fn(&Element) -> Value;

/// A node with property `x`.
fn node(id: &str, label: &str, x: impl Into<Value>) -> Element {
    let properties = Map::from_iter([("x", x.into())]);
    Node { id: ElementId::new("s", id), labels: vec![label.into()], properties }.into()
}

#[test]
fn an_updated_element_replaces_its_old_self_in_every_aggregate() {
    let (old, new) = (node("n", "N", 1), node("n", "N", 2));
    let list = |element: &Element| Value::list([element.to_value()]);
    let shown: [(&str, Shown<'_>); 5] = [
        ("MATCH (n:N) RETURN collect(n) AS v", &list),
        ("MATCH (n:N) RETURN collect(DISTINCT n) AS v", &list),
        ("MATCH (n:N) RETURN min(n) AS v", &Element::to_value),
        ("MATCH (n:N) RETURN max([n]) AS v", &list),
        ("MATCH (n:N) RETURN DISTINCT n AS v", &Element::to_value),
    ];
    assert_ne!(list(&old), list(&new), "an element is compared with its properties");
    for (query, of) in shown {
        let mut standing = Standing::new(query);
        standing.insert(&[&old]);
        assert_eq!(standing.columns(), [Columns::from(vec![of(&old)])], "{query}");
        let diffs = standing.apply(&[(Some(&old), Some(&new))]).expect(query);
        assert!(matches!(diffs.as_slice(), [Diff::Update { .. }]), "{query}: {diffs:?}");
        assert_eq!(standing.columns(), [Columns::from(vec![of(&new)])], "{query}");
    }
}

#[test]
fn an_updated_element_stays_the_group_it_is() {
    let (old, new, other) = (node("n", "N", 1), node("n", "N", 2), node("m", "M", 0));
    let mut standing = Standing::new("MATCH (n:N), (m:M) RETURN n AS n, count(*) AS c");
    standing.insert(&[&old, &other, &node("m2", "M", 0)]);
    standing.apply(&[(Some(&old), Some(&new)), (Some(&other), None)]).expect("no error");
    assert_eq!(standing.columns(), [Columns::from(vec![new.to_value(), 1.into()])]);
}

#[test]
fn a_condition_fails_only_where_all_match_clauses_are_matched() {
    let mut standing = Standing::new("MATCH (a:A) WHERE 1 / a.x > 0 MATCH (b:B) RETURN a.x, b.x");
    standing.insert(&[&node("a", "A", 0)]);
    assert!(standing.columns().is_empty());
    let error = standing.apply(&[(None, Some(&node("b", "B", 0)))]).expect_err("a and b are matched");
    assert!(error.contains("divided by zero"), "{error}");
}

#[test]
fn a_condition_fails_though_a_later_one_would_drop_the_row() {
    for query in [
        "MATCH (a:A) WHERE 1 / a.x > 0 MATCH (b:B {x: 1}) RETURN a.x, b.x",
        "MATCH (a:A) WHERE 1 / a.x > 0 MATCH (b:B) WHERE b.x = 1 RETURN a.x, b.x",
        "MATCH (a:A) MATCH (b:B {x: 1 / a.x}) MATCH (b {x: 1}) RETURN a.x, b.x",
    ] {
        let mut standing = Standing::new(query);
        standing.insert(&[&node("a", "A", 0)]);
        standing.apply(&[(None, Some(&node("b", "B", 2)))]).expect_err(query);
    }
}

#[test]
fn a_condition_guards_those_after_it() {
    for query in [
        "MATCH (a:A) WHERE a.x > 0 MATCH (b:B {x: 1 / a.x}) RETURN a.x, b.x",
        "MATCH (a:A) WHERE a.x > 0 MATCH (b:B) WHERE b.x = 1 / a.x RETURN a.x, b.x",
        "MATCH (b:B {x: 1}) MATCH (a:A) WHERE 1 / a.x > 0 RETURN a.x, b.x",
    ] {
        let mut standing = Standing::new(query);
        standing.insert(&[&node("a", "A", 0), &node("b", "B", 2)]);
        assert!(standing.columns().is_empty(), "{query}");
    }
}

#[test]
fn not_a_number_is_one_value_whatever_its_bits() {
    let quiet = node("n", "N", f64::NAN);
    let odd = node("n", "N", f64::from_bits(0xfff0_0000_0000_0001));
    let other = node("m", "N", -f64::NAN);
    for query in [
        "MATCH (n:N) RETURN n.x AS v",
        "MATCH (n:N) RETURN DISTINCT n.x AS v",
        "MATCH (n:N) RETURN min(n.x) AS v",
        "MATCH (n:N) RETURN sum(DISTINCT n.x) AS v",
        "MATCH (n:N) RETURN n.x AS v, count(*) AS c",
    ] {
        let mut standing = Standing::new(query);
        standing.insert(&[&quiet, &other]);
        let diffs = standing.apply(&[(Some(&quiet), Some(&odd))]).expect(query);
        assert!(diffs.is_empty(), "{query}: {diffs:?}");
        standing.apply(&[(Some(&odd), None)]).expect(query);
        assert_eq!(standing.columns()[0][0], Value::Float(f64::NAN), "{query}");
        standing.apply(&[(Some(&other), None)]).expect(query);
    }
    // What the processor computes has a sign, too: infinity less infinity is a negative NaN on most.
    let mut standing = Standing::new("MATCH (n:N) RETURN DISTINCT n.x - n.x AS v");
    standing.insert(&[&quiet, &node("m", "N", f64::INFINITY)]);
    assert_eq!(standing.columns(), [Columns::from(vec![Value::Float(f64::NAN)])]);
    standing.apply(&[(Some(&quiet), None)]).expect("the other row stays");
    assert_eq!(standing.columns(), [Columns::from(vec![Value::Float(f64::NAN)])]);
}

#[test]
fn a_pattern_beyond_the_limit_is_refused() {
    let chain = |relationships: usize| format!("MATCH (n){} RETURN n.x", "-->()".repeat(relationships));
    let commas = |nodes: usize| format!("MATCH (n){} RETURN n.x", ", ()".repeat(nodes - 1));
    let clauses = |nodes: usize| format!("{} RETURN 1 AS one", "MATCH () ".repeat(nodes));
    for fits in [chain(49), commas(100), clauses(99)] {
        Engine::compile(&fits, &Map::new()).unwrap_or_else(|refusal| panic!("{fits}: {refusal:?}"));
    }
    for beyond in [chain(50), chain(3000), commas(101), commas(5000), clauses(101)] {
        assert_eq!(refusal(&beyond), code::LIMIT, "{} bytes", beyond.len());
    }
}

#[test]
fn more_aggregates_than_the_limit_are_refused() {
    let sums = |count: usize| {
        let sums: Vec<_> = (0..count).map(|at| format!("sum(n.x + {at}) AS v{at}")).collect();
        format!("MATCH (n:N) RETURN {}", sums.join(", "))
    };
    let mut standing = Standing::new(&sums(200));
    standing.insert(&[&node("n", "N", 1)]);
    assert_eq!(standing.columns()[0][199], Value::Int(200));
    assert_eq!(refusal(&sums(201)), code::LIMIT);
    assert_eq!(refusal(&sums(1000)), code::LIMIT);
    let same = vec!["count(*)"; 201].join(" + ");
    Engine::compile(&format!("MATCH (n) RETURN {same} AS v"), &Map::new()).expect("it is one aggregate");
}

fn refusal(query: &str) -> &'static str {
    Engine::compile(query, &Map::new()).expect_err("beyond the limit").code
}

#[test]
fn what_only_a_scan_s_condition_uses_is_not_remembered() {
    let text =
        "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) WHERE o.total > 100 RETURN o.id AS id, c.name AS name";
    let plan = Engine::compile(text, &Map::new()).expect("the query is fine").explain();
    assert!(plan.contains("(o:Order {id})"), "{plan}");
}
