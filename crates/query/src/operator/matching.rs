//! Match: all ways to lay the patterns of MATCH clauses onto the graph.
//!
//! A pattern is a natural join of one bag per pattern element ("atom"). Law, for atoms `A1 .. An`:
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
mod extend;

pub use atom::{Atom, AtomKind, Ends, Lookup};

use super::{Batch, Operator, Step, consolidate};
use crate::state::StepError;
use extend::Extension;
use livewell_model::Value;

/// See the module.
#[derive(Debug)]
pub struct Match {
    /// The operator's number: the first bytes of its state's keys.
    pub number: u16,
    /// The pattern elements in the order of the text; atom `i` fills slot `i`.
    pub atoms: Vec<Atom>,
    /// For each atom: how the others are found when it changes, in order.
    pub lookups: Vec<Vec<Lookup>>,
    /// Groups of relationship slots that are pairwise distinct: one group a MATCH clause.
    pub distinct: Vec<Vec<usize>>,
}

impl Operator for Match {
    fn step(&self, step: &mut Step<'_>, _inputs: Vec<Batch>) -> Result<Batch, StepError> {
        let mut out = Batch::new();
        for at in 0..self.atoms.len() {
            let atom = &self.atoms[at];
            let mut changed = Vec::new();
            for change in step.changes {
                changed.extend(atom.scan.apply(change)?);
            }
            for start in changed.iter().flat_map(|scanned| atom.starts(scanned)) {
                Extension::new(self, &*step.state, &mut out).from(at, &start)?;
            }
            // Only now: the look-ups of earlier atoms had to see this one old.
            for scanned in &changed {
                self.rearrange(step.state, at, scanned);
            }
        }
        Ok(consolidate(out))
    }

    fn describe(&self) -> (String, Option<String>) {
        let atoms: Vec<String> = self.atoms.iter().map(ToString::to_string).collect();
        let arranged: Vec<String> = self.atoms.iter().filter_map(Atom::describe_state).collect();
        let state = (!arranged.is_empty()).then(|| arranged.join(", "));
        (format!("Match: {}", atoms.join(" ")), state)
    }
}

impl Match {
    /// Whether the relationships bound so far are pairwise distinct within each clause.
    fn is_trail(&self, slots: &[Value], newest: usize) -> bool {
        let id = |slot: usize| match &slots[slot] {
            Value::Relationship(relationship) => Some(&relationship.id),
            _ => None,
        };
        let Some(new) = id(newest) else { return true };
        self.distinct
            .iter()
            .filter(|group| group.contains(&newest))
            .all(|group| group.iter().all(|other| *other == newest || id(*other) != Some(new)))
    }
}
