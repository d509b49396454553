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
//! self-join. The factors can be taken in any order (see `factors.rs`). State: each atom's elements, by id (nodes) or by end (relationships), and no intermediate
//! result, however long the pattern (a "delta join": K. Ammar et al., "Distributed Evaluation of Subgraph
//! Queries Using Worst-case Optimal Low-Memory Dataflows", VLDB 2018).

mod alike;
mod alone;
mod arrange;
mod atom;
mod encoded;
mod extend;
mod factors;
mod found;
mod input;
mod parts;
mod pending;
mod recent;
mod terms;
mod trail;
mod ways;

pub use parts::{Atom, AtomKind, Bind, Ends, Input, Lookup, Match, Trail};

use super::scan::Seen;
use super::{Batch, Inputs, Operator, Step};
use crate::state::StepError;
use factors::{Factor, Size};
use livewell_model::AppliedChange;
use smallvec::{SmallVec, smallvec};
use terms::Terms;

/// The version of this operator; [`super::Operator`] says when it is raised.
/// 2: atoms that take the same elements remember them once.
pub const LAYOUT: u16 = 2;

impl Operator for Match {
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        if let Some(scan) = self.alone() {
            return self.step_alone(scan, step);
        }
        match step.changes {
            [change] if inputs.iter().all(Vec::is_empty) => self.step_change(step, change),
            _ if Self::is_small(step, &inputs) => self.step_few(step, inputs),
            _ => self.step_many(step, inputs),
        }
    }

    fn reads_changes(&self) -> bool {
        true
    }
}

impl Match {
    /// As any step, of one changed element.
    fn step_change(&self, step: &mut Step<'_>, change: &AppliedChange) -> Result<Batch, StepError> {
        let mut all: SmallVec<[(usize, Seen<'_>); 2]> = SmallVec::new();
        for (at, atom) in self.atoms.iter().enumerate() {
            if atom.place == at && !matches!(atom.kind, AtomKind::Trail(_)) {
                all.extend(atom.scan.see(change, step.meter)?.map(|seen| (at, seen)));
            }
        }
        let mut terms = Terms::new(self, Size::Small, step.meter);
        // One term has no row twice. Rows of several are compared with what was remembered.
        let is_only = matches!(all.as_slice(), [(place, _)] if self.sharing(*place).nth(1).is_none());
        for (place, seen) in all {
            let scan = &self.atoms[place].scan;
            let scanned = if is_only { scan.shared(&seen) } else { scan.copied(&seen) };
            terms.add(step, Factor::Elements(place, smallvec![scanned]))?;
        }
        terms.sum(step.meter)
    }

    /// As any step, of a few changes: only what they change is made a factor.
    fn step_few(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        let (mut terms, mut inputs) = (Terms::new(self, Size::Small, step.meter), inputs.into_iter());
        for place in self.places() {
            let factor = self.factor(step, place, &mut inputs)?;
            if !factor.is_unchanged() {
                terms.add(step, factor)?;
            }
        }
        terms.sum(step.meter)
    }

    fn step_many(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        let mut factors = self.factors(step, inputs)?;
        let size = self.order(&*step.state, &mut factors)?;
        let mut terms = Terms::new(self, size, step.meter);
        let last = factors.len() - 1;
        for (at, factor) in factors.into_iter().enumerate() {
            let has_term = size != Size::First || at == last;
            let taken = if has_term { terms.add(step, factor) } else { terms.pass(step, factor) };
            taken?;
        }
        terms.sum(step.meter)
    }
}
