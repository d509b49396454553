//! The cases: a query for each operator, a graph, and the changes that are timed.

use livewell_model::change::Patch;
use livewell_model::{Change, Element, ElementId, Map, Node, Relationship, Value};
use std::fmt;
use std::ops::RangeInclusive;

/// How many changes are committed together, as under load.
const GROUP: usize = 64;
/// From the caches of the processor to its memory, and the levels of a tree: a cost that follows neither rows nor groups
/// still grows as the 0.1st or 0.2nd power between a thousand and a million.
const FLAT_MAX: f64 = 0.3;
/// What grows with the size.
const LINEAR: RangeInclusive<f64> = 0.7..=1.3;

/// How the cost of a change grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// With the logarithm at most.
    Flat,
    /// With what comes out: a list that holds all, or all rows that change.
    Output,
}

impl Growth {
    /// Whether a cost that grows with this power of the size grows as stated.
    pub fn holds(self, exponent: f64) -> bool {
        match self {
            Self::Flat => exponent <= FLAT_MAX,
            Self::Output => LINEAR.contains(&exponent),
        }
    }
}

/// One query, and what a change of its graph should cost.
#[derive(Debug)]
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// The query, over a graph of so many elements.
    pub query: fn(usize) -> String,
    /// The graph of so many elements, and what changes in it.
    pub load: fn(usize, &mut Random) -> Load,
    /// How the cost grows with the graph.
    pub growth: Growth,
}

impl Case {
    /// How many changes are committed together.
    pub fn group(&self) -> usize {
        if self.growth == Growth::Flat { GROUP } else { 1 }
    }
}

/// A graph with its changes.
pub struct Load {
    /// Its elements.
    pub elements: Vec<Element>,
    /// Makes the next change.
    pub change: Box<dyn FnMut(&mut Random) -> Change>,
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load").field("elements", &self.elements.len()).finish_non_exhaustive()
    }
}

/// A small generator of numbers (SplitMix64).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Begins at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

/// All cases. The group of an aggregate, the rows of a window, the timers of a function of time are as many as there are
/// elements; a customer has ten orders.
pub const CASES: &[Case] = &[
    flat(
        "filter",
        |_| "MATCH (o:Order) WHERE o.total > 50 RETURN o.id AS id, o.total AS total".into(),
        orders,
    ),
    flat("DISTINCT", |_| "MATCH (o:Order) RETURN DISTINCT o.total AS total".into(), orders),
    flat(
        "UNION",
        |_| "MATCH (o:Order) RETURN o.total AS x UNION MATCH (o:Order) RETURN o.total + 1 AS x".into(),
        orders,
    ),
    flat(
        "UNWIND",
        |_| "MATCH (o:Order) UNWIND [o.total, o.total + 1] AS x RETURN o.id AS id, x".into(),
        orders,
    ),
    flat("count", |_| of_all("count(o.total)"), orders),
    flat("count(DISTINCT)", |_| of_all("count(DISTINCT o.total)"), orders),
    flat("sum", |_| of_all("sum(o.total)"), orders),
    flat("avg", |_| of_all("avg(o.total)"), orders),
    flat("min, max", |_| of_all("max(o.total) - min(o.total)"), orders),
    flat("stDev", |_| of_all("stDev(o.total)"), orders),
    flat("linearGradient", |_| of_all("livewell.linearGradient(o.total, o.weight)"), orders),
    flat("percentileDisc", |_| of_all("percentileDisc(o.total, 0.9)"), orders),
    flat("percentileCont", |_| of_all("percentileCont(o.total, 0.5)"), orders),
    flat("percentileDisc(DISTINCT)", |_| of_all("percentileDisc(DISTINCT o.total, 0.5)"), orders),
    output("collect", |_| of_all("collect(o.total)"), orders),
    flat("LIMIT", |_| window("LIMIT 10"), orders),
    flat("SKIP, LIMIT", |size| window(&format!("SKIP {} LIMIT 10", size / 2)), orders),
    flat("SKIP", |size| window(&format!("SKIP {}", size / 2)), orders),
    flat("previousValue", |_| timed("livewell.previousValue(o.total)"), orders),
    flat(
        "trueFor",
        |size| timed(&format!("livewell.trueFor(o.total > 50, duration('PT{}S'))", size / 2)),
        orders,
    ),
    flat(
        "slidingWindow",
        |size| of_all(&format!("livewell.slidingWindow(duration('PT{}S'), avg(o.total))", size / 2)),
        orders,
    ),
    flat(
        "MATCH",
        |_| "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) RETURN o.total AS total, c.name AS name".into(),
        placed,
    ),
    flat(
        "OPTIONAL MATCH",
        |_| {
            "MATCH (o:Order) OPTIONAL MATCH (o)-[:PLACED_BY]->(c:Customer) RETURN o.total AS total, c.name AS name".into()
        },
        placed,
    ),
    flat(
        "EXISTS",
        |_| {
            "MATCH (c:Customer) WHERE EXISTS { (o:Order)-[:PLACED_BY]->(c) WHERE o.total > 90 } RETURN c.name AS name".into()
        },
        placed,
    ),
    flat(
        "COUNT",
        |_| {
            "MATCH (c:Customer) RETURN c.name AS name, COUNT { (o:Order)-[:PLACED_BY]->(c) WHERE o.total > 50 } AS n".into()
        },
        placed,
    ),
    output(
        "MATCH, of one to all",
        |_| "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) RETURN o.total AS total, c.name AS name".into(),
        placed_by_one,
    ),
    flat(
        "triangle",
        |_| "MATCH (a:P)-[:K]->(b:P)-[:K]->(c:P)-[:K]->(a) RETURN a.id AS a, b.id AS b, c.id AS c".into(),
        known,
    ),
    flat(
        "path of 1 to 3",
        |_| "MATCH (a:P {n: 1})-[:K*1..3]->(b:P) RETURN a.id AS a, b.id AS b".into(),
        known,
    ),
];

const fn flat(name: &'static str, query: fn(usize) -> String, load: fn(usize, &mut Random) -> Load) -> Case {
    Case { name, query, load, growth: Growth::Flat }
}

const fn output(
    name: &'static str,
    query: fn(usize) -> String,
    load: fn(usize, &mut Random) -> Load,
) -> Case {
    Case { name, query, load, growth: Growth::Output }
}

fn of_all(aggregate: &str) -> String {
    format!("MATCH (o:Order) RETURN {aggregate} AS x")
}

fn window(bounds: &str) -> String {
    format!("MATCH (o:Order) RETURN o.id AS id, o.total AS total ORDER BY total {bounds}")
}

fn timed(function: &str) -> String {
    format!("MATCH (o:Order) RETURN o.id AS id, {function} AS x")
}

/// Orders whose totals change.
fn orders(size: usize, random: &mut Random) -> Load {
    Load { elements: (0..size).map(|at| order(at, random)).collect(), change: Box::new(total_of(size)) }
}

/// Orders of a tenth as many customers; totals change.
fn placed(size: usize, random: &mut Random) -> Load {
    placed_by(size, (size / 10).max(1), random)
}

/// Orders of one customer, whose name changes.
fn placed_by_one(size: usize, random: &mut Random) -> Load {
    let mut number = 0;
    let rename = move |_: &mut Random| {
        number += 1;
        update("c", 0, [("name", Value::string(format!("name {number}")))])
    };
    Load { change: Box::new(rename), ..placed_by(size, 1, random) }
}

fn placed_by(size: usize, customers: usize, random: &mut Random) -> Load {
    let mut elements: Vec<Element> =
        (0..customers).map(|at| node("c", at, "Customer", [("name", text("name", at))])).collect();
    for at in 0..size {
        elements.push(order(at, random));
        elements.push(relationship("p", at, "PLACED_BY", ("o", at), ("c", random.below(customers))));
    }
    Load { elements, change: Box::new(total_of(size)) }
}

/// People who each know three others; one begins to know somebody else.
fn known(size: usize, random: &mut Random) -> Load {
    let mut elements: Vec<Element> = (0..size)
        .map(|at| node("a", at, "P", [("id", text("a", at)), ("n", Value::Int((at % 100) as i64))]))
        .collect();
    for at in 0..3 * size {
        elements.push(relationship("k", at, "K", ("a", at / 3), ("a", random.below(size))));
    }
    let mut ahead = 3 * size;
    let know = move |random: &mut Random| {
        ahead += 1;
        Change::insert(relationship("k", ahead, "K", ("a", random.below(size)), ("a", random.below(size))))
    };
    Load { elements, change: Box::new(know) }
}

fn total_of(size: usize) -> impl FnMut(&mut Random) -> Change {
    move |random| update("o", random.below(size), [("total", total(random))])
}

fn order(at: usize, random: &mut Random) -> Element {
    let properties =
        [("id", text("o", at)), ("total", total(random)), ("weight", Value::Int(random.below(100) as i64))];
    node("o", at, "Order", properties)
}

fn total(random: &mut Random) -> Value {
    // Almost all differ, also among a million.
    Value::Float(random.below(1_000_000_000) as f64 / 1e7)
}

fn update<const N: usize>(kind: &str, at: usize, properties: [(&'static str, Value); N]) -> Change {
    let properties: Map = properties.into_iter().collect();
    Change::Update(Patch { properties, ..Patch::new(id(kind, at)) })
}

fn node<const N: usize>(
    kind: &str,
    at: usize,
    label: &str,
    properties: [(&'static str, Value); N],
) -> Element {
    Node { id: id(kind, at), labels: vec![label.into()], properties: properties.into_iter().collect() }.into()
}

fn relationship(prefix: &str, at: usize, kind: &str, from: (&str, usize), to: (&str, usize)) -> Element {
    let (from, to) = (id(from.0, from.1), id(to.0, to.1));
    Relationship { id: id(prefix, at), kind: kind.into(), from, to, properties: Map::new() }.into()
}

fn id(kind: &str, at: usize) -> ElementId {
    ElementId::new("s", format!("{kind}{at}"))
}

fn text(kind: &str, at: usize) -> Value {
    Value::string(format!("{kind}{at}"))
}
