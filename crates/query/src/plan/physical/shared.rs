//! Which scans hand on the elements themselves and no copies of what is used of them.
//!
//! A copy holds only what the query uses, since it may be remembered, or compared with what is remembered. Where nothing
//! behind a match remembers what is in its rows, the element itself does as well and costs nothing: what is used of it is
//! the same.

use super::nodes::{Node, PhysicalOp};
use crate::operator::aggregate::{Aggregate, Call};
use crate::operator::matching::AtomKind;
use crate::operator::project::{Project, Slot};

/// Lets those scans share their elements. The first `columns` slots of the last operator are shown.
pub(super) fn share(nodes: &mut [Node], columns: usize) {
    for at in 0..nodes.len() {
        let PhysicalOp::Match(operator) = &nodes[at].op else { continue };
        let first = operator.width();
        let slots = first..first + operator.atoms.len();
        let shares: Vec<bool> = slots.map(|slot| is_only_read(nodes, at, slot, columns)).collect();
        let PhysicalOp::Match(operator) = &mut nodes[at].op else { continue };
        for (atom, shares) in operator.atoms.iter_mut().zip(shares) {
            atom.scan.shares = shares && matches!(atom.kind, AtomKind::Node { .. });
        }
    }
}

/// Whether no operator behind this one keeps what is in its slot, and no result shows it.
fn is_only_read(nodes: &[Node], at: usize, slot: usize, columns: usize) -> bool {
    if at + 1 == nodes.len() {
        return slot >= columns;
    }
    let mut readers = nodes.iter().enumerate().filter(|(_, node)| node.inputs.contains(&at));
    readers.all(|(reader, node)| match &node.op {
        PhysicalOp::Filter(_) => is_only_read(nodes, reader, slot, columns),
        PhysicalOp::Project(project) => {
            let mut kept = places_of(project, slot);
            kept.all(|kept| kept.is_some_and(|kept| is_only_read(nodes, reader, kept, columns)))
        }
        PhysicalOp::Aggregate(aggregate) => keeps_none(aggregate, slot),
        _ => false,
    })
}

/// The slots of the output that hold the one of the input; `None` for one that holds it within another value.
fn places_of(project: &Project, slot: usize) -> impl Iterator<Item = Option<usize>> {
    project.slots().iter().enumerate().filter_map(move |(to, made)| match made {
        Slot::Keep(from) => (*from == slot).then_some(Some(to)),
        Slot::Relationships(from) => (*from == slot).then_some(None),
        Slot::Path(parts) => parts.contains(&slot).then_some(None),
        // Whatever holds an element as a whole uses all of it, and then there is no copy.
        Slot::Compute(_) | Slot::Constant(_) => None,
    })
}

/// Whether an aggregate neither groups by a slot nor keeps values.
fn keeps_none(aggregate: &Aggregate, slot: usize) -> bool {
    let is_kept = |group: &Slot| match group {
        Slot::Keep(from) | Slot::Relationships(from) => *from == slot,
        Slot::Path(parts) => parts.contains(&slot),
        Slot::Compute(_) | Slot::Constant(_) => false,
    };
    !aggregate.groups.iter().any(is_kept) && !aggregate.calls.iter().any(Call::keeps_values)
}
