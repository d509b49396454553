//! A case that runs: its query over its graph, ready for changes.

use super::cases::{CASES, Case, Load, Random};
use crate::outcome::Outcome;
use livewell_model::{Change, Map, Timestamp};
use livewell_query::Engine;
use livewell_scenarios::stored::Stored;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// How many elements of the base are taken in at once.
const PART: usize = 10_000;

/// A query over a graph in memory.
pub struct Running {
    stored: Stored,
    random: Random,
    change: Box<dyn FnMut(&mut Random) -> Change>,
    /// How many changes there were; each is a second after the one before.
    changes: i64,
}

impl Running {
    /// Builds the query over a graph of `size` elements.
    ///
    /// # Errors
    /// Returns an error if the query is refused or a step fails.
    pub fn new(case: &Case, size: usize) -> Outcome<Self> {
        let text = (case.query)(size);
        let engine =
            Engine::compile(&text, &Map::new()).map_err(|refusal| refusal.render(&text, case.name))?;
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

    /// Takes in a group of changes in one commit; returns the processor's time for each.
    ///
    /// # Errors
    /// Returns an error if a step fails.
    pub fn group(&mut self, size: usize) -> Outcome<Duration> {
        let mut group = Vec::with_capacity(size);
        for _ in 0..size {
            self.changes += 1;
            let timestamp = Timestamp(self.changes * 1_000_000_000);
            group.push(self.stored.applied((self.change)(&mut self.random), timestamp)?);
        }
        let begun = processor_time();
        self.stored.step(&group)?;
        Ok((processor_time() - begun) / u32::try_from(size)?)
    }

    /// Returns how many entries the operators keep.
    ///
    /// # Errors
    /// Returns an error if the state cannot be read.
    pub fn entries(&self) -> Outcome<usize> {
        Ok(self.stored.operator_entries()?)
    }
}

/// How long the processor has worked for this thread.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
