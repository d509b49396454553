//! From a query's text to its tree: lexer, parser, checks, and diagnostics that point into the text.

pub mod ast;
pub mod code;
pub mod diagnostic;

mod check;
mod lexer;
pub(crate) mod nearest;
mod parser;
mod token;

pub use diagnostic::{Diagnostic, DiagnosticKind};
pub(crate) use parser::functions_of_time as of_time;

use ast::{Query, Span};

/// The longest query that is read, in bytes.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;

/// How deep parentheses, lists, maps, calls and signs may be nested.
pub const MAX_NESTING: usize = 64;

/// How high an expression's tree may be; a chain of operators `a + b + c` is as high as it is long.
pub const MAX_HEIGHT: usize = 300;

/// How many clauses a query may have.
pub const MAX_CLAUSES: usize = 100;

/// Reads a query and checks it: `*` is expanded, every name is defined, types and aggregates are in order.
///
/// # Errors
/// A [`Diagnostic`] that points at the place: text that is no Cypher, Cypher that is not supported in a
/// standing query, or a query whose meaning is in conflict.
pub fn parse(text: &str) -> Result<Query, Diagnostic> {
    read(text).map_err(|diagnostic| diagnostic.located(text))
}

fn read(text: &str) -> Result<Query, Diagnostic> {
    if text.len() > MAX_QUERY_BYTES {
        let message = format!("the query has {} bytes, more than the {MAX_QUERY_BYTES} allowed", text.len());
        return Err(Diagnostic::not_supported(code::LIMIT, Span::default(), message));
    }
    let tokens = lexer::tokens(text)?;
    let draft = parser::parse(text, tokens)?;
    check::check(draft)
}
