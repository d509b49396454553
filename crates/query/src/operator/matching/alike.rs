//! How far the searches from two atoms are the same: atoms of one place begin with the same elements, and mostly look for
//! the same things first.

use super::parts::{Lookup, Match};
use smallvec::SmallVec;

impl Match {
    /// Returns how many of the first look-ups from two atoms of one place are the same search: they find the same in the
    /// same places, and take and leave the same of it.
    pub(super) fn alike(&self, one: (usize, &[Lookup]), other: (usize, &[Lookup])) -> usize {
        let width = self.width();
        let mut pairs = Pairs { plan: self, starts: [one.0, other.0], slots: SmallVec::new() };
        if !pairs.bind([width + one.0, width + other.0]) {
            return 0;
        }
        let both = one.1.iter().zip(other.1);
        both.take_while(|(one, other)| pairs.are_alike(**one, **other)).count()
    }
}

/// The slots of the two searches that stand for each other.
struct Pairs<'a> {
    plan: &'a Match,
    starts: [usize; 2],
    slots: SmallVec<[[usize; 2]; 16]>,
}

impl Pairs<'_> {
    fn are_alike(&mut self, one: Lookup, other: Lookup) -> bool {
        let slots = match (one, other) {
            (Lookup::NodeById { node: one }, Lookup::NodeById { node: other }) => [one, other],
            (Lookup::ByFrom { relationship: one }, Lookup::ByFrom { relationship: other })
            | (Lookup::ByTo { relationship: one }, Lookup::ByTo { relationship: other }) => [one, other],
            _ => return false,
        };
        self.see_alike(slots) && self.bind(slots)
    }

    /// Whether both find the elements of one place, and both old or both new.
    fn see_alike(&self, slots: [usize; 2]) -> bool {
        let atoms = slots.map(|slot| slot - self.plan.width());
        let places = atoms.map(|atom| self.plan.atoms[atom].place);
        let is_own = places[0] == self.plan.atoms[self.starts[0]].place;
        let are_seen = [atoms[0] < self.starts[0], atoms[1] < self.starts[1]];
        places[0] == places[1] && (!is_own || are_seen[0] == are_seen[1])
    }

    fn bind(&mut self, slots: [usize; 2]) -> bool {
        let ends = slots.map(|slot| self.plan.atom_in(slot).kind.ends());
        let are_told_apart_alike = self
            .slots
            .iter()
            .all(|before| self.are_distinct(slots[0], before[0]) == self.are_distinct(slots[1], before[1]));
        are_told_apart_alike
            && self.pair(slots)
            && match ends {
                [None, None] => true,
                [Some(one), Some(other)] => {
                    self.pair([one.from, other.from]) && self.pair([one.to, other.to])
                }
                _ => false,
            }
    }

    /// Whether two relationships have to be distinct.
    fn are_distinct(&self, one: usize, other: usize) -> bool {
        self.plan.distinct.iter().any(|group| group.contains(&one) && group.contains(&other))
    }

    /// Whether two slots stand for each other, and for no others.
    fn pair(&mut self, slots: [usize; 2]) -> bool {
        let known = self.slots.iter().find(|known| known[0] == slots[0] || known[1] == slots[1]);
        let stands = known.is_none_or(|known| *known == slots);
        if known.is_none() {
            self.slots.push(slots);
        }
        stands
    }
}
