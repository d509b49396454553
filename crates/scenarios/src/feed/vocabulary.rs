//! The words and values of wrong and junk elements: those of the graph and of the query.

use crate::choice::Choice;
use livewell_model::{Decimal, Element, SmolStr, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The words and values of a graph and a query over it.
#[derive(Debug)]
pub struct Vocabulary {
    /// Labels, and words that may be labels.
    pub labels: Vec<SmolStr>,
    /// Types of relationships, and words that may be types.
    pub kinds: Vec<SmolStr>,
    /// The values of each property.
    pub values: BTreeMap<SmolStr, Vec<Value>>,
}

impl Vocabulary {
    /// Collects the words of `graph` and of the query's `text`, in which every word after a colon may be a label or a
    /// type.
    pub fn of(graph: &[Element], text: &str) -> Self {
        let words = text.split(':').skip(1).map(word).filter(|word| !word.is_empty());
        let mut labels: BTreeSet<SmolStr> = words.map(SmolStr::from).collect();
        labels.insert("Other".into());
        let mut kinds = labels.clone();
        let mut values: BTreeMap<SmolStr, Vec<Value>> = BTreeMap::new();
        for element in graph {
            match element {
                Element::Node(node) => labels.extend(node.labels.iter().cloned()),
                Element::Relationship(via) => kinds.extend([via.kind.clone()]),
            }
            for (name, value) in element.properties().iter() {
                values.entry(name.clone()).or_default().push(value.clone());
            }
        }
        Self { labels: labels.into_iter().collect(), kinds: kinds.into_iter().collect(), values }
    }

    /// Returns another value of the same type for the property `name`; `None` if there is none.
    pub fn other_value(&self, name: &str, value: &Value, choice: &mut Choice) -> Option<Value> {
        let near = if choice.one_in(2) { variant(value, choice) } else { None };
        if near.is_some() {
            return near;
        }
        let alike = |other: &&Value| other.type_name() == value.type_name() && *other != value;
        let others: Vec<_> = self.values.get(name).into_iter().flatten().filter(alike).collect();
        if others.is_empty() { variant(value, choice) } else { Some((*choice.of(&others)).clone()) }
    }
}

/// Returns the word that a text begins with.
fn word(text: &str) -> &str {
    let text = text.trim_start().trim_start_matches('`');
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

/// Returns a value of the same type that is a little different.
fn variant(value: &Value, choice: &mut Choice) -> Option<Value> {
    Some(match value {
        Value::Bool(truth) => Value::Bool(!truth),
        Value::Int(int) => Value::Int(*choice.of(&[int.wrapping_add(1), int.wrapping_sub(1), 0, 1, -3])),
        Value::Float(float) => Value::Float(*choice.of(&[float + 1.0, -float, 0.0, 0.5])),
        Value::Decimal(decimal) => {
            let tenth: Decimal = Decimal::new(&(decimal.number() / 10u32)).ok()?;
            choice.of(&[Decimal::from(0), Decimal::from(1), tenth]).clone().into()
        }
        Value::String(text) => Value::string(*choice.of(&["", "zz", &format!("{text}x")])),
        Value::List(items) if items.len() > 1 => {
            let from = choice.below(2);
            Value::list(&items[from..from + items.len() - 1])
        }
        _ => return None,
    })
}
