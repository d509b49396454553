//! A plan in words.

use super::{Plan, PlanNode};
use std::fmt::Write;

impl Plan {
    /// The operators from the last to the first, what each keeps, and what identifies a row.
    pub(crate) fn explain(&self) -> String {
        let mut out = String::new();
        // Writing into a string cannot fail.
        let _ = writeln!(out, "Output: {}", self.columns.join(", "));
        let _ = writeln!(out, "  row identity: {}", self.identity);
        let mut told = vec![false; self.nodes.len()];
        if let Some(last) = self.nodes.len().checked_sub(1) {
            self.describe(last, 1, &uses(&self.nodes), &mut told, &mut out);
        }
        out
    }

    /// An operator whose rows more than one takes is told once and then named by its number.
    fn describe(&self, at: usize, depth: usize, uses: &[usize], told: &mut [bool], out: &mut String) {
        let indent = "  ".repeat(depth);
        let node = &self.nodes[at];
        if std::mem::replace(&mut told[at], true) {
            let _ = writeln!(out, "{indent}the rows of [{at}]");
            return;
        }
        let (what, state) = node.operator.describe();
        let number = if uses[at] > 1 { format!("[{at}] ") } else { String::new() };
        let _ = writeln!(out, "{indent}{number}{what}");
        if let Some(state) = state {
            let _ = writeln!(out, "{indent}  state: {state}");
        }
        node.inputs.iter().for_each(|input| self.describe(*input, depth + 1, uses, told, out));
    }
}

/// How many operators take each one's rows.
fn uses(nodes: &[PlanNode]) -> Vec<usize> {
    let mut uses = vec![0; nodes.len()];
    nodes.iter().flat_map(|node| &node.inputs).for_each(|input| uses[*input] += 1);
    uses
}
