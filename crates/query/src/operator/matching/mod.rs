//! Match: all ways to lay the patterns of MATCH clauses onto the graph, for each row of the input, if it has one.
//!
//! A pattern is a natural join of one bag per pattern element ("atom"); the input's rows are one more, which
//! comes first. Law, for atoms `A1 .. An`:
//!
//! ```text
//! d(A1 x .. x An) = sum over i of  A1' x .. x A(i-1)' x dAi x A(i+1) x .. x An
//! ```
//!
//! where `A'` is new and `A` old. So each changed atom is extended by look-ups in the others' arrangements,
//! the earlier ones updated already and the later ones not; that also gives the delta-with-delta term of a
//! self-join. State: each atom's elements, by id (nodes) or by end (relationships), and no intermediate
//! result, however long the pattern (a "delta join": K. Ammar et al., "Distributed Evaluation of Subgraph
//! Queries Using Worst-case Optimal Low-Memory Dataflows", VLDB 2018).

mod arrange;
mod atom;
mod encoded;
mod extend;
mod input;
mod parts;
mod trail;

pub use parts::{Atom, AtomKind, Bind, Ends, Input, Lookup, Match, Trail};

use super::scan::Scanned;
use super::{Batch, Inputs, Operator, Step, consolidate, settle};
use crate::meter::size;
use crate::state::StepError;
use extend::Extension;
use smallvec::SmallVec;

/// The version of this operator; [`super::Operator`] says when it is raised.
pub const LAYOUT: u16 = 1;

impl Operator for Match {
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        let mut inputs = inputs.into_iter();
        let (mut out, given) = (Batch::new(), step.meter.held());
        if let Some(input) = &self.input {
            let rows = inputs.next().unwrap_or_default();
            for entry in &rows {
                settle(step.meter, given, &out);
                Extension::new(self, &*step.state, &mut out, step.meter).begin_at_input(input, entry)?;
            }
            self.rearrange_input(step.state, input, rows, step.meter)?;
        }
        for at in 0..self.atoms.len() {
            if let AtomKind::Trail(trail) = &self.atoms[at].kind {
                let edges = inputs.next().unwrap_or_default();
                let before = step.meter.held();
                let starts = self.step_trail(step, at, trail, edges)?;
                let given = given + step.meter.held().saturating_sub(before);
                for start in starts {
                    settle(step.meter, given, &out);
                    Extension::new(self, &*step.state, &mut out, step.meter).begin_at_atom(at, &start)?;
                }
            } else {
                self.step_atom(step, at, given, &mut out)?;
            }
        }
        consolidate(out, step.meter)
    }

    fn reads_changes(&self) -> bool {
        true
    }
}

impl Match {
    /// Takes in the changes of a node or relationship atom.
    fn step_atom(
        &self,
        step: &mut Step<'_>,
        at: usize,
        given: usize,
        out: &mut Batch,
    ) -> Result<(), StepError> {
        /// What so few changes hold is not worth counting: properties are shared with the elements.
        const FEW: usize = 16;
        let (atom, before) = (&self.atoms[at], step.meter.held());
        let mut changed = SmallVec::<[Scanned; 1]>::new();
        for change in step.changes {
            if let Some(scanned) = atom.scan.apply(change, step.meter)? {
                if step.changes.len() > FEW {
                    let values = scanned.before.iter().chain(&scanned.after);
                    step.meter.hold(size_of::<Scanned>() + values.map(size::owned).sum::<usize>())?;
                }
                changed.push(scanned);
            }
        }
        let given = given + step.meter.held().saturating_sub(before);
        for start in changed.iter().flat_map(|scanned| atom.starts(scanned)) {
            settle(step.meter, given, out);
            Extension::new(self, &*step.state, out, step.meter).begin_at_atom(at, &start)?;
        }
        // Only now: the look-ups of earlier atoms had to see this one old.
        for scanned in &changed {
            step.meter.tick()?;
            self.rearrange(step.state, at, scanned);
        }
        Ok(())
    }
}
