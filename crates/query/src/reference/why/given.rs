//! What a caller has named of a row: the values of columns, and the elements of variables.
//!
//! A value is looked for as early as the variables that its column is made of are bound, so that what is left after each
//! step is about the row in question. A column that is the value of an aggregate is looked for behind its group.

use super::super::binding::Binding;
use super::super::expression::RowExpr;
use super::super::graph::Graph;
use super::answer::Kind;
use super::mark::Mark;
use super::stages::{Does, Stages};
use crate::expression::EvalError;
use crate::language::Diagnostic;
use crate::language::ast::{Expr, ExprKind, Span};
use livewell_model::{Decimal, ElementId, Map, SmolStr, Value, key};
use std::collections::BTreeMap;

/// What a caller names.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// A column has this value. A text also stands for the number, time or other value that is written so.
    Column(SmolStr, Value),
    /// A variable of the query is this element.
    Variable(SmolStr, ElementId),
}

/// What is given, each at the step where it can be looked for.
pub(super) struct Placed {
    tests: Vec<Test>,
    /// The numbers of the tests behind each step.
    behind: BTreeMap<usize, Vec<usize>>,
    /// The nodes that are given for steps that bind one.
    nodes: BTreeMap<usize, (usize, ElementId)>,
}

/// A condition that a caller has given.
pub(super) struct Test {
    pub(super) expr: RowExpr,
    pub(super) text: String,
    wanted: Wanted,
    /// Where it is looked for; `None`: in the finished row.
    pub(super) at: Option<Mark>,
    pub(super) span: Span,
}

#[derive(Debug, Clone)]
enum Wanted {
    Value(Value),
    Element(ElementId),
}

impl Test {
    /// The element that is given.
    pub(super) fn element(&self) -> Option<&ElementId> {
        match &self.wanted {
            Wanted::Element(id) => Some(id),
            Wanted::Value(_) => None,
        }
    }

    /// Whether the row has it.
    pub(super) fn holds(&self, row: &Binding, graph: &Graph) -> Result<bool, EvalError> {
        let value = self.expr.eval(&row.values, graph)?;
        Ok(match &self.wanted {
            Wanted::Value(wanted) => fits(wanted, &value),
            Wanted::Element(id) => match &value {
                Value::Node(node) => node.id == *id,
                Value::Relationship(relationship) => relationship.id == *id,
                _ => false,
            },
        })
    }
}

/// Whether a value is the one that is given: equivalent to it, or written as the text that is given.
fn fits(wanted: &Value, value: &Value) -> bool {
    if key::of([wanted]) == key::of([value]) {
        return true;
    }
    let Value::String(text) = wanted else { return false };
    match value {
        Value::Null => text.as_str() == "null",
        Value::Bool(is) => text.as_str() == if *is { "true" } else { "false" },
        Value::Int(_) | Value::Float(_) | Value::Decimal(_) => {
            let number = Decimal::parse(text).ok().map(Value::from);
            let number = number.or_else(|| text.parse().ok().map(Value::Float));
            number.is_some_and(|number| key::of([&number]) == key::of([value]))
        }
        Value::Node(node) => node.id.id.as_str() == text.as_str(),
        Value::Relationship(relationship) => relationship.id.id.as_str() == text.as_str(),
        other => other.temporal_text().is_some_and(|written| written.as_str() == text.as_str()),
    }
}

impl Placed {
    /// Finds the places of what is given; `None` if a variable is nowhere in the query.
    ///
    /// # Errors
    /// Returns an error if an expression cannot be compiled.
    pub(super) fn new(stages: &Stages, given: &[Given], params: &Map) -> Result<Option<Self>, Diagnostic> {
        let mut placed = Self { tests: Vec::new(), behind: BTreeMap::new(), nodes: BTreeMap::new() };
        for given in given {
            match given {
                Given::Column(name, value) => {
                    let wanted = Wanted::Value(value.clone());
                    let last = stages.stages.len() - 1;
                    placed.expr(
                        stages,
                        (last, name),
                        wanted,
                        params,
                        format!("{name} = {}", shown(value)),
                    )?;
                }
                Given::Variable(name, id) => {
                    let Some(first) = stages.stages.iter().position(|stage| stage.names.knows(name)) else {
                        return Ok(None);
                    };
                    let text = format!("{name} is {} of `{}`", shown(&id.id.as_str().into()), id.source);
                    if !placed.node(stages, (first, name), id, params, &text)? {
                        placed.expr(stages, (first, name), Wanted::Element(id.clone()), params, text)?;
                    }
                }
            }
        }
        Ok(Some(placed))
    }

    /// Places a node at the step that binds it; false if none does.
    fn node(
        &mut self,
        stages: &Stages,
        (stage, name): (usize, &SmolStr),
        id: &ElementId,
        params: &Map,
        text: &str,
    ) -> Result<bool, Diagnostic> {
        let stage = &stages.stages[stage];
        let slot = stage.names.slots.iter().position(|slot| slot.as_ref() == Some(name));
        let binds = |about: &super::stages::About| slot.is_some_and(|slot| about.width > slot);
        let (Does::Match(_), Some(at)) = (&stage.does, stage.about.iter().position(binds)) else {
            return Ok(false);
        };
        if stage.about[at].kind != Kind::Element {
            return Ok(false);
        }
        let (number, step) = (self.tests.len(), stage.step + at);
        self.nodes.insert(step, (number, id.clone()));
        let expr = RowExpr::new(&variable(name), &stage.names.first(stage.about[at].width), params)?;
        self.tests.push(Test {
            expr,
            text: text.to_owned(),
            wanted: Wanted::Element(id.clone()),
            at: Some(Mark { step, phase: 0, given: number }),
            span: stage.about[at].span,
        });
        Ok(true)
    }

    /// Places a test of the variable `name` behind a stage as early as it can be: before, where what the variable is made
    /// of is bound.
    fn expr(
        &mut self,
        stages: &Stages,
        (last, name): (usize, &SmolStr),
        wanted: Wanted,
        params: &Map,
        text: String,
    ) -> Result<(), Diagnostic> {
        let number = self.tests.len();
        let (mut expr, mut place) = (variable(name), None);
        let mut span = Span::default();
        for at in (0..=last).rev() {
            let stage = &stages.stages[at];
            let before = at.checked_sub(1).map(|before| &stages.stages[before].names);
            match &stage.does {
                Does::Items(_, items) | Does::Group(_, items) => {
                    if !stage.about.is_empty() {
                        place = Some((stage.step, expr.clone(), stage.names.clone()));
                    }
                    let Some(before) = substituted(&expr, items) else { break };
                    (span, expr) = (before.span, before);
                }
                Does::Match(_) | Does::Optional { .. } | Does::Unwind(_) | Does::Call(_) => {
                    let variables = expr.variables();
                    if variables.iter().all(|name| before.is_some_and(|before| before.knows(name))) {
                        continue;
                    }
                    let binds = |about: &super::stages::About| {
                        let names = stage.names.first(about.width);
                        variables.iter().all(|name| names.knows(name))
                    };
                    if let Some(bound) = stage.about.iter().position(binds) {
                        let names = stage.names.first(stage.about[bound].width);
                        place = Some((stage.step + bound, expr, names));
                    }
                    break;
                }
                _ if stage.about.is_empty() => {}
                _ => place = Some((stage.step, expr.clone(), stage.names.clone())),
            }
        }
        // What uses no variable is looked for in the finished row.
        let place = place.filter(|(_, expr, _)| !expr.variables().is_empty());
        let (at, expr) = match place {
            Some((step, expr, names)) => {
                self.behind.entry(step).or_default().push(number);
                (Some(Mark { step, phase: 2, given: number }), RowExpr::new(&expr, &names, params)?)
            }
            None => {
                let names = &stages.stages[last].names;
                (None, RowExpr::new(&variable(name), names, params)?)
            }
        };
        self.tests.push(Test { expr, text, wanted, at, span });
        Ok(())
    }

    pub(super) fn count(&self) -> usize {
        self.tests.len()
    }

    pub(super) fn test(&self, number: usize) -> &Test {
        &self.tests[number]
    }

    /// The tests behind a step, with their numbers.
    pub(super) fn behind(&self, step: usize) -> impl Iterator<Item = (usize, &Test)> {
        self.behind.get(&step).into_iter().flatten().map(|number| (*number, &self.tests[*number]))
    }

    /// The tests of finished rows, with their numbers.
    pub(super) fn last(&self) -> impl Iterator<Item = (usize, &Test)> {
        self.tests.iter().enumerate().filter(|(_, test)| test.at.is_none())
    }

    /// The node that is given for a step, with the number of its test.
    pub(super) fn node_of(&self, step: usize) -> Option<(usize, &ElementId)> {
        self.nodes.get(&step).map(|(number, id)| (*number, id))
    }

    /// Whether anything is looked for before a step.
    pub(super) fn is_before(&self, step: usize) -> bool {
        self.tests.iter().any(|test| test.at.is_some_and(|at| at.step < step))
    }
}

/// The expression over the variables before a projection; `None` if it has to be evaluated behind it.
fn substituted(expr: &Expr, items: &[(SmolStr, Expr)]) -> Option<Expr> {
    if let ExprKind::Variable(name) = &expr.kind {
        let (_, item) = items.iter().find(|(item, _)| item == name)?;
        return (!item.has_aggregate() && !item.has_time()).then(|| item.clone());
    }
    let is_same = |name: &SmolStr| {
        items
            .iter()
            .any(|(item, expr)| item == name && matches!(&expr.kind, ExprKind::Variable(of) if of == name))
    };
    if expr.variables().iter().all(is_same) {
        return Some(expr.clone());
    }
    if expr.has_subquery() {
        return None;
    }
    replaced(expr, items)
}

fn replaced(expr: &Expr, items: &[(SmolStr, Expr)]) -> Option<Expr> {
    if matches!(expr.kind, ExprKind::Variable(_)) && !expr.variables().is_empty() {
        return substituted(expr, items);
    }
    let mut replaced_expr = expr.clone();
    for child in replaced_expr.children_mut() {
        *child = replaced(child, items)?;
    }
    Some(replaced_expr)
}

fn variable(name: &SmolStr) -> Expr {
    Expr { kind: ExprKind::Variable(name.clone()), span: Span::default() }
}

/// A value as a step's text shows it.
fn shown(value: &Value) -> String {
    const CHARS: usize = 80;
    let text = Expr { kind: ExprKind::Literal(value.clone()), span: Span::default() }.to_string();
    match text.char_indices().nth(CHARS) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
