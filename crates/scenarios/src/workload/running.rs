//! A case that runs: its query over its graph, ready for changes.

use super::cases::{CASES, Case, Load, Random};
use super::stored::Stored;
use livewell_model::{AppliedTransaction, Change, Map, Timestamp};
use livewell_query::{Engine, Settings};
use std::error::Error;
use std::fmt;

/// How many elements of the base are taken in at once.
const PART: usize = 10_000;

/// The outcome of a measurement.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// A query over a graph in memory.
pub struct Running {
    stored: Stored,
    random: Random,
    change: Box<dyn FnMut(&mut Random) -> Change>,
    /// How many changes there were; each is a second after the one before.
    changes: i64,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("stored", &self.stored).finish_non_exhaustive()
    }
}

impl Running {
    /// Builds the query over a graph of `size` elements.
    ///
    /// # Errors
    /// Returns an error if the query is refused or a step fails.
    pub fn new(case: &Case, size: usize) -> Outcome<Self> {
        let text = (case.query)(size);
        // A million orders of one customer are two million rows in the step that renames it.
        let mut settings = Settings::default();
        settings.limits.rows = usize::MAX;
        let engine = Engine::compile_with(&text, &Map::new(), &settings);
        let engine = engine.map_err(|refusal| refusal.render(&text, case.name))?;
        let mut stored = Stored::new(engine)?;
        let mut random = Random::new(7);
        let Load { mut elements, change } = (case.load)(size, &mut random);
        while !elements.is_empty() {
            let rest = elements.split_off(elements.len().min(PART));
            stored.base(std::mem::replace(&mut elements, rest))?;
        }
        Ok(Self { stored, random, change, changes: 0 })
    }

    /// Like [`Running::new`], for the case of this name.
    ///
    /// # Errors
    /// Returns an error if there is no such case, and those of [`Running::new`].
    pub fn named(name: &str, size: usize) -> Outcome<Self> {
        let case = CASES.iter().find(|case| case.name == name);
        Self::new(case.ok_or_else(|| format!("there is no case {name:?}"))?, size)
    }

    /// Makes the next changes, each a transaction of its own.
    ///
    /// # Errors
    /// Returns an error if a change does not fit the graph.
    pub fn next(&mut self, changes: usize) -> Outcome<Vec<AppliedTransaction>> {
        let mut group = Vec::with_capacity(changes);
        for _ in 0..changes {
            self.changes += 1;
            let timestamp = Timestamp(self.changes * 1_000_000_000);
            group.push(self.stored.applied(&(self.change)(&mut self.random), timestamp)?);
        }
        Ok(group)
    }

    /// Takes in transactions in one commit.
    ///
    /// # Errors
    /// Returns an error if a step fails.
    pub fn step(&mut self, group: &[AppliedTransaction]) -> Outcome<()> {
        self.stored.step(group)?;
        Ok(())
    }

    /// Returns how many entries the operators keep.
    ///
    /// # Errors
    /// Returns an error if the state cannot be read.
    pub fn entries(&self) -> Outcome<usize> {
        Ok(self.stored.operator_entries()?)
    }
}
