//! What of a match has to be arranged, and where.
//!
//! Elements that several atoms take are remembered once: what is arranged for one of these atoms is arranged for all.

use crate::encoding::Encode;
use crate::operator::matching::{Atom, AtomKind, Lookup, Match};
use livewell_model::codec::Writer;

/// Decides the look-ups that complete a match from each atom and from the input. Marks what must be arranged.
pub(super) fn plan(matching: &mut Match) {
    share(&mut matching.atoms);
    let lookups: Vec<Vec<Lookup>> = (0..matching.atoms.len()).map(|atom| matching.ways(Some(atom))).collect();
    let from_input = matching.input.is_some().then(|| matching.ways(None));
    lookups.iter().chain(&from_input).flatten().for_each(|lookup| mark(matching, *lookup));
    for at in 0..matching.atoms.len() {
        copy_marks(&mut matching.atoms, at);
    }
    matching.lookups = lookups;
    if let (Some(input), Some(lookups)) = (&mut matching.input, from_input) {
        input.lookups = lookups;
    }
}

/// Finds for each atom the first that takes the same elements.
fn share(atoms: &mut [Atom]) {
    let bags: Vec<_> = atoms.iter().map(bag).collect();
    for (at, atom) in atoms.iter_mut().enumerate() {
        let first = bags[..at].iter().position(|bag| bag.is_some() && *bag == bags[at]);
        atom.place = first.unwrap_or(at);
    }
}

/// What tells apart which elements an atom takes, and how they are remembered; `None` for a trail, whose edges are an input
/// of its own.
fn bag(atom: &Atom) -> Option<(Vec<u8>, bool)> {
    let is_undirected = match &atom.kind {
        AtomKind::Node { .. } => false,
        AtomKind::Relationship(ends) => ends.undirected,
        AtomKind::Trail(_) => return None,
    };
    let mut scan = Writer::new();
    atom.scan.encode(&mut scan);
    Some((scan.bytes, is_undirected))
}

fn mark(matching: &mut Match, lookup: Lookup) {
    let width = matching.input.as_ref().map_or(0, |input| input.width);
    let input = matching.input.as_mut();
    match lookup {
        Lookup::InputByNode { node } => {
            let arranged = &mut input.expect("it has an input").arranged;
            if !arranged.contains(&node) {
                arranged.push(node);
            }
        }
        Lookup::AllInput => input.expect("it has an input").arranged_all = true,
        Lookup::NodeById { node } | Lookup::AllNodes { node } => {
            if let AtomKind::Node { arranged } = &mut remembered(matching, node - width).kind {
                *arranged = true;
            }
        }
        Lookup::ByFrom { relationship } | Lookup::ByTo { relationship } => {
            if let Some(ends) = remembered(matching, relationship - width).kind.ends_mut() {
                // An undirected relationship is kept both ways round, so that one arrangement serves both ends.
                let by_to = matches!(lookup, Lookup::ByTo { .. }) && !ends.undirected;
                ends.by_to |= by_to;
                ends.by_from |= !by_to;
            }
        }
    }
}

/// The atom under whose number the elements of this one are remembered.
fn remembered(matching: &mut Match, atom: usize) -> &mut Atom {
    let place = matching.atoms[atom].place;
    &mut matching.atoms[place]
}

/// Takes over what is arranged in the atom's place.
fn copy_marks(atoms: &mut [Atom], at: usize) {
    let (before, rest) = atoms.split_at_mut(at);
    let Some(first) = before.get(rest[0].place) else { return };
    match (&first.kind, &mut rest[0].kind) {
        (AtomKind::Node { arranged: marked }, AtomKind::Node { arranged }) => *arranged = *marked,
        (AtomKind::Relationship(marked), AtomKind::Relationship(ends)) => {
            (ends.by_from, ends.by_to) = (marked.by_from, marked.by_to);
        }
        _ => {}
    }
}
