//! Plans: from a query's tree to the operators that maintain its result.
//!
//! The tree becomes a [`logical`] plan, which says what is computed, and that a [`physical`] plan, which says how it is
//! maintained: which operators, over which slots, what of each element is used, and in which order a pattern is
//! extended. Both are data. Nothing that a user sees depends on the second but speed.

mod described;
mod explain;
pub mod logical;
mod passed;
pub mod physical;
mod tree;

pub use described::Described;
pub use passed::Passed;

use crate::chronicle::Chronicle;
use crate::language::Diagnostic;
use crate::language::ast::Query;
use crate::meter::size::{self, Measure};
use crate::operator::output::Output;
use crate::operator::{Batch, History, Step};
use crate::settings::Settings;
use crate::state::{State, StepError};
use livewell_model::{Map, Timestamp};
use logical::Logical;
use physical::{Node, Physical};
use smallvec::{SmallVec, smallvec};

/// A query's plans, ready to step.
#[derive(Debug)]
pub struct Plan {
    logical: Logical,
    physical: Physical,
    /// For each operator the last one that takes its rows.
    last_uses: Vec<usize>,
    /// The last operator that may have work where no rows have come before it.
    last_source: usize,
    tells_time: bool,
    /// How many rows each operator has put out.
    passed: Passed,
}

impl Plan {
    /// Plans a parsed query.
    ///
    /// # Errors
    /// A [`Diagnostic`] if it cannot be maintained exactly.
    pub fn build(query: &Query, params: &Map, settings: &Settings) -> Result<Self, Diagnostic> {
        let logical = logical::build(query, params, &settings.for_each)?;
        let physical = physical::lower(&logical, params, settings.limits)?;
        let last_uses = last_uses(&physical.nodes);
        let tells_time = physical.nodes.iter().any(|node| node.op.operator().tells_time());
        let is_source = |node: &Node| node.inputs.is_empty() || node.op.operator().reads_changes();
        let last_source = physical.nodes.iter().rposition(is_source).unwrap_or_default();
        let passed = Passed::of(physical.nodes.len());
        Ok(Self { logical, physical, last_uses, last_source, tells_time, passed })
    }

    /// What the query computes.
    pub fn logical(&self) -> &Logical {
        &self.logical
    }

    /// How its result is maintained.
    pub fn physical(&self) -> &Physical {
        &self.physical
    }

    /// How many rows each operator has put out.
    pub fn passed(&self) -> &Passed {
        &self.passed
    }

    /// From rows to diffs.
    pub fn output(&self) -> &Output {
        &self.physical.output
    }

    /// From rows to diffs, to change.
    pub(crate) fn output_mut(&mut self) -> &mut Output {
        &mut self.physical.output
    }

    /// What is written down of the elements' past.
    pub(crate) fn chronicle(&self) -> &Chronicle {
        &self.physical.chronicle
    }

    /// Steps every operator; returns the change of the last one's rows.
    ///
    /// # Errors
    /// Returns the errors of [`crate::operator::Operator::step`].
    pub fn step(&self, step: &mut Step<'_>) -> Result<Batch, StepError> {
        // Most plans have a few operators.
        let (mut outputs, given): (SmallVec<[Batch; 8]>, _) = (SmallVec::new(), step.meter.held());
        for (at, node) in self.physical.nodes.iter().enumerate() {
            if at > self.last_source && !step.begins() && outputs.iter().all(Vec::is_empty) {
                return Ok(Batch::new());
            }
            let nothing_new = node.inputs.iter().all(|input| outputs[*input].is_empty());
            let idle = nothing_new
                && !node.inputs.is_empty()
                && !step.begins()
                && !node.op.operator().reads_changes();
            if idle {
                outputs.push(Batch::new());
                continue;
            }
            let inputs = match node.inputs.as_slice() {
                [input] => smallvec![self.taken(&mut outputs, *input, at)],
                inputs => inputs.iter().map(|input| self.taken(&mut outputs, *input, at)).collect(),
            };
            for input in node.inputs.iter().filter(|input| self.last_uses[**input] != at) {
                step.meter.hold(size::shallow(&outputs[*input]))?;
            }
            let stepped = node.op.operator().step(step, inputs);
            let output = stepped.map_err(|error| self.at_operator(error, at))?;
            self.passed.add(at, output.len());
            outputs.push(output);
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
    /// Returns the errors of [`crate::operator::Operator::next_due`].
    pub fn next_due(&self, state: &dyn State) -> Result<Option<Timestamp>, StepError> {
        let mut first = None;
        if !self.tells_time {
            return Ok(first);
        }
        for node in &self.physical.nodes {
            first = first.into_iter().chain(node.op.operator().next_due(state)?).min();
        }
        Ok(first)
    }

    /// Whether an operator's rows move with history and the clock.
    pub fn tells_time(&self) -> bool {
        self.tells_time
    }

    /// Visits what operators remember of each row over time.
    ///
    /// # Errors
    /// Returns the errors of [`crate::operator::Operator::histories`].
    pub fn histories(&self, state: &dyn State, visit: &mut dyn FnMut(History)) -> Result<(), StepError> {
        self.physical.nodes.iter().try_for_each(|node| node.op.operator().histories(state, visit))
    }

    /// Says which operator a step was at when it would have held too much.
    fn at_operator(&self, error: StepError, at: usize) -> StepError {
        match error {
            StepError::OverBudget(message) => {
                StepError::OverBudget(format!("{message}; it was at `{}`", self.title(at)))
            }
            error => error,
        }
    }

    /// The rows of the operator at `input` for the one at `at`, copied for all who take them but the last.
    fn taken(&self, outputs: &mut [Batch], input: usize, at: usize) -> Batch {
        if self.last_uses[input] == at { std::mem::take(&mut outputs[input]) } else { outputs[input].clone() }
    }
}

/// For each operator the last one that takes its rows; no operator takes another's twice.
fn last_uses(nodes: &[Node]) -> Vec<usize> {
    let mut last = vec![nodes.len(); nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        node.inputs.iter().for_each(|input| last[*input] = at);
    }
    last
}
