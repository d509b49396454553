//! The terms of a step: what each factor's changes come to with the others, those before it new and those behind it old.

use super::atom::Start;
use super::extend::Extension;
use super::factors::{Factor, Size};
use super::parts::{Lookup, Match};
use super::pending::Pending;
use super::recent::Recent;
use super::trail::Changed;
use crate::meter::Meter;
use crate::operator::scan::Scanned;
use crate::operator::{Batch, Step, consolidate};
use crate::state::StepError;
use smallvec::{SmallVec, smallvec};
use std::borrow::Cow;

/// So many changes of one place, and more, are written in the order of their keys.
const MANY: usize = 64;

/// The sum of the terms so far.
#[derive(Debug)]
pub(super) struct Terms<'p> {
    plan: &'p Match,
    size: Size,
    out: Batch,
    /// What the step was given, in bytes.
    given: usize,
    /// Whether no two rows are equal.
    distinct: bool,
    large: Option<Large>,
}

/// How the changes of one place were extended from an atom: for the next, which mostly looks for the same.
#[derive(Debug)]
struct Search<'p> {
    at: usize,
    lookups: Cow<'p, [Lookup]>,
    /// For each start, how many look-ups found something at the most.
    deepest: Vec<usize>,
}

/// What only a large step keeps.
#[derive(Debug)]
struct Large {
    recent: Recent,
    /// Which atoms are still found as they were.
    is_old: Vec<bool>,
}

impl<'p> Terms<'p> {
    pub(super) fn new(plan: &'p Match, size: Size, meter: &Meter) -> Self {
        let atoms = plan.atoms.len();
        let large = || Large { recent: Recent::new(atoms), is_old: vec![true; atoms] };
        Self {
            plan,
            size,
            out: Batch::new(),
            given: meter.held(),
            distinct: true,
            large: (size != Size::Small).then(large),
        }
    }

    /// Takes in the changes of a factor that has no term.
    pub(super) fn pass(&mut self, step: &mut Step<'_>, factor: Factor) -> Result<(), StepError> {
        match factor {
            Factor::Input(rows) => {
                let input = self.plan.input.as_ref().expect("it has rows");
                self.plan.rearrange_input(step.state, input, rows, step.meter)
            }
            Factor::Elements(place, changed) => self.write(step, place, &changed, None),
            Factor::Edges(at, edges) => self.plan.rearrange_edges(step, at, edges),
        }
    }

    /// Adds the term of a factor, and takes in its changes.
    pub(super) fn add(&mut self, step: &mut Step<'_>, factor: Factor) -> Result<(), StepError> {
        match factor {
            Factor::Input(rows) => {
                let input = self.plan.input.as_ref().expect("it has rows");
                self.counting_rows(true, |terms| {
                    let (mut extension, given) = terms.extension(step);
                    rows.iter().try_for_each(|entry| {
                        extension.settle(given);
                        extension.begin_at_input(input, entry)
                    })
                })?;
                self.plan.rearrange_input(step.state, input, rows, step.meter)
            }
            Factor::Elements(place, changed) => self.add_elements(step, place, &changed),
            Factor::Edges(at, edges) => {
                // Of trails that go and come, some may be equal.
                let distinct = edges.iter().all(|edge| edge.weight > 0);
                let before = step.meter.held();
                let trails = self.plan.step_trail(step, at, edges)?;
                let held = step.meter.held().saturating_sub(before);
                self.given += held;
                let lookups = self.lookups(at, trails.len());
                self.counting_rows(distinct, |terms| {
                    let (mut extension, given) = terms.extension(step);
                    trails.iter().try_for_each(|Changed { value, weight, ends: (from, to) }| {
                        extension.settle(given);
                        let start = Start { values: smallvec![(value, *weight)], ends: Some((from, to)) };
                        extension.begin_at_atom(at, &start, &lookups)
                    })
                })?;
                self.given -= held;
                self.has_become_new(at);
                Ok(())
            }
        }
    }

    /// The rows of all terms.
    pub(super) fn sum(mut self, meter: &Meter) -> Result<Batch, StepError> {
        if let Some(large) = &mut self.large {
            (0..self.plan.atoms.len()).for_each(|place| large.recent.forget(place, meter));
        }
        if self.distinct { Ok(self.out) } else { consolidate(self.out, meter) }
    }

    /// Adds the terms of all atoms that share a place. Each finds those before it new, so what changes is kept in sight
    /// until it is written; the last finds all of them new.
    fn add_elements(
        &mut self,
        step: &mut Step<'_>,
        place: usize,
        changed: &[Scanned],
    ) -> Result<(), StepError> {
        if changed.is_empty() {
            if self.large.is_some() {
                self.plan.sharing(place).for_each(|at| self.has_become_new(at));
            }
            return Ok(());
        }
        let atoms: SmallVec<[usize; 8]> = self.plan.sharing(place).collect();
        let (last, mut others) = atoms.split_last().expect("the first of them is there");
        if self.size == Size::First {
            others = &[];
        }
        let sees_pending = others.len() > 1;
        let pending =
            sees_pending.then(|| Pending::new(self.plan, place, changed, step.meter)).transpose()?;
        let mut before = None;
        for (turn, at) in others.iter().enumerate() {
            let seen = pending.as_ref().filter(|_| turn > 0);
            before = self.extend_changed(step, *at, changed, seen, before)?;
            self.has_become_new(*at);
        }
        self.write(step, place, changed, pending)?;
        self.extend_changed(step, *last, changed, None, before)?;
        self.has_become_new(*last);
        Ok(())
    }

    /// Adds the term of one atom. In a large step, a start from which the atom before came no further than where the two
    /// search alike comes no further from this one.
    fn extend_changed(
        &mut self,
        step: &mut Step<'_>,
        at: usize,
        changed: &[Scanned],
        pending: Option<&Pending<'_>>,
        before: Option<Search<'p>>,
    ) -> Result<Option<Search<'p>>, StepError> {
        if self.large.is_none() {
            return self.extend_few(step, at, changed, pending).map(|()| None);
        }
        let (atom, lookups) = (&self.plan.atoms[at], self.lookups(at, changed.len()));
        let alike =
            before.as_ref().map_or(0, |before| self.plan.alike((before.at, &before.lookups), (at, &lookups)));
        let mut deepest = before.map(|before| before.deepest).filter(|_| alike > 0).unwrap_or_default();
        self.counting_rows(true, |terms| {
            let (mut extension, given) = terms.extension(step);
            extension.pending = pending.map(|pending| (pending, at));
            let starts = changed.iter().flat_map(|scanned| atom.starts(scanned));
            for (turn, start) in starts.enumerate() {
                if deepest.get(turn).is_some_and(|deepest| *deepest < alike) {
                    continue;
                }
                extension.settle(given);
                extension.begin_at_atom(at, &start, &lookups)?;
                match deepest.get_mut(turn) {
                    Some(deepest) => *deepest = extension.deepest,
                    None => deepest.push(extension.deepest),
                }
            }
            Ok(())
        })?;
        Ok(Some(Search { at, lookups, deepest }))
    }

    /// Adds the term of one atom in a small step.
    fn extend_few(
        &mut self,
        step: &mut Step<'_>,
        at: usize,
        changed: &[Scanned],
        pending: Option<&Pending<'_>>,
    ) -> Result<(), StepError> {
        let (atom, lookups) = (&self.plan.atoms[at], &self.plan.lookups[at]);
        self.counting_rows(true, |terms| {
            let (mut extension, given) = terms.extension(step);
            extension.pending = pending.map(|pending| (pending, at));
            for start in changed.iter().flat_map(|scanned| atom.starts(scanned)) {
                extension.settle(given);
                extension.begin_at_atom(at, &start, lookups)?;
            }
            Ok(())
        })
    }

    /// The look-ups from so many changes of an atom: the plan's, or in a large step those that find the old first. To order
    /// them costs as much as a few of them for each atom.
    fn lookups(&self, at: usize, changed: usize) -> Cow<'p, [Lookup]> {
        let is_worth = self.size == Size::Large && changed > 2 * self.plan.atoms.len();
        let large = self.large.as_ref().filter(|_| is_worth);
        let of_step = large.and_then(|large| self.plan.ways_of_step(at, &large.is_old));
        of_step.map_or(Cow::Borrowed(self.plan.lookups[at].as_slice()), Cow::Owned)
    }

    fn extension<'e>(&'e mut self, step: &'e Step<'_>) -> (Extension<'e>, usize) {
        if self.out.capacity() == 0 {
            // Room for one row before and after.
            self.out = Batch::with_capacity(2);
        }
        let mut extension = Extension::new(self.plan, &*step.state, &mut self.out, step.meter);
        extension.recent = self.large.as_mut().map(|large| &mut large.recent);
        (extension, self.given)
    }

    /// Adds rows, and judges whether those of all terms are still distinct; those of this one are, if `distinct`.
    fn counting_rows(
        &mut self,
        distinct: bool,
        add: impl FnOnce(&mut Self) -> Result<(), StepError>,
    ) -> Result<(), StepError> {
        let before = self.out.len();
        add(self)?;
        self.distinct &= self.out.len() == before || (before == 0 && distinct);
        Ok(())
    }

    /// Writes the changes of a place.
    fn write(
        &mut self,
        step: &mut Step<'_>,
        place: usize,
        changed: &[Scanned],
        pending: Option<Pending<'_>>,
    ) -> Result<(), StepError> {
        if let Some(large) = &mut self.large {
            large.recent.forget(place, step.meter);
        }
        if let Some(pending) = pending {
            return pending.write(step.state, step.meter);
        }
        if changed.len() >= MANY {
            let pending = Pending::new(self.plan, place, changed, step.meter)?;
            return pending.write(step.state, step.meter);
        }
        for scanned in changed {
            step.meter.tick()?;
            self.plan.rearrange(step.state, place, scanned);
        }
        Ok(())
    }

    fn has_become_new(&mut self, at: usize) {
        if let Some(large) = &mut self.large {
            large.is_old[at] = false;
        }
    }
}
