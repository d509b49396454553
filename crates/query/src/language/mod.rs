//! From a query's text to its tree: lexer, parser, checks, and diagnostics that point into the text.

pub mod ast;
