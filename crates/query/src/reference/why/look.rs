//! What is noted while rows pass the steps: how many, and which came furthest.

use super::super::binding::Binding;
use super::super::graph::Graph;
use super::given::Placed;
use super::mark::Mark;
use super::stages::Stages;
use crate::expression::EvalError;
use crate::language::code;
use std::cell::{Cell, RefCell};

/// The code of the error that ends an evaluation after too many partial matches.
pub(super) const MATCHES: &str = "matches";

/// An evaluation that is looked at.
pub(super) struct Look<'a> {
    pub(super) graph: &'a Graph,
    /// The key that the rows looked for have: only what can become such a row is gone after.
    pub(super) key: Option<Vec<u8>>,
    /// What the rows looked for must have.
    pub(super) placed: Option<&'a Placed>,
    /// How many passed each step.
    left: RefCell<Vec<u64>>,
    /// How many passed each given.
    given_left: RefCell<Vec<u64>>,
    furthest: RefCell<Option<Furthest>>,
    /// How many more may pass.
    matches: Cell<u64>,
}

/// The row that came furthest, of several the first.
#[derive(Debug, Clone)]
pub(super) struct Furthest {
    pub(super) at: Mark,
    pub(super) row: Binding,
}

impl<'a> Look<'a> {
    /// Looks at all rows.
    pub(super) fn new(graph: &'a Graph, stages: &Stages, matches: u64) -> Self {
        Self {
            graph,
            key: None,
            placed: None,
            left: RefCell::new(vec![0; stages.steps]),
            given_left: RefCell::default(),
            furthest: RefCell::default(),
            matches: Cell::new(matches),
        }
    }

    /// Looks at what can become the row with this key.
    pub(super) fn at_key(self, key: &[u8]) -> Self {
        Self { key: Some(key.to_vec()), ..self }
    }

    /// Looks at rows with what is given.
    pub(super) fn at(self, placed: &'a Placed) -> Self {
        Self { given_left: RefCell::new(vec![0; placed.count()]), placed: Some(placed), ..self }
    }

    /// Looks at all rows, with what may still be looked at.
    pub(super) fn beside(&self) -> Look<'a> {
        Look {
            graph: self.graph,
            key: None,
            placed: None,
            left: RefCell::new(vec![0; self.left.borrow().len()]),
            given_left: RefCell::default(),
            furthest: RefCell::default(),
            matches: Cell::new(self.matches.get()),
        }
    }

    /// Whether what has this key can become the row looked for.
    pub(super) fn may_be(&self, key: &[u8]) -> bool {
        self.key.as_ref().is_none_or(|wanted| wanted.starts_with(key))
    }

    /// Notes a row that passes a step, and says whether it has what is given behind it.
    ///
    /// # Errors
    /// Returns an error once too many have passed, and the errors of the meter.
    pub(super) fn passes(&self, step: usize, row: &Binding) -> Result<bool, EvalError> {
        self.spend()?;
        self.left.borrow_mut()[step] += 1;
        self.note(Mark::of_step(step), row);
        let Some(placed) = self.placed else { return Ok(true) };
        for (number, test) in placed.behind(step) {
            if !soft(test.holds(row, self.graph))? {
                return Ok(false);
            }
            self.given_left.borrow_mut()[number] += 1;
            self.note(Mark { step, phase: 2, given: number }, row);
        }
        Ok(true)
    }

    /// Notes that the element that is given for a step is there.
    pub(super) fn is_there(&self, step: usize, number: usize, row: &Binding) {
        self.given_left.borrow_mut()[number] += 1;
        self.note(Mark { step, phase: 0, given: number }, row);
    }

    /// Notes a finished row.
    pub(super) fn is_finished(&self, steps: usize, row: &Binding) {
        self.note(Mark { step: steps, phase: 0, given: 0 }, row);
    }

    /// Notes a finished row that has what is given last.
    pub(super) fn has_last(&self, number: usize, steps: usize, row: &Binding) {
        self.given_left.borrow_mut()[number] += 1;
        self.note(Mark { step: steps, phase: 2, given: number }, row);
    }

    /// Counts a row as one that is looked at.
    pub(super) fn spend(&self) -> Result<(), EvalError> {
        self.graph.meter.tick()?;
        let left = self.matches.get().checked_sub(1);
        let message = "it has looked at as many partial matches as it may".to_owned();
        self.matches.set(left.ok_or(EvalError { code: MATCHES, message })?);
        Ok(())
    }

    fn note(&self, at: Mark, row: &Binding) {
        if self.placed.is_none() {
            return;
        }
        let mut furthest = self.furthest.borrow_mut();
        if furthest.as_ref().is_none_or(|furthest| furthest.at < at) {
            *furthest = Some(Furthest { at, row: row.clone() });
        }
    }

    /// Returns how many rows have passed a step.
    pub(super) fn left(&self, step: usize) -> u64 {
        self.left.borrow()[step]
    }

    /// Returns how many rows have had what is given.
    pub(super) fn given_left(&self, number: usize) -> u64 {
        self.given_left.borrow().get(number).copied().unwrap_or_default()
    }

    /// Returns the row that came furthest.
    pub(super) fn furthest(&self) -> Option<Furthest> {
        self.furthest.borrow().clone()
    }
}

/// Takes an expression without a value for one that is not true, unless the evaluation has to end: a query that is
/// maintained has such rows only where they become no row of it.
pub(super) fn soft(truth: Result<bool, EvalError>) -> Result<bool, EvalError> {
    match truth {
        Err(error) if !is_end(&error) => Ok(false),
        truth => truth,
    }
}

/// Whether the error ends an evaluation, whatever it is about.
pub(super) fn is_end(error: &EvalError) -> bool {
    matches!(error.code, code::CANCELLED | code::STEP_BYTES | MATCHES)
}
