//! From a query's text to its tree: lexer, parser, and diagnostics that point into the text.

pub mod ast;
pub mod code;
pub mod diagnostic;

mod lexer;
pub(crate) mod nearest;
mod parser;
mod show;
mod token;

pub use diagnostic::{Diagnostic, DiagnosticKind};
pub(crate) use parser::{Draft, Notes, functions_of_time as of_time, name_of_recall, name_of_time};
pub(crate) use show::{Listed, Operand, bare};

use ast::Span;

/// The longest query that is read, in bytes.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;

/// How deep parentheses, lists, maps, calls and signs may be nested.
pub const MAX_NESTING: usize = 64;

/// How high an expression's tree may be; a chain of operators `a + b + c` is as high as it is long.
pub const MAX_HEIGHT: usize = 300;

/// How many clauses a query may have.
pub const MAX_CLAUSES: usize = 100;

/// How many relationships a path without an upper bound may have, unless the settings say otherwise.
pub(crate) const HOPS_MAX: u32 = 32;

/// Reads a query as it is written; [`crate::check`] completes it.
///
/// # Errors
/// A [`Diagnostic`] that points at the place: text that is not Cypher, or Cypher that is not supported in a standing
/// query.
pub(crate) fn read(text: &str) -> Result<Draft, Diagnostic> {
    if text.len() > MAX_QUERY_BYTES {
        let message = format!("the query has {} bytes, more than the {MAX_QUERY_BYTES} allowed", text.len());
        return Err(Diagnostic::not_supported(code::LIMIT, Span::default(), message));
    }
    parser::parse(text, lexer::tokens(text)?)
}
