//! In which order a match is extended from one of its atoms, or from its input.
//!
//! Greedy: first what lies between two nodes that are known, then a node whose id is known, then the input by a known node,
//! then what has one known end, and only where the pattern is not connected all rows of the input or all nodes of the next
//! part.
//!
//! A large step knows which atoms it still finds as they were. What it brings is mostly connected with what it brings, so
//! there it finds little: it looks at those first, and has mostly come to an end.

use super::parts::{AtomKind, Bind, Ends, Lookup, Match, Trail};

impl Match {
    /// Returns the look-ups from an atom, or from the input, whatever is arranged.
    pub fn ways(&self, start: Option<usize>) -> Vec<Lookup> {
        Bound::new(self, None).all(start)
    }

    /// Returns the look-ups from an atom in a step that finds these atoms as they were; `None` if the arrangements of the
    /// plan do not suffice for this order.
    pub(super) fn ways_of_step(&self, start: usize, is_old: &[bool]) -> Option<Vec<Lookup>> {
        let (lookups, planned) = (Bound::new(self, Some(is_old)).all(Some(start)), &self.lookups[start]);
        let suffices = lookups.len() == planned.len() && pairs(&lookups) <= pairs(planned);
        suffices.then_some(lookups)
    }
}

/// How many of them pair each with each.
fn pairs(lookups: &[Lookup]) -> usize {
    let pairs = |lookup: &&Lookup| matches!(lookup, Lookup::AllNodes { .. } | Lookup::AllInput);
    lookups.iter().filter(pairs).count()
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
    /// Which atoms are found as they were, in a step. In a plan nothing is, and everything can be arranged.
    is_old: Option<&'a [bool]>,
}

impl<'a> Bound<'a> {
    fn new(matching: &'a Match, is_old: Option<&'a [bool]>) -> Self {
        let width = matching.width();
        let slots = width + matching.atoms.len();
        let input = matching.input.is_none();
        Self { matching, width, input, bound: vec![false; slots], known: vec![false; slots], is_old }
    }

    fn all(&mut self, start: Option<usize>) -> Vec<Lookup> {
        match start {
            Some(atom) => self.bind(self.width + atom),
            None => self.bind_input(),
        }
        let mut lookups = Vec::with_capacity(self.bound.len());
        while let Some(lookup) = self.next() {
            match lookup {
                Lookup::InputByNode { .. } | Lookup::AllInput => self.bind_input(),
                Lookup::NodeById { node: slot }
                | Lookup::AllNodes { node: slot }
                | Lookup::ByFrom { relationship: slot }
                | Lookup::ByTo { relationship: slot } => self.bind(slot),
            }
            lookups.push(lookup);
        }
        lookups
    }

    fn bind(&mut self, slot: usize) {
        self.bound[slot] = true;
        match self.matching.atom_in(slot).kind.ends() {
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
        let matching = self.matching;
        for bind in matching.input.iter().flat_map(|input| &input.binds) {
            match bind {
                Bind::Node(slot) => self.known[*slot] = true,
                Bind::Relationship(_, ends) | Bind::Trail(_, Trail { ends, .. }) => self.know(*ends),
            }
        }
    }

    fn next(&self) -> Option<Lookup> {
        self.node_by_id(true)
            .or_else(|| self.closing(false))
            .or_else(|| self.node_by_id(false))
            .or_else(|| self.closing(true))
            .or_else(|| self.input_by_node())
            .or_else(|| self.opening())
            .or_else(|| self.all_input())
            .or_else(|| self.any_node())
    }

    fn unbound(&self) -> impl Iterator<Item = (usize, &AtomKind)> {
        let slots = (self.width..).zip(self.matching.atoms.iter().map(|atom| &atom.kind));
        slots.filter(|(slot, _)| !self.bound[*slot])
    }

    fn is_old(&self, slot: usize) -> bool {
        let atom = slot.checked_sub(self.width);
        atom.zip(self.is_old).is_some_and(|(atom, is_old)| is_old[atom])
    }

    fn node_by_id(&self, old: bool) -> Option<Lookup> {
        let mut nodes = self
            .unbound()
            .filter(|(slot, kind)| self.is_old(*slot) == old && self.known[*slot] && self.is_found(kind));
        nodes.next().map(|(node, _)| Lookup::NodeById { node })
    }

    /// Whether the nodes of a slot are arranged, or may still be.
    fn is_found(&self, kind: &AtomKind) -> bool {
        match kind {
            AtomKind::Node { arranged } => *arranged || self.is_old.is_none(),
            AtomKind::Relationship(_) | AtomKind::Trail(_) => false,
        }
    }

    /// What lies between two known nodes. A walk along trails may be long: it is for when the nodes have been found.
    fn closing(&self, trails: bool) -> Option<Lookup> {
        let between = self.unbound().filter(|(_, kind)| matches!(kind, AtomKind::Trail(_)) == trails);
        let between = between.filter_map(|(slot, kind)| {
            let ends = kind.ends().filter(|ends| self.known[ends.from] && self.known[ends.to])?;
            Some((!self.is_old(slot), self.by_end(slot, ends)?))
        });
        between.min_by_key(|(is_new, _)| *is_new).map(|(_, lookup)| lookup)
    }

    /// What has one known end.
    fn opening(&self) -> Option<Lookup> {
        let between = self.unbound().filter_map(|(slot, kind)| {
            let ends = kind.ends().filter(|ends| self.known[ends.from] || self.known[ends.to])?;
            let far = if self.known[ends.from] { ends.to } else { ends.from };
            Some((!self.is_old(slot), !self.is_old(far), self.by_end(slot, ends)?))
        });
        between.min_by_key(|(is_new, leads_to_new, _)| (*is_new, *leads_to_new)).map(|(_, _, lookup)| lookup)
    }

    fn by_end(&self, relationship: usize, ends: &Ends) -> Option<Lookup> {
        let Ends { from, to, undirected, by_from, by_to } = *ends;
        let is_planned = self.is_old.is_none();
        // An undirected relationship is kept both ways round in one arrangement.
        let by_to = if undirected { by_from } else { by_to };
        if self.known[from] && (by_from || is_planned) {
            return Some(Lookup::ByFrom { relationship });
        }
        (self.known[to] && (by_to || is_planned)).then_some(Lookup::ByTo { relationship })
    }

    fn input_by_node(&self) -> Option<Lookup> {
        let input = self.matching.input.as_ref().filter(|_| !self.input)?;
        let node = input.binds.iter().find_map(|bind| match bind {
            Bind::Node(slot) if self.known[*slot] => Some(*slot),
            _ => None,
        })?;
        let is_found = self.is_old.is_none() || input.arranged.contains(&node);
        is_found.then_some(Lookup::InputByNode { node })
    }

    fn all_input(&self) -> Option<Lookup> {
        let input = self.matching.input.as_ref().filter(|_| !self.input)?;
        (self.is_old.is_none() || input.arranged_all).then_some(Lookup::AllInput)
    }

    fn any_node(&self) -> Option<Lookup> {
        let mut nodes = self.unbound().filter(|(_, kind)| self.is_found(kind));
        nodes.next().map(|(node, _)| Lookup::AllNodes { node })
    }
}
