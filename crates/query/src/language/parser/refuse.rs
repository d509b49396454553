//! Cypher that standing queries do not have (yet): each construct is recognised and named.

use super::super::code;
use super::super::nearest::suggestion;
use super::super::token::TokenKind;
use super::{Diagnostic, Parsed, Parser};

/// Clauses of Cypher that are refused, with the reason.
const CLAUSES: &[(&str, &str, &str)] = &[
    ("OPTIONAL", code::CONSTRUCT, "OPTIONAL MATCH is not supported in a standing query yet"),
    ("UNWIND", code::CONSTRUCT, "UNWIND is not supported in a standing query yet"),
    ("UNION", code::CONSTRUCT, "UNION is not supported in a standing query yet"),
    ("ORDER", code::CONSTRUCT, "ORDER BY is not supported in a standing query yet"),
    ("SKIP", code::CONSTRUCT, "SKIP is not supported in a standing query yet"),
    ("LIMIT", code::CONSTRUCT, "LIMIT is not supported in a standing query yet"),
    ("CALL", code::WRITES, "CALL is refused: a standing query reads the graph and nothing else"),
    ("CREATE", code::WRITES, "CREATE is refused: a standing query reads the graph and never writes it"),
    ("MERGE", code::WRITES, "MERGE is refused: a standing query reads the graph and never writes it"),
    ("SET", code::WRITES, "SET is refused: a standing query reads the graph and never writes it"),
    ("DELETE", code::WRITES, "DELETE is refused: a standing query reads the graph and never writes it"),
    (
        "DETACH",
        code::WRITES,
        "DETACH DELETE is refused: a standing query reads the graph and never writes it",
    ),
    ("REMOVE", code::WRITES, "REMOVE is refused: a standing query reads the graph and never writes it"),
    ("FOREACH", code::WRITES, "FOREACH is refused: a standing query reads the graph and never writes it"),
    ("LOAD", code::WRITES, "LOAD CSV is refused: feed the file as a source"),
    ("USE", code::CONSTRUCT, "USE is refused: which sources a query reads stands in its settings"),
];

/// Constructs that look like calls.
const CALLS: &[(&str, &str)] = &[
    ("all", "the quantifier all(x IN list WHERE ..)"),
    ("any", "the quantifier any(x IN list WHERE ..)"),
    ("none", "the quantifier none(x IN list WHERE ..)"),
    ("single", "the quantifier single(x IN list WHERE ..)"),
    ("reduce", "reduce(..)"),
    ("filter", "filter(..)"),
    ("extract", "extract(..)"),
    ("exists", "exists(..)"),
    ("shortestpath", "shortestPath(..)"),
    ("allshortestpaths", "allShortestPaths(..)"),
];

impl Parser<'_> {
    pub(super) fn unsupported(&self, what: &str) -> Diagnostic {
        Diagnostic::not_yet(self.span(), what)
    }

    /// A clause of Cypher that is refused, if one comes next.
    fn refused_clause(&self) -> Option<Diagnostic> {
        let (_, code, message) = CLAUSES.iter().find(|(keyword, ..)| self.is_keyword(keyword))?;
        Some(Diagnostic::not_supported(code, self.span(), *message))
    }

    /// Nothing that begins a clause comes next.
    pub(super) fn no_clause(&self, first: bool) -> Diagnostic {
        if let Some(refused) = self.refused_clause() {
            return refused;
        }
        let expected =
            if first { "`MATCH`, `WITH` or `RETURN`" } else { "`WITH` or `RETURN`, or more of this clause" };
        let diagnostic = self.unexpected(expected);
        let TokenKind::Word(word) = self.peek() else { return diagnostic };
        match suggestion(word, ["MATCH", "WHERE", "WITH", "RETURN"]) {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        }
    }

    pub(super) fn match_after_with(&self) -> Diagnostic {
        self.unsupported("MATCH after WITH").with_help("write every `MATCH` before the first `WITH`")
    }

    /// Something comes after the last item of RETURN.
    pub(super) fn after_return(&self) -> Diagnostic {
        self.refused_clause().unwrap_or_else(|| self.unexpected("`,`, `AS` or the end of the query"))
    }

    /// ORDER BY, SKIP and LIMIT belong to WITH and RETURN.
    pub(super) fn refuse_window(&self) -> Parsed<()> {
        let window = ["ORDER", "SKIP", "LIMIT"].iter().any(|keyword| self.is_keyword(keyword));
        match self.refused_clause() {
            Some(refused) if window => Err(refused),
            _ => Ok(()),
        }
    }

    /// Refuses a construct that begins with a word and an opening parenthesis or brace.
    pub(super) fn refuse_call_like(&self) -> Parsed<()> {
        let TokenKind::Word(word) = self.peek() else { return Ok(()) };
        if self.symbol_ahead(1, "{") {
            let subquery = ["exists", "count", "collect"].iter().any(|name| word.eq_ignore_ascii_case(name));
            let what =
                if subquery { format!("the subquery {word} {{ .. }}") } else { "a map projection".into() };
            return Err(self.unsupported(&what));
        }
        if !self.symbol_ahead(1, "(") {
            return Ok(());
        }
        let Some((name, what)) = CALLS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)) else {
            return Ok(());
        };
        let refused = self.unsupported(what);
        Err(if *name == "exists" {
            refused.with_help("for a property, write `x.key IS NOT NULL`")
        } else {
            refused
        })
    }

    /// Refuses a comprehension where a list was opened.
    pub(super) fn refuse_comprehension(&self) -> Parsed<()> {
        if self.variable_name().is_some() && self.keyword_ahead(1, "IN") {
            return Err(self.unsupported("a list comprehension [x IN list ..]"));
        }
        let named = self.variable_name().is_some() && self.symbols_ahead(1, &["=", "("]);
        if named || self.is_pattern(0) {
            return Err(self.unsupported("a pattern comprehension [(a)-->(b) | ..]"));
        }
        Ok(())
    }

    /// Refuses a pattern where an expression was expected.
    pub(super) fn refuse_pattern_predicate(&self) -> Parsed<()> {
        if self.is_pattern(0) {
            return Err(self.unsupported("a pattern as a condition, (a)-->(b),"));
        }
        Ok(())
    }

    /// Whether a node pattern with a relationship behind it comes next: `(name:Label {..})-[`, `--`, `<-`.
    fn is_pattern(&self, distance: usize) -> bool {
        let mut at = distance;
        if !self.symbol_ahead(at, "(") {
            return false;
        }
        at += 1;
        if matches!(self.ahead(at), TokenKind::Word(_) | TokenKind::Quoted(_)) {
            at += 1;
        }
        while self.symbol_ahead(at, ":") || self.symbol_ahead(at, "|") {
            at += 2;
        }
        if self.symbol_ahead(at, "{") {
            let Some(closing) = self.closing_brace(at) else { return false };
            at = closing + 1;
        }
        if !self.symbol_ahead(at, ")") {
            return false;
        }
        at += 1;
        let (line, arrow) = (self.symbols_ahead(at, &["-", "-"]), self.symbols_ahead(at, &["<", "-", "-"]));
        let after_line = if arrow { at + 3 } else { at + 2 };
        let plain = (line || arrow)
            && (self.symbol_ahead(after_line, "(") || self.symbols_ahead(after_line, &[">", "("]));
        plain || self.symbols_ahead(at, &["-", "["]) || self.symbols_ahead(at, &["<", "-", "["])
    }

    /// Where the brace that opens at `distance` is closed.
    fn closing_brace(&self, distance: usize) -> Option<usize> {
        let mut open = 0usize;
        for at in distance.. {
            match self.ahead(at) {
                TokenKind::Symbol("{") => open += 1,
                TokenKind::Symbol("}") if open == 1 => return Some(at),
                TokenKind::Symbol("}") => open -= 1,
                TokenKind::End => return None,
                _ => {}
            }
        }
        None
    }
}
