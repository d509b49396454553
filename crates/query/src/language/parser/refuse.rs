//! Cypher that standing queries do not have: each construct is recognised and named.

use super::super::code;
use super::super::nearest::suggest;
use super::super::token::TokenKind;
use super::{Diagnostic, Parsed, Parser};

/// Clauses of Cypher that are refused, with the reason.
const CLAUSES: &[(&str, &str, &str)] = &[
    (
        "CALL",
        code::WRITES,
        "CALL of a procedure is refused: what it does and gives does not follow from the graph alone",
    ),
    ("INSERT", code::WRITES, "INSERT is refused: a standing query reads the graph and never writes it"),
    ("NODETACH", code::WRITES, "DELETE is refused: a standing query reads the graph and never writes it"),
    ("UPDATE", code::WRITES, "UPDATE is refused: a standing query reads the graph and never writes it"),
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

/// The words that begin what a query is made of.
const CLAUSE_WORDS: &[&str] =
    &["MATCH", "OPTIONAL", "WHERE", "UNWIND", "WITH", "RETURN", "ORDER", "SKIP", "LIMIT", "UNION"];

/// Words that look like calls and are refused, with what to write instead.
const CALLS: &[(&str, &str)] =
    &[("filter", "write `[x IN list WHERE condition]`"), ("extract", "write `[x IN list | expression]`")];

/// Words that look like calls and are refused though they are Cypher or GQL, with what to write instead.
const FORMS: &[(&str, &str)] = &[
    ("allReduce", "compute the totals with `reduce` and test them with `all`"),
    ("cast", "write `toInteger(x)`, `toFloat(x)`, `toString(x)` or `toBoolean(x)`"),
    ("normalize", "store the text normalised"),
];

/// What selects some of the paths of a pattern.
const SELECTORS: &[(&str, &str)] = &[("SHORTEST", ""), ("ANY", "SHORTEST"), ("ALL", "SHORTEST")];

const BOUNDED: &str = "match the paths with a bound, as in `(a)-[*..5]->(b)`, and order them by length";

/// Why no shortest path is maintained.
const SHORTEST: &str = "is refused: which path is the shortest hangs on relationships anywhere in the graph";

impl Parser<'_> {
    pub(super) fn unsupported(&self, what: &str) -> Diagnostic {
        Diagnostic::not_yet(self.span(), what)
    }

    /// A clause of Cypher that is refused, if one comes next.
    fn refused_clause(&self) -> Option<Diagnostic> {
        let (_, code, message) = CLAUSES.iter().find(|(keyword, ..)| self.is_keyword(keyword))?;
        Some(Diagnostic::not_supported(code, self.span(), *message))
    }

    /// `OPTIONAL CALL`, if it comes next.
    pub(super) fn call_subquery(&self) -> Option<Diagnostic> {
        (self.is_keyword("OPTIONAL") && self.keyword_ahead(1, "CALL")).then(|| {
            self.unsupported("OPTIONAL CALL")
                .with_help("collect the rows and take them apart: `UNWIND coalesce(nullIf(COLLECT { .. }, []), [null]) AS x`")
        })
    }

    /// Nothing that begins a clause comes next.
    pub(super) fn no_clause(&self, first: bool) -> Diagnostic {
        if let Some(refused) = self.refused_clause() {
            return refused;
        }
        let expected = if first {
            "`MATCH`, `UNWIND`, `WITH` or `RETURN`"
        } else {
            "`MATCH`, `UNWIND`, `WITH` or `RETURN`, or more of this clause"
        };
        let diagnostic = self.unexpected(expected);
        let TokenKind::Word(word) = self.peek() else { return diagnostic };
        let misspelt = !CLAUSE_WORDS.iter().any(|known| word.eq_ignore_ascii_case(known));
        if !misspelt {
            return diagnostic;
        }
        suggest(diagnostic, (word, self.span()), CLAUSE_WORDS.iter().copied(), str::to_owned)
    }

    /// Something comes after the last item of RETURN.
    pub(super) fn after_return(&self) -> Diagnostic {
        let refused = self.refused_clause();
        refused.unwrap_or_else(|| {
            self.unexpected("`,`, `AS`, `ORDER BY`, `SKIP`, `LIMIT`, `UNION` or the end of the query")
        })
    }

    /// Refuses what begins with a word and an opening parenthesis or brace, and is not a function of Cypher's.
    pub(super) fn refuse_call_like(&self) -> Parsed<()> {
        let TokenKind::Word(word) = self.peek() else { return Ok(()) };
        self.refuse_shortest_path()?;
        if let Some((name, instead)) =
            FORMS.iter().find(|(name, _)| self.is_keyword(name) && self.symbol_ahead(1, "("))
        {
            let message = format!("`{name}` is not supported in a standing query");
            return Err(Diagnostic::not_supported(code::CONSTRUCT, self.span(), message).with_help(*instead));
        }
        let found = CALLS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
        match found.filter(|_| self.symbol_ahead(1, "(")) {
            Some((name, instead)) => {
                let message = format!("`{name}` is no longer part of Cypher");
                Err(Diagnostic::not_supported(code::FUNCTION, self.span(), message).with_help(*instead))
            }
            None => Ok(()),
        }
    }

    /// `SHORTEST 1`, `ANY`, `ALL SHORTEST` and their kin before a pattern.
    pub(super) fn refuse_selector(&self) -> Parsed<()> {
        let is_next = |(first, second): &(&str, &str)| {
            self.is_keyword(first) && (second.is_empty() || self.keyword_ahead(1, second))
        };
        if SELECTORS.iter().any(is_next) {
            let message = format!("SHORTEST {SHORTEST}");
            return Err(Diagnostic::not_supported(code::CONSTRUCT, self.span(), message).with_help(BOUNDED));
        }
        if self.is_keyword("ANY") {
            let message =
                "ANY before a pattern is refused: which of several paths it takes is not determined";
            return Err(Diagnostic::not_supported(code::CONSTRUCT, self.span(), message)
                .with_help("ask whether there is one: `WHERE EXISTS { (a)-[*..5]->(b) }`"));
        }
        match self.known_elsewhere() {
            Some(known) => Err(known),
            None => Ok(()),
        }
    }

    pub(super) fn refuse_shortest_path(&self) -> Parsed<()> {
        for name in ["shortestPath", "allShortestPaths"] {
            if self.is_keyword(name) && self.symbol_ahead(1, "(") {
                let message = format!("{name} {SHORTEST}");
                return Err(
                    Diagnostic::not_supported(code::CONSTRUCT, self.span(), message).with_help(BOUNDED)
                );
            }
        }
        Ok(())
    }

    /// Whether a node pattern with a relationship behind it comes next: `(name:Label {..})-[`, `--`, `<-`.
    pub(super) fn is_pattern(&self, distance: usize) -> bool {
        let mut at = distance;
        if !self.symbol_ahead(at, "(") {
            return false;
        }
        at += 1;
        if matches!(self.ahead(at), TokenKind::Word(_) | TokenKind::Quoted(_))
            && !self.keyword_ahead(at, "IS")
        {
            at += 1;
        }
        at = self.labels_ahead(at);
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
        // Behind `--` alone a plus or star is arithmetic: `(a)--+(b)`.
        let quantified = |at| self.symbol_ahead(at, "(") || self.symbol_ahead(at, "{");
        let pointed = self.symbol_ahead(after_line, ">")
            && (quantified(after_line + 1)
                || ["+", "*"].iter().any(|sign| self.symbol_ahead(after_line + 1, sign)));
        let plain = (line || arrow) && (quantified(after_line) || pointed);
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
