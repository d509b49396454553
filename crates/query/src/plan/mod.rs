//! Plans: the operators of a query, put together.
//!
//! A plan is a tree of operators over an [`Output`]. Building it decides which slots a row has, which of them
//! identify it, what of each element is used, and in which order a pattern is extended; nothing that a user
//! sees depends on those decisions but speed.

mod build;
mod explain;
mod lookups;
mod needs;
mod pattern;
mod projection;

use crate::language::Diagnostic;
use crate::language::ast::Query;
use crate::operator::output::Output;
use crate::operator::{Batch, Operator, Step};
use crate::state::StepError;
use livewell_model::{Map, SmolStr};

/// An operator with the operators it takes its input from.
#[derive(Debug)]
pub struct PlanNode {
    /// The operator.
    pub operator: Box<dyn Operator>,
    /// Its inputs.
    pub inputs: Vec<PlanNode>,
}

impl PlanNode {
    /// Steps the inputs, then the operator.
    ///
    /// # Errors
    /// As [`Operator::step`].
    pub fn step(&self, step: &mut Step<'_>) -> Result<Batch, StepError> {
        let inputs = self.inputs.iter().map(|input| input.step(step)).collect::<Result<Vec<_>, _>>()?;
        let nothing_new = !self.inputs.is_empty() && inputs.iter().all(Vec::is_empty) && !step.begin;
        if nothing_new { Ok(Batch::new()) } else { self.operator.step(step, inputs) }
    }
}

/// A query's operators, its columns and its rows' identity.
#[derive(Debug)]
pub struct Plan {
    /// The last operator before the output.
    pub root: PlanNode,
    /// From rows to diffs.
    pub output: Output,
    /// The names of the columns.
    pub columns: Vec<SmolStr>,
    /// What identifies a row, in words.
    pub identity: String,
}

impl Plan {
    /// Plans a parsed query.
    ///
    /// # Errors
    /// A [`Diagnostic`] where it cannot be maintained exactly.
    pub fn build(query: &Query, text: &str, params: &Map) -> Result<Self, Diagnostic> {
        build::build(query, text, params)
    }
}
