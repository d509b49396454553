//! What else is wrong in a text behind its first error: reading goes on at the next clause.

use super::super::ast::Span;
use super::super::code;
use super::super::token::{Token, TokenKind};
use super::{Diagnostic, Parsed, Parser};

/// The words that begin a clause wherever they stand, since nothing else may be called so.
const BEGIN: &[&str] = &["MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN", "UNION"];
/// How many errors are found at most: a person mends one at a time, and each is looked for from the beginning.
const FAULTS_MAX: usize = 100;

/// Returns what is wrong with the grammar of a text, the first error being that of [`super::parse`]; nothing if the text
/// can be read. Behind an error reading goes on at the next clause outside of braces: inside of them, and behind one that
/// is never closed, an error would only follow from the first.
pub(crate) fn unreadable(text: &str, tokens: Vec<Token>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut parser = Parser::new(text, tokens);
    let mut read = parser.query().map(drop);
    while let Err(error) = read {
        let (span, is_limit) = (error.span, error.code == code::LIMIT);
        found.push(error);
        if is_limit || found.len() == FAULTS_MAX || !parser.resume(span) {
            break;
        }
        read = parser.clauses();
    }
    found
}

impl Parser<'_> {
    /// Moves to the first clause behind an error at this place. Returns whether there is one.
    fn resume(&mut self, error: Span) -> bool {
        let from = self.tokens.iter().position(|token| token.span.start >= error.start);
        // The clause in hand is not begun again.
        let from = from.unwrap_or(self.at).max(self.at).max(self.began + 1);
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate() {
            match &token.kind {
                TokenKind::Symbol("{") => depth += 1,
                TokenKind::Symbol("}") => depth = depth.saturating_sub(1),
                _ if at >= from && depth == 0 && self.begins_clause(at) => {
                    (self.at, self.nesting, self.open, self.bar) = (at, 0, 0, None);
                    self.loose.clear();
                    self.inline.clear();
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    fn begins_clause(&self, at: usize) -> bool {
        let is = |at: usize, words: &[&str]| match self.tokens.get(at).map(|token| &token.kind) {
            Some(TokenKind::Word(word)) => words.iter().any(|known| word.eq_ignore_ascii_case(known)),
            _ => false,
        };
        let before = at.checked_sub(1);
        let is_behind = |words: &[&str]| before.is_some_and(|before| is(before, words));
        let is_operator = is(at, &["WITH"]) && is_behind(&["STARTS", "ENDS"]);
        // As a name, such as in `AS match` or `(match)`, it is wrong, too, but begins nothing.
        let names = |at: usize, symbols: &[&str]| match self.tokens.get(at).map(|token| &token.kind) {
            Some(TokenKind::Symbol(symbol)) => symbols.contains(symbol),
            _ => false,
        };
        let is_name = is_behind(&["AS"])
            || before.is_some_and(|before| names(before, &["(", "[", ",", ".", ":", "&", "|", "!"]))
            || is(at + 1, &["AS", "IN"])
            || names(at + 1, &[")", "]", ":", ",", "="]);
        is(at, BEGIN) && !is_operator && !is_name
    }

    /// Reads the clauses from here to the end of the text.
    fn clauses(&mut self) -> Parsed<()> {
        loop {
            self.began = self.at;
            let start = self.span().start;
            if self.eat_keyword("UNION") {
                if !self.eat_keyword("DISTINCT") {
                    self.eat_keyword("ALL");
                }
            } else if self.eat_keyword("RETURN") {
                self.projection(start)?;
                if !self.is_keyword("UNION") {
                    return self.end();
                }
            } else if self.clause()?.is_none() {
                return Err(self.no_clause(false));
            }
        }
    }
}
