//! A physical plan as data, to be shown.

use crate::language::ast::Span;

/// An operator of a physical plan, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// What kind of operator it is, as in `Match`.
    pub kind: String,
    /// What it does.
    pub text: String,
    /// What it keeps, and how it finds what belongs together.
    pub details: Vec<String>,
    /// The number that the keys of what it remembers begin with, in two bytes; `None` if it remembers nothing.
    pub number: Option<u16>,
    /// The words of the query's text that it comes from; `None` if it comes from none.
    pub span: Option<Span>,
    /// The operators whose rows it takes, as places in the plan.
    pub inputs: Vec<usize>,
}
