//! From the pattern of a logical plan to a match, and to one for the edges of each pattern of variable length.

use super::lookups;
use super::lower::Lowering;
use super::nodes::PhysicalOp;
use crate::operator::matching::{Atom, AtomKind, Bind, Ends, Input, Match, Trail};
use crate::operator::project::{Project, Slot};
use crate::operator::scan::{Kind, Needs, Scan};
use crate::plan::logical::{self, Between, Element, Reach};
use livewell_model::SmolStr;

impl Lowering<'_> {
    /// Lowers a pattern; returns the operator whose rows are its rows.
    pub(super) fn pattern(&mut self, at: usize, pattern: &logical::Match, mut inputs: Vec<usize>) -> usize {
        let node = &self.logical.nodes[at];
        let names: Vec<SmolStr> = node.slots.iter().map(|slot| slot.name.clone()).collect();
        let width = names.len() - pattern.elements.len() - pattern.paths.len();
        let input = (!inputs.is_empty()).then(|| Input {
            width,
            key: self.input(node, 0).key.clone(),
            binds: pattern.binds.iter().map(bind).collect(),
            lookups: Vec::new(),
            arranged: Vec::new(),
            arranged_all: false,
        });
        let mut atoms: Vec<Atom> = pattern
            .elements
            .iter()
            .enumerate()
            .map(|(element, kind)| self.atom(at, element, width, kind))
            .collect();
        for (element, atom) in atoms.iter_mut().enumerate() {
            if matches!(atom.kind, AtomKind::Trail(_)) {
                let through = self.through(at, pattern, width + element);
                inputs.push(self.edges(atom, &through, &names[width + element]));
            }
        }
        let trails: Vec<bool> = atoms.iter().map(|atom| matches!(atom.kind, AtomKind::Trail(_))).collect();
        let operator = self.completed(input, atoms, pattern.distinct.clone());
        let place = self.add(PhysicalOp::Match(operator), inputs, names.clone());
        if pattern.paths.is_empty() && !trails.contains(&true) {
            return place;
        }
        let elements = (width..).zip(trails);
        let elements =
            elements.map(|(slot, trail)| if trail { Slot::Relationships(slot) } else { Slot::Keep(slot) });
        let paths = pattern.paths.iter().map(|parts| Slot::Path(parts.clone()));
        let slots = (0..width).map(Slot::Keep).chain(elements).chain(paths).collect();
        self.add(PhysicalOp::Project(Project::new(slots)), vec![place], names)
    }

    fn atom(&mut self, at: usize, element: usize, width: usize, kind: &Element) -> Atom {
        let (elements, kind) = match kind {
            Element::Node { labels, tests } => {
                (Kind::Nodes(labels.clone(), tests.clone()), AtomKind::Node { arranged: false })
            }
            Element::Relationship(between) => {
                (relationships(between), AtomKind::Relationship(ends(between.ends)))
            }
            Element::Trail { between, reach, .. } => {
                (relationships(between), AtomKind::Trail(trail(between.ends, *reach)))
            }
        };
        let conditions = self.moved.take(at, element);
        // A property that only conditions inside the scan use goes no further, so that changing it changes nothing
        // while they hold.
        let needs = self.needs[at][width + element].needs();
        Atom { scan: Scan { kind: elements, needs, conditions, shares: false }, kind, place: element }
    }

    /// What is used of the nodes that a trail goes through: they are seen in paths alone.
    fn through(&self, at: usize, pattern: &logical::Match, trail: usize) -> Needs {
        let first = self.needs[at].len() - pattern.paths.len();
        let mut paths = pattern.paths.iter().zip(&self.needs[at][first..]);
        let is_shown = paths.any(|(parts, uses)| uses.whole && parts.contains(&trail));
        if is_shown { Needs::Whole } else { Needs::nothing() }
    }

    /// Adds the edges of a trail, one row (node, relationship, node) for each; returns the operator's place.
    ///
    /// A relationship whose nodes are not both there is on no trail.
    fn edges(&mut self, trail: &mut Atom, through: &Needs, name: &SmolStr) -> usize {
        let scan = Scan {
            kind: trail.scan.kind.clone(),
            needs: trail.scan.needs.clone(),
            conditions: std::mem::take(&mut trail.scan.conditions),
            shares: false,
        };
        let ends = Ends { from: 0, to: 2, undirected: false, by_from: false, by_to: false };
        let edge = Atom { scan, kind: AtomKind::Relationship(ends), place: 1 };
        let atoms = vec![any_node(through, 0), edge, any_node(through, 2)];
        let operator = self.completed(None, atoms, Vec::new());
        let names = vec!["from".into(), name.clone(), "to".into()];
        self.add(PhysicalOp::Match(operator), Vec::new(), names)
    }

    fn completed(&mut self, input: Option<Input>, atoms: Vec<Atom>, distinct: Vec<Vec<usize>>) -> Match {
        let (number, rows_max) = (self.number(), self.limits.rows);
        let mut operator = Match { number, input, atoms, lookups: Vec::new(), distinct, rows_max, room: 0 };
        lookups::plan(&mut operator);
        operator
    }
}

fn any_node(needs: &Needs, place: usize) -> Atom {
    let kind = Kind::Nodes(Vec::new(), Vec::new());
    let scan = Scan { kind, needs: needs.clone(), conditions: Vec::new(), shares: false };
    Atom { scan, kind: AtomKind::Node { arranged: false }, place }
}

fn relationships(between: &Between) -> Kind {
    Kind::Relationships(between.types.clone(), between.test.clone())
}

fn ends(ends: logical::Ends) -> Ends {
    let logical::Ends { from, to, undirected } = ends;
    Ends { from, to, undirected, by_from: false, by_to: false }
}

fn trail(lies: logical::Ends, reach: Reach) -> Trail {
    let Reach { length, backwards } = reach;
    Trail { ends: ends(lies), min: length.min, max: length.max, limit: length.limit, backwards }
}

fn bind(bind: &logical::Bind) -> Bind {
    match *bind {
        logical::Bind::Node(slot) => Bind::Node(slot),
        logical::Bind::Relationship(slot, lies) => Bind::Relationship(slot, ends(lies)),
        logical::Bind::Trail(slot, lies, reach) => Bind::Trail(slot, trail(lies, reach)),
    }
}
