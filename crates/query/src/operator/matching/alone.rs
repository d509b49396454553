//! A pattern of one node that nothing else is joined with: each of its elements is a match, and none is remembered.

use super::factors::UNCOUNTED;
use super::parts::{Atom, AtomKind, Match};
use crate::meter::size;
use crate::operator::scan::{Scan, Scanned};
use crate::operator::{Batch, Step, put, settle};
use crate::state::StepError;

impl Match {
    /// The scan of the pattern's node, if that is all there is.
    pub fn alone(&self) -> Option<&Scan> {
        match self.atoms.as_slice() {
            [Atom { scan, kind: AtomKind::Node { arranged: false }, .. }] if self.input.is_none() => {
                Some(scan)
            }
            _ => None,
        }
    }

    /// As the step of any pattern, but without looking for anything.
    pub(super) fn step_alone(&self, scan: &Scan, step: &Step<'_>) -> Result<Batch, StepError> {
        let (mut out, given) = (Batch::new(), step.meter.held());
        for change in step.changes {
            let Some(seen) = scan.see(change, step.meter)? else { continue };
            let Scanned { before, after } = scan.shared(&seen);
            if out.capacity() == 0 {
                // Room for one row before and after.
                out = Batch::with_capacity(2);
            }
            settle(step.meter, given, &out);
            for (value, weight) in [(before, -1), (after, 1)] {
                let Some(value) = value else { continue };
                if step.changes.len() > UNCOUNTED {
                    step.meter.hold(size::owned(&value))?;
                }
                let mut row = Vec::with_capacity(1 + self.room);
                row.push(value);
                put(&mut out, row, weight, step.meter)?;
            }
            self.within_limit(&out)?;
        }
        Ok(out)
    }
}
