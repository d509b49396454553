//! The engine: a compiled query that turns each transaction into the diffs of its result.
//!
//! A pure function of (state, transaction): it reads and writes the state it is handed and nothing else, so
//! the same transactions give the same diffs, whatever is behind the state and however often the process
//! died in between.

use crate::joins::Joined;
use crate::language::{Diagnostic, parse};
use crate::operator::Step;
use crate::plan::Plan;
use crate::settings::Settings;
use crate::state::{State, StepError};
use livewell_model::{AppliedChange, AppliedTransaction, Diff, Map, SmolStr};

/// A standing query, compiled.
#[derive(Debug)]
pub struct Engine {
    plan: Plan,
    joined: Joined,
}

impl Engine {
    /// Compiles a query's text.
    ///
    /// # Errors
    /// A [`Diagnostic`] that points into the text: it is not Cypher, it makes no sense, or it cannot be
    /// maintained exactly.
    pub fn compile(text: &str, params: &Map) -> Result<Self, Diagnostic> {
        Self::compile_with(text, params, &Settings::default())
    }

    /// Compiles a query's text that has joins, or other limits than the usual ones.
    ///
    /// # Errors
    /// As [`Engine::compile`], and for joins that make no sense.
    pub fn compile_with(text: &str, params: &Map, settings: &Settings) -> Result<Self, Diagnostic> {
        let mut query = parse(text)?;
        settings.apply(&mut query)?;
        let plan = Plan::build(&query, text, params, settings.limits)?;
        Ok(Self { plan, joined: Joined::new(&settings.joins) })
    }

    /// Uses only this many bits of a key's hash in row signatures, so that tests meet collisions.
    #[must_use]
    pub fn with_hash_bits(mut self, bits: u32) -> Self {
        self.plan.output.hash_bits = bits;
        self
    }

    /// The names of the result's columns.
    pub fn columns(&self) -> &[SmolStr] {
        &self.plan.columns
    }

    /// The step from nothing to the empty graph: rows that hold without any element. To be taken once.
    ///
    /// # Errors
    /// As [`Engine::step`].
    pub fn begin(&self, state: &mut dyn State) -> Result<Vec<Diff>, StepError> {
        self.run(Step { state, changes: &[], begin: true })
    }

    /// Takes one transaction in; gives its diffs in the order of [`Diff::order`].
    ///
    /// # Errors
    /// [`StepError`]; then what was written to the state in this step must be dropped.
    pub fn step(
        &self,
        state: &mut dyn State,
        transaction: &AppliedTransaction,
    ) -> Result<Vec<Diff>, StepError> {
        self.apply(state, &transaction.changes)
    }

    /// Takes changes in that need not come from a log: the elements of a snapshot, as inserts.
    ///
    /// # Errors
    /// As [`Engine::step`].
    pub fn apply(&self, state: &mut dyn State, changes: &[AppliedChange]) -> Result<Vec<Diff>, StepError> {
        self.run(Step { state, changes, begin: false })
    }

    /// The plan in words: operators, their state, the row identity.
    pub fn explain(&self) -> String {
        let joins = self.joined.joins().iter().map(|join| format!("Join: {join}\n"));
        joins.chain([self.plan.explain()]).collect()
    }

    fn run(&self, step: Step<'_>) -> Result<Vec<Diff>, StepError> {
        let Step { state, changes, begin } = step;
        let followed = self.joined.follow(state, changes)?;
        let joined = (!followed.is_empty()).then(|| [changes, &followed].concat());
        let mut step = Step { state, changes: joined.as_deref().unwrap_or(changes), begin };
        let batch = self.plan.step(&mut step)?;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.plan.output.step(step.state, batch)
    }
}
