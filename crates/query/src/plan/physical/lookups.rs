//! In which order a match is extended from each of its atoms, and from its input.
//!
//! Greedy: first a node whose id is known (it prunes at once), then what lies between two known ends, then the
//! input by a known node, then what has one known end, and only where the pattern is not connected all rows of
//! the input or all nodes of the next part.

use crate::operator::matching::{AtomKind, Bind, Ends, Lookup, Match, Trail};

/// Decides the look-ups that complete a match from each atom and from the input. Marks what must be arranged.
pub(super) fn plan(matching: &mut Match) {
    let lookups: Vec<Vec<Lookup>> =
        (0..matching.atoms.len()).map(|atom| from(matching, Some(atom))).collect();
    let from_input = matching.input.is_some().then(|| from(matching, None));
    lookups.iter().chain(&from_input).flatten().for_each(|lookup| mark(matching, *lookup));
    matching.lookups = lookups;
    if let (Some(input), Some(lookups)) = (&mut matching.input, from_input) {
        input.lookups = lookups;
    }
}

/// The look-ups from an atom, or from the input.
fn from(matching: &Match, start: Option<usize>) -> Vec<Lookup> {
    let width = matching.input.as_ref().map_or(0, |input| input.width);
    let slots = width + matching.atoms.len();
    let mut bound = Bound {
        matching,
        width,
        input: matching.input.is_none(),
        bound: vec![false; slots],
        known: vec![false; slots],
    };
    match start {
        Some(atom) => bound.bind(width + atom),
        None => bound.bind_input(),
    }
    let mut lookups = Vec::with_capacity(slots);
    while let Some(lookup) = bound.next() {
        match lookup {
            Lookup::InputByNode { .. } | Lookup::AllInput => bound.bind_input(),
            Lookup::NodeById { node: slot }
            | Lookup::AllNodes { node: slot }
            | Lookup::ByFrom { relationship: slot }
            | Lookup::ByTo { relationship: slot } => bound.bind(slot),
        }
        lookups.push(lookup);
    }
    lookups
}

/// What is bound on the way.
struct Bound<'a> {
    matching: &'a Match,
    width: usize,
    /// Whether the input's row is found, or there is none.
    input: bool,
    /// Slots that have their value.
    bound: Vec<bool>,
    /// Node slots whose id is known.
    known: Vec<bool>,
}

impl Bound<'_> {
    fn bind(&mut self, slot: usize) {
        self.bound[slot] = true;
        match self.matching.atoms[slot - self.width].kind.ends() {
            None => self.known[slot] = true,
            Some(ends) => self.know(*ends),
        }
    }

    fn know(&mut self, ends: Ends) {
        self.known[ends.from] = true;
        self.known[ends.to] = true;
    }

    fn bind_input(&mut self) {
        self.input = true;
        let binds = self.matching.input.iter().flat_map(|input| input.binds.clone());
        for bind in binds {
            match bind {
                Bind::Node(slot) => self.known[slot] = true,
                Bind::Relationship(_, ends) | Bind::Trail(_, Trail { ends, .. }) => self.know(ends),
            }
        }
    }

    fn next(&self) -> Option<Lookup> {
        self.node_by_id()
            .or_else(|| self.relationship(2))
            .or_else(|| self.input_by_node())
            .or_else(|| self.relationship(1))
            .or_else(|| self.all_input())
            .or_else(|| self.any_node())
    }

    fn unbound(&self) -> impl Iterator<Item = (usize, &AtomKind)> {
        let slots = (self.width..).zip(self.matching.atoms.iter().map(|atom| &atom.kind));
        slots.filter(|(slot, _)| !self.bound[*slot])
    }

    fn node_by_id(&self) -> Option<Lookup> {
        let mut nodes = self.unbound().filter(|(_, kind)| matches!(kind, AtomKind::Node { .. }));
        nodes.find(|(slot, _)| self.known[*slot]).map(|(node, _)| Lookup::NodeById { node })
    }

    fn relationship(&self, ends_known: usize) -> Option<Lookup> {
        let known = |ends: &Ends| usize::from(self.known[ends.from]) + usize::from(self.known[ends.to]);
        let mut relationships = self.unbound().filter_map(|(slot, kind)| Some((slot, kind.ends()?)));
        let (relationship, ends) = relationships.find(|(_, ends)| known(ends) >= ends_known)?;
        Some(if self.known[ends.from] {
            Lookup::ByFrom { relationship }
        } else {
            Lookup::ByTo { relationship }
        })
    }

    fn input_by_node(&self) -> Option<Lookup> {
        if self.input {
            return None;
        }
        let mut binds = self.matching.input.iter().flat_map(|input| &input.binds);
        let node = binds.find_map(|bind| match bind {
            Bind::Node(slot) if self.known[*slot] => Some(*slot),
            _ => None,
        })?;
        Some(Lookup::InputByNode { node })
    }

    fn all_input(&self) -> Option<Lookup> {
        (!self.input).then_some(Lookup::AllInput)
    }

    fn any_node(&self) -> Option<Lookup> {
        let mut nodes = self.unbound().filter(|(_, kind)| matches!(kind, AtomKind::Node { .. }));
        nodes.next().map(|(node, _)| Lookup::AllNodes { node })
    }
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
            if let AtomKind::Node { arranged } = &mut matching.atoms[node - width].kind {
                *arranged = true;
            }
        }
        Lookup::ByFrom { relationship } | Lookup::ByTo { relationship } => {
            if let Some(ends) = matching.atoms[relationship - width].kind.ends_mut() {
                // An undirected relationship is kept both ways round, so that one arrangement serves both ends.
                let by_to = matches!(lookup, Lookup::ByTo { .. }) && !ends.undirected;
                ends.by_to |= by_to;
                ends.by_from |= !by_to;
            }
        }
    }
}
