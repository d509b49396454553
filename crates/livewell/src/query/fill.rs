//! Fills a new generation with the rows over a base, in bounded commits.
//!
//! The graph between two parts of a base was never true, and an expression may have no value there although it has one
//! over the whole base: such a part is taken in together with the next one, up to a limit.

use crate::Error;
use crate::query::base::{Base, Piece};
use crate::query::pipeline::Pipeline;
use crate::query::state::QueryState;
use livewell_model::{Element, Timestamp};
use livewell_query::StepError;
use livewell_store::{Head, Overlay};

/// How many elements are taken in at once if all of a part would need too much memory.
const FEW: usize = 100;
/// How many parts of a base are taken in together at most, if an expression has no value without all of them.
const PARTS_TOGETHER_MAX: usize = 16;

/// A build in progress.
struct Build {
    generation: u32,
    /// The base's time.
    now: Timestamp,
    /// The head that counts the new rows.
    rows: Head,
    /// Whether the first step, from an empty state, was taken.
    begun: bool,
}

type Part = [(Element, Timestamp)];

impl Pipeline {
    /// Feeds the upstreams' elements into the new generation. Returns the head that counts its rows; `None` if the rest
    /// of the base cannot be read any more.
    pub(super) fn fill(&self, base: &mut Base, generation: u32) -> Result<Option<Head>, Error> {
        let size = self.shared.limits.rebuild_elements_max.max(1);
        let now = base.timestamp;
        let mut build = Build { generation, now, rows: Head::default(), begun: false };
        let (mut part, meter) = (Vec::new(), self.meter());
        loop {
            match base.piece(&*self.shared.store, size, &meter)? {
                Piece::Elements(elements) => part.extend(elements),
                Piece::End => break,
                Piece::Lost(upstream) => {
                    tracing::info!(query = %self.component.id, upstream, "the upstream begins again, and so does the build");
                    return Ok(None);
                }
            }
            match self.fill_part(&mut build, &part) {
                Ok(()) => part.clear(),
                Err(error) if error.is_of_a_value() && part.len() < size * PARTS_TOGETHER_MAX => {}
                Err(error) => return Err(error),
            }
        }
        if !part.is_empty() || !build.begun {
            self.fill_part(&mut build, &part)?;
        }
        Ok(Some(build.rows))
    }

    /// Takes in a part of the base, a few elements at a time if the whole part would need more memory than a step may
    /// use.
    fn fill_part(&self, build: &mut Build, part: &Part) -> Result<(), Error> {
        match self.step_over(build, part) {
            Err(over) if over.is_over_budget() && part.len() > FEW => {
                for few in part.chunks(FEW) {
                    match self.step_over(build, few) {
                        // The parts had to be taken in together, so smaller ones are not possible.
                        Err(error) if error.is_of_a_value() => return Err(over),
                        filled => filled?,
                    }
                }
                Ok(())
            }
            filled => filled,
        }
    }

    /// Makes one bounded commit of the build; the first one also steps from the empty state.
    fn step_over(&self, build: &mut Build, part: &Part) -> Result<(), Error> {
        let snapshot = self.shared.store.snapshot()?;
        let overlay = Overlay::new(snapshot.clone());
        let state = QueryState::new(overlay, self.component.number, build.generation, build.rows.clone());
        let mut state = state.within(self.meter());
        let stepped = match build.begun {
            true => self.engine.base(&mut state, part, build.now),
            false => self.engine.begin_over(&mut state, part, build.now),
        };
        stepped.map_err(|error| self.name_part(error, part))?;
        build.begun = true;
        // The count of the new rows is kept aside; that of the current head stays as it is.
        build.rows = std::mem::replace(&mut state.head, self.head(&snapshot)?);
        self.commit(&snapshot, state)?;
        Ok(())
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
