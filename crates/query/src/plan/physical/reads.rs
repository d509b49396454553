//! What a plan reads of changed elements.

use super::nodes::{Physical, PhysicalOp};
use crate::chronicle::Asks;
use crate::operator::matching::AtomKind;
use crate::operator::scan::Scan;

/// What is read of the changes of a transaction.
#[derive(Debug, Clone, Copy)]
pub enum Reads<'p> {
    /// The elements that a scan lets through, and of them what it hands on.
    Scan(&'p Scan),
    /// All of every element: what has been of them is written down.
    Past,
}

impl Physical {
    /// What is read of the changes of a transaction, those of the virtual relationships of joins among them.
    ///
    /// Law: a transaction in which nothing that is read changes ([`Scan::see`]), and by whose time no timer is due,
    /// yields no diffs and writes nothing.
    pub fn reads(&self) -> Vec<Reads<'_>> {
        let scans = self.nodes.iter().flat_map(|node| match &node.op {
            PhysicalOp::Match(operator) => operator.atoms.as_slice(),
            // It reads of changed elements only what the chronicle has written down before.
            PhysicalOp::Recalled(_)
            // Its timers fire without changes.
            | PhysicalOp::Timed(_)
            | PhysicalOp::Unit(_)
            | PhysicalOp::Outer(_)
            | PhysicalOp::Filter(_)
            | PhysicalOp::Unwind(_)
            | PhysicalOp::Project(_)
            | PhysicalOp::Aggregate(_)
            | PhysicalOp::Window(_)
            | PhysicalOp::Apply(_)
            | PhysicalOp::Union(_) => &[],
        });
        // The edges of a trail come from a match of their own.
        let scans = scans.filter(|atom| !matches!(atom.kind, AtomKind::Trail(_)));
        let past = (self.chronicle.asks != Asks::Nothing).then_some(Reads::Past);
        scans.map(|atom| Reads::Scan(&atom.scan)).chain(past).collect()
    }
}
