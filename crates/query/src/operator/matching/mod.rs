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

mod alone;
mod arrange;
mod atom;
mod encoded;
mod extend;
mod factors;
mod input;
mod parts;
mod trail;

pub use parts::{Atom, AtomKind, Bind, Ends, Input, Lookup, Match, Trail};

use super::scan::Seen;
use super::{Batch, Inputs, Operator, Step, consolidate};
use crate::state::StepError;
use atom::Start;
use extend::Extension;
use factors::Factor;
use livewell_model::AppliedChange;
use smallvec::{SmallVec, smallvec};
use trail::Changed;

/// The version of this operator; [`super::Operator`] says when it is raised.
pub const LAYOUT: u16 = 1;

impl Operator for Match {
    fn step(&self, step: &mut Step<'_>, inputs: Inputs) -> Result<Batch, StepError> {
        if let Some(scan) = self.alone() {
            return self.step_alone(scan, step);
        }
        let mut terms = Terms { out: Batch::new(), distinct: true, given: step.meter.held() };
        if let [change] = step.changes
            && inputs.iter().all(Vec::is_empty)
        {
            self.step_change(step, change, &mut terms)?;
        } else if Self::is_small(step, &inputs) {
            let mut inputs = inputs.into_iter();
            for place in self.places() {
                let factor = self.factor(step, place, &mut inputs)?;
                if !factor.is_unchanged() {
                    self.add_term(step, factor, &mut terms)?;
                }
            }
        } else {
            let mut factors = self.factors(step, inputs)?;
            terms.given = step.meter.held();
            let without_term = self.order(&*step.state, &mut factors)?;
            for (at, factor) in factors.into_iter().enumerate() {
                if at < without_term {
                    self.rearrange_all(step, factor)?;
                } else if !factor.is_unchanged() {
                    self.add_term(step, factor, &mut terms)?;
                }
            }
        }
        if terms.distinct { Ok(terms.out) } else { consolidate(terms.out, step.meter) }
    }

    fn reads_changes(&self) -> bool {
        true
    }
}

/// The terms of a step that have been put out.
struct Terms {
    out: Batch,
    /// Whether no two of their rows are equal.
    distinct: bool,
    /// What the step held before them.
    given: usize,
}

impl Match {
    /// As any step, of one changed element.
    fn step_change(
        &self,
        step: &mut Step<'_>,
        change: &AppliedChange,
        terms: &mut Terms,
    ) -> Result<(), StepError> {
        let mut all: SmallVec<[(usize, Seen<'_>); 2]> = SmallVec::new();
        for (at, atom) in self.atoms.iter().enumerate() {
            if !matches!(atom.kind, AtomKind::Trail(_)) {
                all.extend(atom.scan.see(change, step.meter)?.map(|seen| (at, seen)));
            }
        }
        // One term has no row twice. Rows of several are compared with what was remembered.
        let is_only = all.len() == 1;
        for (at, seen) in all {
            let scan = &self.atoms[at].scan;
            let scanned = if is_only { scan.shared(&seen) } else { scan.copied(&seen) };
            self.add_term(step, Factor::Elements(at, smallvec![scanned]), terms)?;
        }
        Ok(())
    }

    /// Puts out the term of a factor, and takes in its changes.
    fn add_term(&self, step: &mut Step<'_>, factor: Factor, terms: &mut Terms) -> Result<(), StepError> {
        let (before, has_distinct_rows) = (terms.out.len(), factor.has_distinct_rows());
        self.step_factor(step, factor, terms.given, &mut terms.out)?;
        terms.distinct &= terms.out.len() == before || (before == 0 && has_distinct_rows);
        Ok(())
    }

    fn step_factor(
        &self,
        step: &mut Step<'_>,
        factor: Factor,
        given: usize,
        out: &mut Batch,
    ) -> Result<(), StepError> {
        if out.capacity() == 0 {
            // Room for one row before and after.
            *out = Batch::with_capacity(2);
        }
        match &factor {
            Factor::Input(rows) => {
                let input = self.input.as_ref().expect("it has rows");
                let mut extension = Extension::new(self, &*step.state, out, step.meter);
                for entry in rows {
                    extension.settle(given);
                    extension.begin_at_input(input, entry)?;
                }
            }
            Factor::Elements(at, changed) => {
                let mut extension = Extension::new(self, &*step.state, out, step.meter);
                for start in changed.iter().flat_map(|scanned| self.atoms[*at].starts(scanned)) {
                    extension.settle(given);
                    extension.begin_at_atom(*at, &start)?;
                }
            }
            Factor::Edges(..) => return self.step_edges(step, factor, given, out),
        }
        // Only now: the look-ups of earlier factors had to see this one old.
        self.rearrange_all(step, factor)
    }

    /// As [`Match::step_factor`] of a trail, whose edges are taken in one by one.
    fn step_edges(
        &self,
        step: &mut Step<'_>,
        factor: Factor,
        given: usize,
        out: &mut Batch,
    ) -> Result<(), StepError> {
        let Factor::Edges(at, edges) = factor else { return Ok(()) };
        let before = step.meter.held();
        let trails = self.step_trail(step, at, edges)?;
        let given = given + step.meter.held().saturating_sub(before);
        let mut extension = Extension::new(self, &*step.state, out, step.meter);
        for Changed { value, weight, ends: (from, to) } in &trails {
            extension.settle(given);
            let start = Start { values: smallvec![(value, *weight)], ends: Some((from, to)) };
            extension.begin_at_atom(at, &start)?;
        }
        Ok(())
    }

    /// Takes in the changes of a factor.
    fn rearrange_all(&self, step: &mut Step<'_>, factor: Factor) -> Result<(), StepError> {
        match factor {
            Factor::Input(rows) => {
                let input = self.input.as_ref().expect("it has rows");
                self.rearrange_input(step.state, input, rows, step.meter)
            }
            Factor::Elements(at, changed) => changed.iter().try_for_each(|scanned| {
                step.meter.tick()?;
                self.rearrange(step.state, at, scanned);
                Ok(())
            }),
            Factor::Edges(at, edges) => self.rearrange_edges(step, at, edges),
        }
    }
}
