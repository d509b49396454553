//! Plans: the operators of a query, put together.
//!
//! A plan is a list of operators, each after those it takes its input from, under an [`Output`]. Building it
//! decides which slots a row has, which of them identify it, what of each element is used, and in which order a
//! pattern is extended; nothing that a user sees depends on those decisions but speed.

mod build;
mod call;
mod clauses;
mod explain;
mod items;
mod lookups;
mod needs;
mod pattern;
mod planner;
mod projection;
mod schema;
mod subquery;
mod timed;
mod window;

use crate::chronicle::Chronicle;
use crate::expression::TypeSet;
use crate::language::Diagnostic;
use crate::language::ast::Query;
use crate::meter::size::{self, Measure};
use crate::operator::output::Output;
use crate::operator::{Batch, Operator, Step};
use crate::settings::Limits;
use crate::state::{State, StepError};
use livewell_model::{Map, SmolStr, Timestamp};

/// An operator with the operators it takes its input from.
#[derive(Debug)]
pub struct PlanNode {
    /// The operator.
    pub operator: Box<dyn Operator>,
    /// Its inputs, as places in the plan, all before its own.
    pub inputs: Vec<usize>,
}

/// A query's operators, its columns and its rows' identity.
#[derive(Debug)]
pub struct Plan {
    /// The operators; the last one's rows go to the output.
    pub nodes: Vec<PlanNode>,
    /// From rows to diffs.
    pub output: Output,
    /// The names of the columns.
    pub columns: Vec<SmolStr>,
    /// What each column can hold.
    pub types: Vec<TypeSet>,
    /// What identifies a row, in words.
    pub identity: String,
    /// For each operator the last one that takes its rows.
    last_uses: Vec<usize>,
    /// What is written down of the elements' past.
    pub(crate) chronicle: Chronicle,
}

impl Plan {
    /// Plans a parsed query.
    ///
    /// # Errors
    /// A [`Diagnostic`] where it cannot be maintained exactly.
    pub fn build(query: &Query, text: &str, params: &Map, limits: Limits) -> Result<Self, Diagnostic> {
        build::build(query, text, params, limits)
    }

    /// Steps every operator; gives the change of the last one's rows.
    ///
    /// # Errors
    /// As [`Operator::step`].
    pub fn step(&self, step: &mut Step<'_>) -> Result<Batch, StepError> {
        let (mut outputs, given): (Vec<Batch>, _) = (Vec::with_capacity(self.nodes.len()), step.meter.held());
        for (at, node) in self.nodes.iter().enumerate() {
            let nothing_new = node.inputs.iter().all(|input| outputs[*input].is_empty());
            let idle =
                nothing_new && !node.inputs.is_empty() && !step.begins() && !node.operator.reads_changes();
            if idle {
                outputs.push(Batch::new());
                continue;
            }
            let inputs = node.inputs.iter().map(|input| self.taken(&mut outputs, *input, at));
            let inputs = inputs.collect();
            for input in node.inputs.iter().filter(|input| self.last_uses[**input] != at) {
                step.meter.hold(size::shallow(&outputs[*input]))?;
            }
            outputs.push(node.operator.step(step, inputs).map_err(|error| at_operator(error, node))?);
            step.meter.settle(|| {
                let mut measure = Measure::default();
                given + outputs.iter().map(|batch| measure.batch(batch)).sum::<usize>()
            });
        }
        Ok(outputs.pop().unwrap_or_default())
    }

    /// When the first timer of any operator is due.
    ///
    /// # Errors
    /// As [`Operator::next_due`].
    pub fn next_due(&self, state: &dyn State) -> Result<Option<Timestamp>, StepError> {
        let mut first = None;
        for node in &self.nodes {
            first = first.into_iter().chain(node.operator.next_due(state)?).min();
        }
        Ok(first)
    }

    /// Whether an operator's rows move with history and the clock.
    pub fn tells_time(&self) -> bool {
        self.nodes.iter().any(|node| node.operator.tells_time())
    }

    /// The rows of the operator at `input` for the one at `at`, copied for all who take them but the last.
    fn taken(&self, outputs: &mut [Batch], input: usize, at: usize) -> Batch {
        if self.last_uses[input] == at { std::mem::take(&mut outputs[input]) } else { outputs[input].clone() }
    }
}

/// Says which operator a step was at when it would have held too much.
fn at_operator(error: StepError, node: &PlanNode) -> StepError {
    match error {
        StepError::OverBudget(message) => {
            StepError::OverBudget(format!("{message}; it was at `{}`", node.operator.describe().0))
        }
        error => error,
    }
}

/// For each operator the last one that takes its rows; no operator takes another's twice.
fn last_uses(nodes: &[PlanNode]) -> Vec<usize> {
    let mut last = vec![nodes.len(); nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        node.inputs.iter().for_each(|input| last[*input] = at);
    }
    last
}
