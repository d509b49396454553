//! Steps with what a row shows of them: elements, values, the rows of a group, the place in an order.

use super::super::binding::Binding;
use super::super::expression::RowExpr;
use super::super::graph::Graph;
use super::super::matching::Matching;
use super::super::names::Names;
use super::super::pattern::{End, Step as Part, Via};
use super::answer::{Bound, Kind, Member, Step, Used};
use super::look::is_end;
use super::shown::shown;
use super::stages::{About, Condition, Does, Stage, Test};
use super::text::{Text, written};
use super::uses::Uses;
use crate::expression::EvalError;
use crate::language::ast::{Span, Way};
use livewell_model::{ElementId, Map, Node, SmolStr, Value};

/// What descriptions need to know of the query.
pub(super) struct Describing<'a> {
    pub(super) text: &'a Text,
    pub(super) uses: &'a Uses,
    pub(super) graph: &'a Graph,
    /// Which query of a UNION it is, from 1.
    pub(super) branch: Option<usize>,
}

impl Describing<'_> {
    /// A step of which nothing is said yet.
    pub(super) fn step(&self, about: &About) -> Step {
        Step {
            kind: about.kind,
            branch: self.branch,
            text: about.text.clone(),
            span: self.text.place(about.span),
            ok: None,
            left: None,
            value: None,
            used: Vec::new(),
            elements: Vec::new(),
            members: None,
            rank: None,
            note: None,
            steps: Vec::new(),
        }
    }

    /// What a row shows of a step of a stage, as far as it reaches.
    ///
    /// # Errors
    /// Returns an error if the evaluation has to end.
    pub(super) fn of_row(&self, stage: &Stage, at: usize, row: &Binding) -> Result<Step, EvalError> {
        let about = &stage.about[at];
        let mut step = self.step(about);
        match &stage.does {
            Does::Match(_) => {
                step.elements = about
                    .slot
                    .map(|slot| self.elements_between(&stage.names, row, slot, slot + 1))
                    .unwrap_or_default();
            }
            Does::Keep(condition) => self.condition(condition, &stage.names, row, &mut step)?,
            Does::Unwind(_) => step.value = row.values.last().map(shown),
            Does::Optional { .. } | Does::Call(_) | Does::Distinct | Does::Group(..) | Does::Window(_) => {}
            Does::Items(..) | Does::Order(_) => {}
        }
        Ok(step)
    }

    /// The elements in these slots of a row.
    pub(super) fn elements_between(
        &self,
        names: &Names,
        row: &Binding,
        from: usize,
        to: usize,
    ) -> Vec<Bound> {
        let mut bound = Vec::new();
        for (slot, value) in row.values.iter().enumerate().take(to).skip(from) {
            let name = names.slots.get(slot).and_then(Option::as_ref);
            self.add(name, value, &mut bound);
        }
        bound
    }

    fn add(&self, name: Option<&SmolStr>, value: &Value, bound: &mut Vec<Bound>) {
        /// How many elements of one list are shown.
        const LIST_MAX: usize = 20;
        match value {
            Value::List(items) => items.iter().take(LIST_MAX).for_each(|item| self.add(name, item, bound)),
            Value::Node(node) => {
                bound.push(self.bound(name, &node.id, node.labels.clone(), &node.properties));
            }
            Value::Relationship(one) => {
                bound.push(self.bound(name, &one.id, vec![one.kind.clone()], &one.properties));
            }
            _ => {}
        }
    }

    fn bound(&self, name: Option<&SmolStr>, id: &ElementId, labels: Vec<SmolStr>, properties: &Map) -> Bound {
        let used = name.into_iter().flat_map(|name| self.uses.of(name));
        let used = used.map(|used| (used.clone(), properties.get(used).map(shown).unwrap_or_default()));
        let (source, id) = (id.source.clone(), id.id.clone());
        Bound { variable: name.and_then(written), source, id, labels, properties: used.collect() }
    }

    /// A node at a step that it may not fit.
    pub(super) fn node(&self, stage: &Stage, at: usize, node: &Node) -> Vec<Bound> {
        let name = stage.about[at].slot.and_then(|slot| stage.names.slots.get(slot)?.as_ref());
        vec![self.bound(name, &node.id, node.labels.clone(), &node.properties)]
    }

    /// Why a row matches nothing at a step of a pattern, as far as there is more to say than that.
    pub(super) fn unmatched(&self, matching: &Matching, at: usize, row: Option<&Binding>) -> Option<String> {
        let mut number = 0;
        for part in &matching.steps {
            match part {
                Part::Start(end) if number == at => return self.no_node(end),
                Part::Start(_) => number += 1,
                Part::Hop { left, via, .. } if number == at => {
                    let from = row.and_then(|row| row.values.get(*left));
                    let Some(Value::Node(from)) = from else {
                        return Some("it begins at a variable that is null".to_owned());
                    };
                    return Some(self.no_way(via, from));
                }
                Part::Hop { right, .. } if number + 1 == at => return self.no_node(right),
                Part::Hop { .. } => number += 2,
                Part::Path(_) => {}
            }
        }
        None
    }

    /// What there is of a label that no node of a step has.
    fn no_node(&self, end: &End) -> Option<String> {
        let missing = |label: &&SmolStr| {
            let mut nodes = self.graph.candidates(std::slice::from_ref(*label));
            !nodes.any(|node| node.has_label(label))
        };
        let label = end.labels.iter().find(missing)?;
        Some(format!("no node has the label `{label}`"))
    }

    /// What relationships a node has in the place of those of a step.
    fn no_way(&self, via: &Via, from: &Node) -> String {
        let (mut others, mut elsewhere, mut dangling) = (0, 0, 0);
        for one in self.graph.around(&from.id, &[], Way::Either) {
            if one.from != from.id && one.to != from.id {
                continue;
            }
            let is_of_type = via.types.is_empty() || via.types.contains(&one.kind);
            let far = if one.from == from.id { &one.to } else { &one.from };
            let fits = match via.way {
                Way::Right => one.from == from.id,
                Way::Left => one.to == from.id,
                Way::Either => true,
            };
            match (is_of_type, fits) {
                (false, _) => others += 1,
                (true, false) => elsewhere += 1,
                (true, true) if self.graph.node(far).is_none() => dangling += 1,
                (true, true) => {}
            }
        }
        let mut why = format!("`{}` has none such", from.id);
        let parts = [
            (dangling, "to a node that does not exist"),
            (elsewhere, "in the other direction"),
            (others, "of other types"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
        if !parts.is_empty() {
            why += &format!("; it has {}", parts.join(", "));
        }
        why
    }

    /// The values of a row, by their names.
    pub(super) fn columns(&self, stage: &Stage, row: &Binding) -> Vec<Used> {
        let named = stage.names.slots.iter().zip(&row.values);
        let named = named.filter_map(|(name, value)| Some((name.as_ref()?, value)));
        let named = named.filter(|(name, _)| written(name).as_ref() == Some(*name));
        named.map(|(name, value)| Used { text: name.to_string(), value: shown(value) }).collect()
    }

    /// A row as a member of another.
    pub(super) fn member(&self, names: &Names, row: &Binding) -> Member {
        let mut values = Map::default();
        for (name, value) in names.slots.iter().zip(&row.values) {
            let is_element = matches!(value, Value::Node(_) | Value::Relationship(_) | Value::Path(_));
            if let Some(name) = name.as_ref().filter(|name| written(name).as_ref() == Some(*name))
                && !is_element
            {
                values.insert(name.as_str(), shown(value));
            }
        }
        Member { elements: self.elements_between(names, row, 0, row.values.len()), values }
    }

    fn condition(
        &self,
        condition: &Condition,
        names: &Names,
        row: &Binding,
        step: &mut Step,
    ) -> Result<(), EvalError> {
        let value = match &condition.test {
            Test::Expr(expr) => expr.eval_on(row, self.graph),
            Test::Property { matching, element, property } => {
                let properties = &matching.properties[*element];
                let (name, value) = properties.one(*property, &row.values);
                step.used.push(Used { text: name.to_string(), value: shown(&value) });
                properties.truth(*property, &row.values, self.graph)
            }
        };
        for (text, expr) in &condition.used {
            match expr.eval(&row.values, self.graph) {
                Ok(value) if !is_element(&value) => {
                    step.used.push(Used { text: text.clone(), value: shown(&value) });
                }
                Err(error) if is_end(&error) => return Err(error),
                _ => {}
            }
        }
        for name in &condition.variables {
            let slot = names.slots.iter().position(|slot| slot.as_ref() == Some(name));
            let slot = slot.filter(|slot| row.values.get(*slot).is_some_and(is_element));
            step.elements.extend(
                slot.map(|slot| self.elements_between(names, row, slot, slot + 1)).into_iter().flatten(),
            );
        }
        if let Test::Expr(expr) = &condition.test {
            self.subqueries(expr, row, step)?;
        }
        match value {
            Ok(value) => {
                step.ok = Some(matches!(value, Value::Bool(true)));
                step.value = Some(shown(&value));
            }
            Err(error) if is_end(&error) => return Err(error),
            Err(error) => {
                step.ok = Some(false);
                step.note = Some(format!("it has no value: {error}"));
            }
        }
        Ok(())
    }

    /// Adds the elements that subqueries of a condition find, such as what an EXISTS is true for.
    fn subqueries(&self, expr: &RowExpr, row: &Binding, step: &mut Step) -> Result<(), EvalError> {
        let mut notes = Vec::new();
        for (subquery, found) in expr.found(&row.values, self.graph) {
            match found {
                Ok(Some(found)) => {
                    let (from, to) = (subquery.names.around(), found.values.len());
                    step.elements.extend(self.elements_between(&subquery.names, &found, from, to));
                    notes.push("the subquery finds something; the first of that is shown");
                }
                Ok(None) => notes.push("the subquery finds nothing"),
                Err(error) if is_end(&error) => return Err(error),
                Err(_) => {}
            }
        }
        if !notes.is_empty() {
            step.note = Some(notes.join("; "));
        }
        Ok(())
    }

    /// The step of what is given, at a row that has come to it.
    pub(super) fn given(&self, text: &str, span: Span) -> Step {
        let about = About { kind: Kind::Given, text: text.to_owned(), span, width: 0, slot: None };
        self.step(&about)
    }
}

fn is_element(value: &Value) -> bool {
    matches!(value, Value::Node(_) | Value::Relationship(_) | Value::Path(_))
        || matches!(value, Value::List(items) if !items.is_empty() && items.iter().all(|item| matches!(item, Value::Relationship(_) | Value::Node(_))))
}
