//! Runs stages over rows, one row after another, and notes what passes each step.

use super::super::binding::{Binding, Rows, filter, flat_map, rows};
use super::super::matching::Matching;
use super::super::pattern::{End, Step, Via};
use super::super::projection;
use super::look::{Look, soft};
use super::stages::{Condition, Does, Stage, Stages, Test};
use crate::expression::EvalError;
use livewell_model::Value;
use std::cell::Cell;
use std::rc::Rc;

/// The row before all stages.
pub(super) fn start() -> Binding {
    Binding { key: Vec::new(), order: Vec::new(), values: Vec::new() }
}

impl Stages {
    /// The rows that the stages from `from` to before `to` make of `start`.
    pub(super) fn run<'a>(
        &'a self,
        (from, to): (usize, usize),
        start: Rows<'a>,
        look: &'a Look<'a>,
    ) -> Result<Rows<'a>, EvalError> {
        self.stages[from..to].iter().try_fold(start, |rows, stage| stage.run(rows, look))
    }
}

impl Stage {
    /// The rows that it makes of others.
    pub(super) fn run<'a>(&'a self, bindings: Rows<'a>, look: &'a Look<'a>) -> Result<Rows<'a>, EvalError> {
        let (step, graph) = (self.step, look.graph);
        let around = Rc::from([]);
        let made: Rows<'a> = match &self.does {
            Does::Match(matching) => {
                return Ok(flat_map(bindings, move |row| walk(matching, step, row, look)));
            }
            Does::Optional { matching, within } => {
                flat_map(bindings, move |row| optional(matching, within, row, look))
            }
            Does::Keep(condition) => filter(bindings, move |row| soft(condition.is_true(row, look))),
            Does::Unwind(unwinding) => flat_map(bindings, move |row| unwinding.run(row, graph)),
            Does::Call(calling) => flat_map(bindings, move |row| calling.run(&row, graph)),
            Does::Items(projecting, _) | Does::Group(projecting, _) => {
                projecting.project(&around, bindings, graph)?
            }
            Does::Distinct => rows(projection::distinct(bindings, 0, graph)?),
            Does::Order(projecting) | Does::Window(projecting) => projecting.ordering.run(bindings, graph)?,
        };
        let may_be = move |row: &Binding| Ok(look.may_be(&row.key));
        let made = if look.key.is_some() { filter(made, may_be) } else { made };
        if self.about.is_empty() {
            return Ok(filter(made, move |_| look.spend().map(|()| true)));
        }
        Ok(filter(made, move |row| look.passes(step, row)))
    }
}

/// All extensions of a row by the patterns of a MATCH.
pub(super) fn walk<'a>(
    matching: &'a Matching,
    step: usize,
    row: Binding,
    look: &'a Look<'a>,
) -> Result<Rows<'a>, EvalError> {
    matching.check(&row.values)?;
    let row = Rc::new(row);
    let (mut walked, mut at) = (rows([row.values.clone()]), step);
    for part in &matching.steps {
        let begun = row.clone();
        let number = at;
        walked = flat_map(walked, move |values| extensions(matching, part, number, (&begun, values), look));
        at += match part {
            Step::Start(_) => 1,
            Step::Hop { .. } => 2,
            Step::Path(_) => 0,
        };
    }
    Ok(Box::new(walked.map(move |values| Ok(matching.extended(&row, values?)))))
}

/// All ways to take one step of a walk: over a relationship and then to its node, each with a number of its own.
fn extensions<'a>(
    matching: &'a Matching,
    part: &'a Step,
    step: usize,
    (row, values): (&Rc<Binding>, Vec<Value>),
    look: &'a Look<'a>,
) -> Result<Rows<'a, Vec<Value>>, EvalError> {
    let row = row.clone();
    let partial = move |values: &[Value]| {
        let key = matching.partial_key(&row, values);
        Binding { key, order: row.order.clone(), values: values.to_vec() }
    };
    let of_partial = partial.clone();
    let keep = move |step: usize, values: &Vec<Value>| -> Result<bool, EvalError> {
        let partial = of_partial(values);
        if !look.may_be(&partial.key) {
            look.graph.meter.tick()?;
            return Ok(false);
        }
        look.passes(step, &partial)
    };
    match part {
        Step::Path(_) => part.extensions(values, look.graph),
        Step::Start(end) => {
            let candidates = candidates(end, step, (&partial, &values), look);
            Ok(kept(
                Box::new(candidates.filter_map(move |node| end.bind(&values, &node)).map(Ok)),
                step,
                keep,
            ))
        }
        Step::Hop { left, via, right } => {
            let Value::Node(from) = &values[*left] else { return Ok(rows([])) };
            let from = from.clone();
            hops((via, right), (from, values), step, (partial, keep), look)
        }
    }
}

type Node = std::sync::Arc<livewell_model::Node>;
/// Makes the row of a partial match of its values.
type Partial<'a> = &'a dyn Fn(&[Value]) -> Binding;

/// The nodes that may be the first of a pattern: the one that is given, or those that the pattern takes.
fn candidates<'a>(
    end: &End,
    step: usize,
    (partial, values): (Partial<'_>, &[Value]),
    look: &'a Look<'a>,
) -> Box<dyn Iterator<Item = Node> + 'a> {
    let Some((number, id)) = look.placed.and_then(|placed| placed.node_of(step)) else {
        return end.candidates(values, look.graph);
    };
    let node = look.graph.node(id);
    if let Some(node) = &node {
        look.is_there(step, number, &partial(&[values, &[Value::Node(node.clone())]].concat()));
    }
    Box::new(node.into_iter())
}

fn hops<'a>(
    (via, right): (&'a Via, &'a End),
    (from, values): (Node, Vec<Value>),
    step: usize,
    (partial, keep): (
        impl Fn(&[Value]) -> Binding + 'a,
        impl Fn(usize, &Vec<Value>) -> Result<bool, EvalError> + Clone + 'a,
    ),
    look: &'a Look<'a>,
) -> Result<Rows<'a, Vec<Value>>, EvalError> {
    let given = look.placed.and_then(|placed| placed.node_of(step + 1));
    let ways = via.ways(&from, &values, look.graph)?;
    let to_node = keep.clone();
    let extended = flat_map(ways, move |(relationships, node)| {
        let Some(extended) = via.bind(&values, relationships) else { return Ok(rows([])) };
        if !keep(step, &extended)? {
            return Ok(rows([]));
        }
        if let Some((number, id)) = given {
            if node.id != *id {
                return Ok(rows([]));
            }
            let found = [extended.as_slice(), &[Value::Node(node.clone())]].concat();
            look.is_there(step + 1, number, &partial(&found));
        }
        Ok(rows(right.bind(&extended, &node)))
    });
    Ok(kept(extended, step + 1, to_node))
}

fn kept<'a>(
    all: Rows<'a, Vec<Value>>,
    step: usize,
    keep: impl Fn(usize, &Vec<Value>) -> Result<bool, EvalError> + 'a,
) -> Rows<'a, Vec<Value>> {
    Box::new(all.filter_map(
        move |values| match values.and_then(|values| Ok((keep(step, &values)?, values))) {
            Ok((is_kept, values)) => is_kept.then_some(Ok(values)),
            Err(error) => Some(Err(error)),
        },
    ))
}

/// The row's matches of an OPTIONAL MATCH, or the row with nulls.
fn optional<'a>(
    matching: &'a Matching,
    within: &'a Stages,
    row: Binding,
    look: &'a Look<'a>,
) -> Result<Rows<'a>, EvalError> {
    // Whether there is a match is not a matter of which one is looked for.
    let unmatched = matching.unmatched(&row);
    if look.key.is_some() {
        let any = Cell::new(false);
        let all = look.beside();
        within.each(row.clone(), &all, &mut |_| {
            any.set(true);
            Ok(false)
        })?;
        if !any.get() {
            return Ok(rows([unmatched]));
        }
    }
    let mut matches = within.run((0, within.stages.len()), rows([row]), look)?.peekable();
    Ok(match matches.peek() {
        None if look.key.is_some() => rows([]),
        None => rows([unmatched]),
        Some(_) => Box::new(matches),
    })
}

impl Stages {
    /// Calls `with` for each row that the stages make of `row`, until it says false.
    pub(super) fn each(
        &self,
        row: Binding,
        look: &Look<'_>,
        with: &mut dyn FnMut(&Binding) -> Result<bool, EvalError>,
    ) -> Result<(), EvalError> {
        for row in self.run((0, self.stages.len()), rows([row]), look)? {
            if !with(&row?)? {
                break;
            }
        }
        Ok(())
    }
}

impl Condition {
    /// Whether it is true for a row.
    pub(super) fn is_true(&self, row: &Binding, look: &Look<'_>) -> Result<bool, EvalError> {
        match &self.test {
            Test::Expr(expr) => expr.is_true_on(row, look.graph),
            Test::Property { matching, element, property } => {
                let truth = matching.properties[*element].truth(*property, &row.values, look.graph)?;
                Ok(truth == Value::Bool(true))
            }
        }
    }
}
