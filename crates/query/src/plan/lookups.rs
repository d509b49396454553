//! In which order a match is extended from each of its atoms.
//!
//! Greedy: first a node whose id is known (it prunes at once), then a relationship with both ends known, then
//! one with an end known, and only where the pattern is not connected all nodes of the next part.

use crate::operator::matching::{Atom, AtomKind, Ends, Lookup};

/// For each atom: the look-ups that complete a match from it. Marks on the atoms what must be arranged.
pub(super) fn plan(atoms: &mut [Atom]) -> Vec<Vec<Lookup>> {
    let lookups: Vec<Vec<Lookup>> = (0..atoms.len()).map(|start| from(atoms, start)).collect();
    lookups.iter().flatten().for_each(|lookup| mark(atoms, *lookup));
    lookups
}

fn from(atoms: &[Atom], start: usize) -> Vec<Lookup> {
    let mut bound = Bound { atoms, bound: vec![false; atoms.len()], known: vec![false; atoms.len()] };
    bound.bind(start);
    let mut lookups = Vec::with_capacity(atoms.len() - 1);
    while let Some(lookup) = bound.next() {
        bound.bind(slot(lookup));
        lookups.push(lookup);
    }
    lookups
}

/// What is bound on the way.
struct Bound<'a> {
    atoms: &'a [Atom],
    /// Slots that have their value.
    bound: Vec<bool>,
    /// Node slots whose id is known.
    known: Vec<bool>,
}

impl Bound<'_> {
    fn bind(&mut self, at: usize) {
        self.bound[at] = true;
        match &self.atoms[at].kind {
            AtomKind::Node { .. } => self.known[at] = true,
            AtomKind::Relationship(ends) => {
                self.known[ends.from] = true;
                self.known[ends.to] = true;
            }
        }
    }

    fn next(&self) -> Option<Lookup> {
        self.node_by_id()
            .or_else(|| self.relationship(2))
            .or_else(|| self.relationship(1))
            .or_else(|| self.any_node())
    }

    fn unbound_relationships(&self) -> impl Iterator<Item = (usize, &Ends)> {
        self.atoms.iter().enumerate().filter_map(|(at, atom)| match &atom.kind {
            AtomKind::Relationship(ends) if !self.bound[at] => Some((at, ends)),
            _ => None,
        })
    }

    fn node_by_id(&self) -> Option<Lookup> {
        (0..self.atoms.len())
            .find(|at| self.known[*at] && !self.bound[*at])
            .map(|node| Lookup::NodeById { node })
    }

    fn relationship(&self, ends_known: usize) -> Option<Lookup> {
        let known = |ends: &Ends| usize::from(self.known[ends.from]) + usize::from(self.known[ends.to]);
        let (relationship, ends) =
            self.unbound_relationships().find(|(_, ends)| known(ends) >= ends_known)?;
        Some(if self.known[ends.from] {
            Lookup::ByFrom { relationship }
        } else {
            Lookup::ByTo { relationship }
        })
    }

    fn any_node(&self) -> Option<Lookup> {
        let is_node = |at: &usize| matches!(self.atoms[*at].kind, AtomKind::Node { .. });
        (0..self.atoms.len())
            .filter(is_node)
            .find(|at| !self.bound[*at])
            .map(|node| Lookup::AllNodes { node })
    }
}

fn slot(lookup: Lookup) -> usize {
    match lookup {
        Lookup::NodeById { node } | Lookup::AllNodes { node } => node,
        Lookup::ByFrom { relationship } | Lookup::ByTo { relationship } => relationship,
    }
}

fn mark(atoms: &mut [Atom], lookup: Lookup) {
    match (lookup, &mut atoms[slot(lookup)].kind) {
        (_, AtomKind::Node { arranged }) => *arranged = true,
        // An undirected relationship is kept both ways round, so that one arrangement serves both ends.
        (_, AtomKind::Relationship(ends)) if ends.undirected => ends.by_from = true,
        (Lookup::ByTo { .. }, AtomKind::Relationship(ends)) => ends.by_to = true,
        (_, AtomKind::Relationship(ends)) => ends.by_from = true,
    }
}
