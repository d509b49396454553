//! The edges of a pattern of variable length: relationships with both their nodes, from a match of their own.

use crate::operator::matching::{Atom, AtomKind, Ends, Match};
use crate::operator::scan::{Kind, Needs, Scan};
use crate::plan::lookups;
use crate::plan::planner::Planner;

/// Plans the edges of a trail atom, one row (node, relationship, node) for each; gives the operator's place.
///
/// A relationship whose nodes are not both there is on no trail.
pub(super) fn edges(trail: &mut Atom, through: &Needs, planner: &mut Planner<'_>) -> usize {
    let scan = Scan {
        kind: trail.scan.kind.clone(),
        needs: trail.scan.needs.clone(),
        conditions: std::mem::take(&mut trail.scan.conditions),
    };
    let ends = Ends { from: 0, to: 2, undirected: false, by_from: false, by_to: false };
    let atoms = vec![
        node("from", through),
        Atom { name: trail.name.clone(), scan, kind: AtomKind::Relationship(ends) },
        node("to", through),
    ];
    let mut operator = Match {
        number: planner.number(),
        input: None,
        atoms,
        lookups: Vec::new(),
        distinct: Vec::new(),
        rows_max: planner.limits.rows,
    };
    lookups::plan(&mut operator);
    planner.add(operator, Vec::new())
}

fn node(name: &str, needs: &Needs) -> Atom {
    let scan =
        Scan { kind: Kind::Nodes(Vec::new(), Vec::new()), needs: needs.clone(), conditions: Vec::new() };
    Atom { name: name.to_owned(), scan, kind: AtomKind::Node { arranged: false } }
}
