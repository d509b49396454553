//! Slices of work: short enough that the checkpoint follows soon.

use crate::ReactionError;
use std::time::{Duration, Instant};

/// How long a slice takes, at most one more message.
const SLICE: Duration = Duration::from_millis(100);

/// Runs slices, and keeps the failure that ended a slice until what came before it is checkpointed.
#[derive(Debug, Default)]
pub(crate) struct Slices {
    failed: Option<ReactionError>,
}

impl Slices {
    /// Drops the kept failure: the reaction starts from its checkpoint.
    pub fn restart(&mut self) {
        self.failed = None;
    }

    /// Repeats `step`, which returns whether it has done something, until nothing is left, `steps_max` steps are done
    /// or the time is up.
    ///
    /// # Errors
    /// Returns the error of the first step; the next call returns the error of a later step before it does any work.
    pub fn run(
        &mut self,
        steps_max: usize,
        mut step: impl FnMut() -> Result<bool, ReactionError>,
    ) -> Result<(), ReactionError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let (began, mut done) = (Instant::now(), 0);
        // A slice does at least one step, whatever the clock says.
        while done == 0 || done < steps_max && began.elapsed() <= SLICE {
            match step() {
                Ok(true) => done += 1,
                Ok(false) => break,
                Err(error) if done == 0 => return Err(error),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        Ok(())
    }
}
