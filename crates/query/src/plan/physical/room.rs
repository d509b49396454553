//! How far the rows of a match will grow, so that they are made with room for it.

use super::nodes::{Node, PhysicalOp};

/// Makes the rows of each match with room for what the projection behind it adds.
pub(super) fn give(nodes: &mut [Node]) {
    for at in 0..nodes.len() {
        let room = growth(nodes, at);
        if let PhysicalOp::Match(operator) = &mut nodes[at].op {
            operator.room = room;
        }
    }
}

/// How many slots are added to the rows of an operator where they are.
fn growth(nodes: &[Node], at: usize) -> usize {
    let mut readers = nodes.iter().enumerate().filter(|(_, node)| node.inputs.contains(&at));
    let (Some((reader, node)), None) = (readers.next(), readers.next()) else { return 0 };
    match &node.op {
        PhysicalOp::Filter(_) => growth(nodes, reader),
        PhysicalOp::Project(project) => project.added().unwrap_or(0),
        _ => 0,
    }
}
