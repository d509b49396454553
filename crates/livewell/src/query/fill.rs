//! Fills a new generation with the rows over a base, in bounded commits.
//!
//! The graph between two parts of a base was never true, and an expression may have no value there although it has one
//! over the whole base: the caller takes such a part in together with the next one.

use crate::Error;
use crate::query::pipeline::{Pipeline, Submitted};
use crate::query::state::QueryState;
use livewell_model::{Element, Timestamp};
use livewell_query::StepError;
use livewell_store::{Head, Overlay};

/// How many elements are taken in at once if all of a part would need too much memory.
const FEW: usize = 100;

/// A generation that is being filled.
#[derive(Debug, Default)]
pub(super) struct Filling {
    pub(super) generation: u32,
    /// The base's time.
    now: Timestamp,
    /// The head that counts the new rows.
    rows: Head,
    /// Whether the first step, from an empty state, was taken.
    begun: bool,
}

impl Filling {
    /// Begins with an empty generation, over a base of this time.
    pub(super) fn new(generation: u32, now: Timestamp) -> Self {
        Self { generation, now, ..Self::default() }
    }

    /// Returns whether the first step was taken.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Returns the head that counts the new rows.
    pub(super) fn rows(&self) -> &Head {
        &self.rows
    }
}

type Part = [(Element, Timestamp)];

impl Pipeline {
    /// Takes in a part of the base, a few elements at a time if the whole part would need more memory than a step may
    /// use. Returns the last commit.
    pub(super) fn fill(&self, filling: &mut Filling, part: &Part) -> Result<Submitted, Error> {
        match self.step_over(filling, part) {
            Err(over) if over.is_over_budget() && part.len() > FEW => {
                let mut last = None;
                for few in part.chunks(FEW) {
                    if let Some(submitted) = last.take() {
                        self.wait(submitted)?;
                    }
                    last = match self.step_over(filling, few) {
                        // The parts had to be taken in together, so smaller ones are not possible.
                        Err(error) if error.is_of_a_value() => return Err(over),
                        filled => Some(filled?),
                    };
                }
                last.ok_or(over)
            }
            filled => filled,
        }
    }

    /// Makes one bounded commit; the first one also steps from the empty state.
    fn step_over(&self, filling: &mut Filling, part: &Part) -> Result<Submitted, Error> {
        let snapshot = self.shared.store.snapshot()?;
        let overlay = Overlay::new(snapshot.clone());
        let (number, generation) = (self.component.number, filling.generation);
        let state = QueryState::new(overlay, number, generation, filling.rows.clone());
        let mut state = state.within(self.meter(), &self.engine);
        let stepped = match filling.begun {
            true => self.engine.base(&mut state, part, filling.now),
            false => self.engine.begin_over(&mut state, part, filling.now),
        };
        stepped.map_err(|error| self.name_part(error, part))?;
        filling.begun = true;
        // The count of the new rows is kept aside; that of the current head stays as it is.
        filling.rows = std::mem::replace(&mut state.head, self.head(&snapshot)?);
        self.submit(&snapshot, state)
    }

    /// Adds to an error at which part of the base a step failed.
    fn name_part(&self, error: StepError, part: &Part) -> Error {
        let mut error = Error::from(error);
        if let (Some((first, _)), Some((last, _))) = (part.first(), part.last()) {
            error.message = format!(
                "`{}` cannot take in {} elements of its base, from {} to {}: {}",
                self.component.id,
                part.len(),
                first.id(),
                last.id(),
                error.message
            );
        }
        error
    }
}
