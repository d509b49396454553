//! Scan: from a changed element to the change of one pattern element's bag, pruned to what the query uses.
//!
//! Law: linear. The feed brings both images of each element, so nothing is remembered. Pruning is what
//! keeps an update to an unused property from going any further: both images prune to the same value.

use crate::encoding::{Encode, encode_all};
use crate::expression::Compiled;
use crate::language::ast::Labels;
use crate::meter::Meter;
use crate::state::StepError;
use livewell_model::codec::Writer;
use livewell_model::{AppliedChange, Element, Map, Node, Relationship, SmolStr, Value};
use std::sync::Arc;

/// What of an element the query uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// All of it.
    Whole,
    /// These parts.
    Parts {
        /// The labels, or the type.
        labels: bool,
        /// The properties, ascending.
        properties: Vec<SmolStr>,
    },
}

impl Needs {
    /// Nothing but the element's identity.
    pub const fn nothing() -> Self {
        Self::Parts { labels: false, properties: Vec::new() }
    }

    fn properties(&self, all: &Map) -> Map {
        match self {
            Self::Whole => all.clone(),
            Self::Parts { properties, .. } => all.pick(properties),
        }
    }

    /// Whether two elements are the same as far as the query can see.
    fn are_alike(&self, before: &Element, after: &Element) -> bool {
        let Self::Parts { labels, properties } = self else { return before == after };
        let lie_alike = match (before, after) {
            (Element::Node(before), Element::Node(after)) => !labels || before.labels == after.labels,
            (Element::Relationship(before), Element::Relationship(after)) => {
                (&before.from, &before.to) == (&after.from, &after.to)
                    && (!labels || before.kind == after.kind)
            }
            _ => false,
        };
        let (old, new) = (before.properties(), after.properties());
        lie_alike && before.id() == after.id() && properties.iter().all(|name| old.get(name) == new.get(name))
    }

    fn labels(&self) -> bool {
        matches!(self, Self::Whole | Self::Parts { labels: true, .. })
    }
}

/// What a scan lets through.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Nodes that have all these labels, and for whose labels all this holds.
    Nodes(Vec<SmolStr>, Vec<Labels>),
    /// Relationships that have one of these types (none: any), for which this holds.
    Relationships(Vec<SmolStr>, Option<Labels>),
}

impl Kind {
    fn admits(&self, element: &Element) -> bool {
        match (self, element) {
            (Self::Nodes(labels, tests), Element::Node(node)) => {
                labels.iter().all(|label| node.has_label(label))
                    && tests.iter().all(|test| test.holds(&node.labels))
            }
            (Self::Relationships(types, test), Element::Relationship(relationship)) => {
                let kind = &relationship.kind;
                let holds = |test: &Labels| test.holds(std::slice::from_ref(kind));
                (types.is_empty() || types.contains(kind)) && test.as_ref().is_none_or(holds)
            }
            _ => false,
        }
    }
}

/// Turns changed elements into rows.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Which elements.
    pub kind: Kind,
    /// What of them goes on to the rows; the conditions see all.
    pub needs: Needs,
    /// Conditions on the element alone, over a row of one slot; they cannot fail.
    pub conditions: Vec<Compiled>,
    /// Whether the elements themselves may go on, since nothing behind the rows remembers them or sees more of them.
    pub shares: bool,
}

/// An element before and after, where the scan lets it through.
#[derive(Debug)]
pub struct Seen<'c> {
    before: Option<&'c Element>,
    after: Option<&'c Element>,
}

/// An element's value before and after, where the scan lets it through.
#[derive(Debug, PartialEq, Eq)]
pub struct Scanned {
    /// As it was.
    pub before: Option<Value>,
    /// As it is.
    pub after: Option<Value>,
}

impl Scan {
    /// What `change` does to the scan's bag, if anything.
    ///
    /// # Errors
    /// Returns an error if a condition fails, which the plan rules out, and the errors of [`Meter::hold`].
    pub fn see<'c>(&self, change: &'c AppliedChange, meter: &Meter) -> Result<Option<Seen<'c>>, StepError> {
        let before = self.admitted(change.before.as_ref(), meter)?;
        let after = self.admitted(change.after.as_ref(), meter)?;
        let is_alike = match (before, after) {
            (Some(before), Some(after)) => self.needs.are_alike(before, after),
            (before, after) => before.is_none() && after.is_none(),
        };
        Ok((!is_alike).then_some(Seen { before, after }))
    }

    /// The values of what was seen: copies of what is used of them, unless there is no need for that.
    pub fn copied(&self, seen: &Seen<'_>) -> Scanned {
        let value = |element: Option<&Element>| element.map(|element| self.value(element));
        Scanned { before: value(seen.before), after: value(seen.after) }
    }

    /// As [`Scan::copied`], for rows that are compared with no others: then the elements themselves will do, if nothing
    /// remembers them.
    pub fn shared(&self, seen: &Seen<'_>) -> Scanned {
        if !self.shares {
            return self.copied(seen);
        }
        Scanned { before: seen.before.map(Element::to_value), after: seen.after.map(Element::to_value) }
    }

    /// Writes what is used of a value, whether it is a copy of that or the element itself.
    pub fn write(&self, value: &Value, out: &mut Writer) {
        match (value, &self.needs) {
            (Value::Node(node), Needs::Parts { labels, properties }) => {
                out.part_of_node(node, if *labels { &node.labels } else { &[] }, properties);
            }
            (value, _) => {
                out.value(value);
            }
        }
    }

    /// The element, where it passes.
    fn admitted<'e>(
        &self,
        element: Option<&'e Element>,
        meter: &Meter,
    ) -> Result<Option<&'e Element>, StepError> {
        let Some(element) = element.filter(|element| self.kind.admits(element)) else { return Ok(None) };
        if self.conditions.is_empty() {
            return Ok(Some(element));
        }
        let whole = [element.to_value()];
        for condition in &self.conditions {
            if !condition.is_true_in(&whole, meter)? {
                return Ok(None);
            }
        }
        Ok(Some(element))
    }

    fn value(&self, element: &Element) -> Value {
        if self.needs == Needs::Whole { element.to_value() } else { self.prune(element) }
    }

    fn prune(&self, element: &Element) -> Value {
        let labels = self.needs.labels();
        match element {
            Element::Node(node) => Value::Node(Arc::new(Node {
                id: node.id.clone(),
                labels: if labels { node.labels.clone() } else { Vec::new() },
                properties: self.needs.properties(&node.properties),
            })),
            Element::Relationship(relationship) => Value::Relationship(Arc::new(Relationship {
                id: relationship.id.clone(),
                kind: if labels { relationship.kind.clone() } else { SmolStr::default() },
                from: relationship.from.clone(),
                to: relationship.to.clone(),
                properties: self.needs.properties(&relationship.properties),
            })),
        }
    }
}

impl Encode for Scan {
    fn encode(&self, out: &mut Writer) {
        // What goes on looks the same either way.
        let Self { kind, needs, conditions, shares: _ } = self;
        encode_all!(out, kind, needs, conditions);
    }
}

impl Encode for Kind {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Nodes(labels, tests) => encode_all!(out.u8(0), labels, tests),
            Self::Relationships(types, test) => encode_all!(out.u8(1), types, test),
        }
    }
}

impl Encode for Needs {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Whole => encode_all!(out, &0_u16),
            Self::Parts { labels, properties } => encode_all!(out, &1_u16, labels, properties),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_model::{ElementId, Value};

    #[test]
    fn what_is_written_of_an_element_is_what_is_copied_of_it() {
        let node = Node {
            id: ElementId::new("s", "n"),
            labels: vec!["A".into(), "B".into()],
            properties: ["a", "b", "d"].map(|name| (name, Value::string(name))).into_iter().collect(),
        };
        let element = Element::from(node);
        for names in [&[][..], &["a"], &["b", "c", "d"], &["a", "b", "d"], &["e"]] {
            for labels in [false, true] {
                let needs =
                    Needs::Parts { labels, properties: names.iter().copied().map(SmolStr::new).collect() };
                let kind = Kind::Nodes(Vec::new(), Vec::new());
                let scan = Scan { kind, needs, conditions: Vec::new(), shares: true };
                let copy = scan.value(&element);
                let mut written = [Writer::new(), Writer::new(), Writer::new()];
                scan.write(&element.to_value(), &mut written[0]);
                scan.write(&copy, &mut written[1]);
                written[2].value(&copy);
                let [of_element, of_copy, copied] = written.map(|writer| writer.bytes);
                assert_eq!((&of_element, &of_copy), (&copied, &copied), "{names:?}");
            }
        }
    }
}
