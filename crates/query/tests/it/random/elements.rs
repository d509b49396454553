//! Random elements and their properties.
//!
//! Property `a` holds integers, `b` numbers of any type, `c` anything else, so that a query can do
//! arithmetic without erring on most rows. Any of them may be absent.

use super::choice::Choice;
use livewell_model::{Decimal, Element, ElementId, Map, Node, Relationship, Value};

pub const LABELS: [&str; 3] = ["A", "B", "C"];
pub const TYPES: [&str; 3] = ["R", "S", "T"];
pub const PROPERTIES: [&str; 3] = ["a", "b", "c"];

/// How far the values of a case stray from the everyday.
#[derive(Debug, Clone, Copy)]
pub struct Wildness {
    /// Whether integers near the ends of 64 bits and beyond 2^53 occur.
    pub huge: bool,
    /// Whether NaN and the infinities occur.
    pub not_finite: bool,
}

pub fn node_id(at: usize) -> ElementId {
    ElementId::new("s", format!("n{at}"))
}

pub fn relationship_id(at: usize) -> ElementId {
    ElementId::new("s", format!("r{at}"))
}

pub fn node(choice: &mut Choice, id: ElementId, wild: Wildness) -> Element {
    let labels = LABELS.iter().filter(|_| choice.one_in(2)).map(|label| (*label).into()).collect();
    Element::Node(Node { id, labels, properties: properties(choice, wild) }.into())
}

pub fn relationship(choice: &mut Choice, id: ElementId, nodes: usize, wild: Wildness) -> Element {
    let from = node_id(choice.below(nodes));
    let to = if choice.one_in(6) { from.clone() } else { node_id(choice.below(nodes)) };
    let kind = (*choice.of(&TYPES)).into();
    Element::Relationship(Relationship { id, kind, from, to, properties: properties(choice, wild) }.into())
}

fn properties(choice: &mut Choice, wild: Wildness) -> Map {
    let mut map = Map::new();
    for name in PROPERTIES {
        if !choice.one_in(4) {
            map.insert(name, value(choice, name, wild));
        }
    }
    map
}

/// A value for the property `name`.
pub fn value(choice: &mut Choice, name: &str, wild: Wildness) -> Value {
    match name {
        "a" => int(choice, wild),
        "b" => number(choice, wild),
        _ => other(choice),
    }
}

fn int(choice: &mut Choice, wild: Wildness) -> Value {
    if wild.huge && choice.one_in(6) {
        return Value::Int(*choice.of(&[i64::MAX, i64::MIN, 1 << 53, (1 << 53) + 1, i64::MAX - 1]));
    }
    Value::Int(choice.between(0, 6) as i64 - 2)
}

fn number(choice: &mut Choice, wild: Wildness) -> Value {
    if wild.not_finite && choice.one_in(5) {
        return Value::Float(*choice.of(&[f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX]));
    }
    match choice.weighted(&[3, 2, 5]) {
        0 => int(choice, wild),
        1 => decimal(choice),
        _ => Value::Float(*choice.of(&[0.0, -0.0, 0.1, 0.2, 1.0, 2.0, -1.0, 1e16, -1e16, 1e-300, 3.5])),
    }
}

fn decimal(choice: &mut Choice) -> Value {
    const DECIMALS: &[&str] =
        &["0", "1", "0.1", "-0.25", "3.5", "1e16", "9007199254740993", "2.00000000000000001", "-1e30"];
    let text = *choice.of(DECIMALS);
    Decimal::parse(text).expect("a decimal").into()
}

fn other(choice: &mut Choice) -> Value {
    match choice.weighted(&[8, 2, 1, 1]) {
        0 => Value::string(*choice.of(&["", "x", "y", "xy", "xyz", "ä"])),
        1 => Value::Bool(choice.one_in(2)),
        2 => Value::list([Value::Int(1), Value::Float(1.0)]),
        _ => Value::list([Value::string("x"), Value::Int(choice.below(2) as i64)]),
    }
}

/// An element as a pattern would write it, with its id and ends.
pub fn text(element: &Element) -> String {
    let properties = element.properties();
    let properties: Vec<_> = properties.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
    let properties = properties.join(", ");
    match element {
        Element::Node(node) => {
            let labels: String = node.labels.iter().map(|label| format!(":{label}")).collect();
            format!("({}{labels} {{{properties}}})", node.id.id)
        }
        Element::Relationship(relationship) => {
            let Relationship { id, kind, from, to, .. } = &**relationship;
            format!("({})-[{}:{kind} {{{properties}}}]->({})", from.id, id.id, to.id)
        }
    }
}
