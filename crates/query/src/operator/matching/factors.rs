//! The factors of the join, the input's rows and each atom's elements, with what a step changes of them. Atoms that take the
//! same elements come one after another, as one factor.
//!
//! The law holds for the factors in any order. The first terms are the cheapest: they find the other factors as they were,
//! and what a step brings is mostly connected with what it brings, so they find little. So a large step takes the factors
//! that change the most first. If nothing is remembered of a factor yet, it takes that one last: until then its old bag
//! is empty, and so is every other term. What loads a graph is then joined once, and not once for each atom.

use super::arrange::INPUT;
use super::parts::{AtomKind, Match, Trail};
use crate::meter::size;
use crate::operator::scan::Scanned;
use crate::operator::{Batch, Inputs, Step};
use crate::state::{Area, Order, State, StepError};
use smallvec::SmallVec;
use std::cmp::Reverse;

/// Up to so many changes are joined factor by factor, whatever is remembered: to look would cost more.
const FEW: usize = 8;
/// So many rows of the input cost as much as an element: what a row binds is looked up by all of it, and the rows are found
/// by one node alone.
const ROWS_AN_ELEMENT: usize = 4;
/// What up to so many changes hold is not worth counting, since properties are shared with the elements.
pub(super) const UNCOUNTED: usize = 16;

/// What a step changes of one factor.
#[derive(Debug)]
pub(super) enum Factor {
    /// Of the input: its rows.
    Input(Batch),
    /// Of the node or relationship atoms that remember their elements in one place: those.
    Elements(usize, SmallVec<[Scanned; 1]>),
    /// Of a trail atom: its edges.
    Edges(usize, Batch),
}

/// How much a step changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// A few elements: the factors stay in their order.
    Small,
    /// More.
    Large,
    /// More, and the last of the factors in their order was empty before: only it has a term.
    First,
}

impl Factor {
    /// Whether the step changes nothing of it.
    pub(super) fn is_unchanged(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        match self {
            Self::Input(rows) | Self::Edges(_, rows) => rows.len(),
            Self::Elements(_, changed) => changed.len(),
        }
    }

    /// About what its term costs where all others are new, in elements to extend.
    fn cost(&self) -> usize {
        match self {
            Self::Input(rows) => rows.len() / ROWS_AN_ELEMENT,
            _ => self.len(),
        }
    }

    /// What stands for it where keys have an atom.
    fn place(&self) -> usize {
        match self {
            Self::Input(_) => INPUT,
            Self::Elements(at, _) | Self::Edges(at, _) => *at,
        }
    }
}

impl Match {
    /// Whether a step changes so little that its factors are taken in the order of the text.
    pub(super) fn is_small(step: &Step<'_>, inputs: &Inputs) -> bool {
        step.changes.len() + inputs.iter().map(Vec::len).sum::<usize>() <= FEW
    }

    /// What stands for each factor where keys have an atom, in their order in the text.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        let input = self.input.as_ref().map(|_| INPUT);
        let own = self.atoms.iter().enumerate().filter(|(at, atom)| atom.place == *at);
        input.into_iter().chain(own.map(|(at, _)| at))
    }

    /// A factor with what the step changes of it; to be asked for in their order, since `inputs` come in that.
    pub(super) fn factor(
        &self,
        step: &Step<'_>,
        place: usize,
        inputs: &mut impl Iterator<Item = Batch>,
    ) -> Result<Factor, StepError> {
        Ok(match self.atoms.get(place).map(|atom| &atom.kind) {
            None => Factor::Input(inputs.next().unwrap_or_default()),
            Some(AtomKind::Trail(_)) => Factor::Edges(place, inputs.next().unwrap_or_default()),
            Some(_) => Factor::Elements(place, self.scanned(step, place)?),
        })
    }

    /// The factors with what the step changes of them, in their order in the text.
    pub(super) fn factors(&self, step: &Step<'_>, inputs: Inputs) -> Result<Vec<Factor>, StepError> {
        let mut inputs = inputs.into_iter();
        self.places().map(|place| self.factor(step, place, &mut inputs)).collect()
    }

    /// What the changed elements are to an atom.
    fn scanned(&self, step: &Step<'_>, at: usize) -> Result<SmallVec<[Scanned; 1]>, StepError> {
        let mut changed = SmallVec::new();
        for change in step.changes {
            let scan = &self.atoms[at].scan;
            if let Some(seen) = scan.see(change, step.meter)? {
                let scanned = scan.copied(&seen);
                if step.changes.len() > UNCOUNTED {
                    let values = scanned.before.iter().chain(&scanned.after);
                    step.meter.hold(size_of::<Scanned>() + values.map(size::owned).sum::<usize>())?;
                }
                changed.push(scanned);
            }
        }
        Ok(changed)
    }

    /// Orders the factors of a step, if it is a large one.
    pub(super) fn order(&self, state: &dyn State, factors: &mut [Factor]) -> Result<Size, StepError> {
        if factors.iter().map(Factor::len).sum::<usize>() <= FEW {
            return Ok(Size::Small);
        }
        factors.sort_by_key(|factor| Reverse(factor.cost()));
        for at in (0..factors.len()).rev() {
            if self.is_empty(state, factors[at].place())? {
                factors[at..].rotate_left(1);
                return Ok(Size::First);
            }
        }
        Ok(Size::Large)
    }

    /// Whether a factor is known to be empty, since nothing of it is remembered.
    fn is_empty(&self, state: &dyn State, place: usize) -> Result<bool, StepError> {
        let kind = self.atoms.get(place).map(|atom| &atom.kind);
        // Nothing is remembered of a node that is never looked up, and a trail of no relationship needs none.
        if let Some(AtomKind::Node { arranged: false } | AtomKind::Trail(Trail { min: 0, .. })) = kind {
            return Ok(false);
        }
        let mut is_empty = true;
        state.scan(Area::Operators, &self.remembered(place), Order::Ascending, &mut |_, _| {
            is_empty = false;
            Ok(false)
        })?;
        Ok(is_empty)
    }
}
