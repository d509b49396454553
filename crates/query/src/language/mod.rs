//! From a query's text to its tree: lexer, parser, and diagnostics that point into the text.

pub mod ast;
pub mod code;
pub mod diagnostic;

mod edit;
mod lexer;
mod limits;
pub mod nearest;
mod parser;
mod show;
mod token;

pub use diagnostic::{Diagnostic, DiagnosticKind};
pub use edit::Edit;
pub(crate) use edit::quoted;
pub(crate) use lexer::tokens;
pub(crate) use limits::HOPS_MAX;
pub use limits::{MAX_CLAUSES, MAX_HEIGHT, MAX_NESTING, MAX_QUERY_BYTES};
pub(crate) use parser::{Draft, Notes, functions_of_time as of_time, name_of_recall, name_of_time};
pub(crate) use show::{Listed, Operand, bare};
pub(crate) use token::{Token, TokenKind};

use ast::Span;

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

/// Returns everything that is wrong with the grammar of a text, the first error being that of [`read`]; nothing if it can
/// be read.
pub(crate) fn unreadable(text: &str) -> Vec<Diagnostic> {
    match (text.len() <= MAX_QUERY_BYTES).then(|| lexer::tokens(text)) {
        Some(Ok(tokens)) => parser::unreadable(text, tokens),
        // Nothing is known behind what is not even words.
        _ => read(text).err().into_iter().collect(),
    }
}
