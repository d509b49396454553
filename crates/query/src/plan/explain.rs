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
        describe(&self.root, 1, &mut out);
        out
    }
}

fn describe(node: &PlanNode, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let (what, state) = node.operator.describe();
    let _ = writeln!(out, "{indent}{what}");
    if let Some(state) = state {
        let _ = writeln!(out, "{indent}  state: {state}");
    }
    node.inputs.iter().for_each(|input| describe(input, depth + 1, out));
}
