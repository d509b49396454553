//! From tokens to the tree: recursive descent for clauses and patterns, operator precedence for expressions.

mod atom;
mod call;
mod case;
mod clause;
mod expression;
mod known;
mod labels;
mod pattern;
mod projected;
mod quantified;
mod recover;
mod refuse;
mod scoped;
mod short;
mod subquery;
mod time;
mod trim;
mod value_type;

pub(crate) use recover::unreadable;
pub(crate) use time::{name_of_recall, name_of_time, names as functions_of_time};

use super::ast::{Expr, Name, Query, Span};
use super::diagnostic::Diagnostic;
use super::token::{Token, TokenKind, is_reserved};
use super::{MAX_NESTING, code};
use livewell_model::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// A query as it was read: `*` is still to be expanded, names are as they were written.
pub(crate) struct Draft {
    pub query: Query,
    pub notes: Notes,
}

/// What the checks must know of a query beyond its tree. Clauses are known by the place they begin at.
#[derive(Default)]
pub(crate) struct Notes {
    /// Where the `*` of a WITH or RETURN stands.
    pub stars: BTreeMap<usize, Span>,
    /// The projections whose `*` is not written: LET, FILTER, and ORDER BY, SKIP or LIMIT on their own.
    pub implied: BTreeSet<usize>,
    /// The MATCH clauses that were patterns in the place of an expression, which bind no variables.
    pub predicates: BTreeSet<usize>,
    /// The projections that were the RETURN of a subquery.
    pub returns: BTreeSet<usize>,
}

/// Reads the tokens of one whole query.
pub(crate) fn parse(text: &str, tokens: Vec<Token>) -> Result<Draft, Diagnostic> {
    let mut parser = Parser::new(text, tokens);
    let query = parser.query()?;
    Ok(Draft { query, notes: parser.notes })
}

type Parsed<T> = Result<T, Diagnostic>;

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    /// Where the clause in hand began, once reading goes on behind an error.
    began: usize,
    /// How many nested constructs are open here.
    nesting: usize,
    /// How high the tree of the expression read last is.
    height: usize,
    /// How many expressions the chains of comparisons have doubled.
    copied: usize,
    /// How many clauses were read.
    clauses: usize,
    notes: Notes,
    /// The patterns in the place of an expression that no condition has claimed yet.
    loose: Vec<Span>,
    /// The conditions inside the patterns of the clause in hand, each with its height.
    inline: Vec<(Expr, usize)>,
    /// How many brackets of all kinds are open here.
    open: usize,
    /// How many are open where a `|` belongs to the comprehension around it.
    bar: Option<usize>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, tokens: Vec<Token>) -> Self {
        Self {
            text,
            tokens,
            at: 0,
            began: 0,
            nesting: 0,
            height: 0,
            copied: 0,
            clauses: 0,
            notes: Notes::default(),
            loose: vec![],
            inline: vec![],
            open: 0,
            bar: None,
        }
    }
}

impl Parser<'_> {
    fn peek(&self) -> &TokenKind {
        self.ahead(0)
    }

    /// The token `distance` places on; the end of the query beyond it.
    fn ahead(&self, distance: usize) -> &TokenKind {
        &self.token(distance).kind
    }

    fn token(&self, distance: usize) -> &Token {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.at + distance).min(last)]
    }

    fn span(&self) -> Span {
        self.token(0).span
    }

    /// The place from `start` to the end of the token taken last.
    fn span_from(&self, start: usize) -> Span {
        let end = self.tokens[self.at.saturating_sub(1)].span.end;
        Span { start, end: end.max(start) }
    }

    fn advance(&mut self) {
        match self.peek() {
            TokenKind::Symbol("(" | "[" | "{") => self.open += 1,
            TokenKind::Symbol(")" | "]" | "}") => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        self.symbol_ahead(0, symbol)
    }

    fn symbol_ahead(&self, distance: usize, symbol: &str) -> bool {
        matches!(self.ahead(distance), TokenKind::Symbol(have) if *have == symbol)
    }

    /// Whether these symbols come next, one after the other.
    fn symbols_ahead(&self, distance: usize, symbols: &[&str]) -> bool {
        symbols.iter().enumerate().all(|(at, symbol)| self.symbol_ahead(distance + at, symbol))
    }

    fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn expect_symbol(&mut self, symbol: &str) -> Parsed<()> {
        if self.eat_symbol(symbol) { Ok(()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        self.keyword_ahead(0, keyword)
    }

    fn keyword_ahead(&self, distance: usize, keyword: &str) -> bool {
        matches!(self.ahead(distance), TokenKind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn eat_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        if found {
            self.advance();
        }
        found
    }

    fn expect_keyword(&mut self, keyword: &str) -> Parsed<()> {
        if self.eat_keyword(keyword) { Ok(()) } else { Err(self.unexpected(&format!("`{keyword}`"))) }
    }

    /// "expected this, found that", at the next token; or why that is refused, if it is something known.
    fn unexpected(&self, expected: &str) -> Diagnostic {
        if let Some(known) = self.known_elsewhere().or_else(|| self.written_out()) {
            return known;
        }
        let message = format!("expected {expected}, found {}", self.peek().describe());
        Diagnostic::not_cypher(code::UNEXPECTED, self.span(), message)
    }

    /// The name of a variable, if one comes next; reserved words are none.
    fn variable_name(&self) -> Option<SmolStr> {
        match self.peek() {
            TokenKind::Word(word) if !is_reserved(word) => Some(word.clone()),
            TokenKind::Quoted(name) => Some(name.clone()),
            _ => None,
        }
    }

    /// The name of a label, type, property or key: any word.
    fn any_name(&self) -> Option<SmolStr> {
        match self.peek() {
            TokenKind::Word(name) | TokenKind::Quoted(name) => Some(name.clone()),
            _ => None,
        }
    }

    fn take_variable(&mut self, expected: &str) -> Parsed<Name> {
        let name = self.variable_name();
        self.take_name(name, expected)
    }

    fn take_any_name(&mut self, expected: &str) -> Parsed<Name> {
        let name = self.any_name();
        self.take_name(name, expected)
    }

    fn take_name(&mut self, name: Option<SmolStr>, expected: &str) -> Parsed<Name> {
        let Some(text) = name else {
            let diagnostic = self.unexpected(expected);
            return Err(match self.peek() {
                TokenKind::Word(word) => {
                    let help = format!("`{word}` is a keyword; as a name it needs backticks");
                    diagnostic.with_help(help).with_edit(self.span(), format!("`{word}`"))
                }
                _ => diagnostic,
            });
        };
        let span = self.span();
        self.advance();
        Ok(Name { text, span })
    }

    /// Whether a `|` that comes next belongs to the comprehension around it, and not to what was read before.
    fn ends_at_bar(&self) -> bool {
        self.bar == Some(self.open)
    }

    /// Reads the part of a comprehension before its `|`.
    fn up_to_bar<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let around = self.bar.replace(self.open);
        let read = read(self);
        self.bar = around;
        read
    }

    /// Reads something one level deeper, as far as the limit allows: the parser's own stack is bounded.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting == MAX_NESTING {
            let message = format!("this is nested more than {MAX_NESTING} levels deep");
            return Err(Diagnostic::not_supported(code::LIMIT, self.span(), message)
                .with_help("name a part of it in a `WITH` clause"));
        }
        self.nesting += 1;
        let read = read(self);
        self.nesting -= 1;
        read
    }
}
