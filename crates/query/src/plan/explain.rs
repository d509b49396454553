//! Both plans of a query in words.

use super::described::Described;
use super::{Plan, logical, physical};
use crate::language::ast::Span;
use std::fmt::Write;

impl Plan {
    /// The operators that maintain the result, each behind those whose rows it takes.
    pub(crate) fn described(&self) -> Vec<Described> {
        let nodes = &self.physical.nodes;
        let described = |(at, node): (usize, &physical::Node)| {
            let title = self.title(at);
            let (kind, text) = title.split_once(": ").unwrap_or((&title, ""));
            let details = physical::details(nodes, at, false);
            Described {
                kind: kind.into(),
                text: text.into(),
                details,
                number: node.op.number(),
                span: Some(node.span).filter(|span| *span != Span::default()),
                inputs: node.inputs.clone(),
            }
        };
        nodes.iter().enumerate().map(described).collect()
    }

    /// The columns, what identifies a row, what is computed and how it is maintained: the operators from the last to
    /// the first, and what each keeps.
    pub(crate) fn explain(&self) -> String {
        let mut out = String::new();
        // Writing into a string cannot fail.
        let _ = writeln!(out, "Output: {}", self.logical.columns.join(", "));
        let _ = writeln!(out, "  row identity: {}", self.logical.identity);
        let _ = write!(out, "Logical plan:\n{}", logical::show(&self.logical, false));
        let _ = write!(out, "Physical plan:\n{}", physical::show(&self.physical, false));
        out
    }

    /// The logical plan with all it holds: the slots of each operator, their types, and what identifies and orders rows.
    pub fn logical_text(&self) -> String {
        logical::show(&self.logical, true)
    }

    /// The physical plan with all it holds, and with the numbers of slots instead of names: it is the same for all
    /// queries that can continue each other's state.
    pub fn physical_text(&self) -> String {
        physical::show(&self.physical, true)
    }

    /// What an operator does, in a line.
    pub(super) fn title(&self, at: usize) -> String {
        physical::title(&self.physical.nodes, at, false)
    }
}
