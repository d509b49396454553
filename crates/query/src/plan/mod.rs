//! Plans: the operators of a query, put together.
//!
//! A plan is a list of operators, each after those it takes its input from, under an [`Output`]. Building it
//! decides which slots a row has, which of them identify it, what of each element is used, and in which order a
//! pattern is extended; nothing that a user sees depends on those decisions but speed.

mod build;
mod clauses;
mod explain;
mod lookups;
mod needs;
mod pattern;
mod projection;
mod schema;
mod subquery;
mod timed;
mod window;

use crate::chronicle::Chronicle;
use crate::language::Diagnostic;
use crate::language::ast::Query;
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
    /// What identifies a row, in words.
    pub identity: String,
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
        let mut uses = self.uses();
        let mut outputs: Vec<Batch> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let nothing_new = node.inputs.iter().all(|input| outputs[*input].is_empty());
            let idle =
                nothing_new && !node.inputs.is_empty() && !step.begins() && !node.operator.reads_changes();
            let inputs = node.inputs.iter().map(|input| taken(&mut outputs, &mut uses, *input)).collect();
            outputs.push(if idle { Batch::new() } else { node.operator.step(step, inputs)? });
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

    /// How many operators take each one's rows.
    fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        self.nodes.iter().flat_map(|node| &node.inputs).for_each(|input| uses[*input] += 1);
        uses
    }
}

/// An operator's rows, copied for all who take them but the last.
fn taken(outputs: &mut [Batch], uses: &mut [usize], at: usize) -> Batch {
    uses[at] -= 1;
    if uses[at] == 0 { std::mem::take(&mut outputs[at]) } else { outputs[at].clone() }
}
