//! Words that a standing query does not have, recognised where something else was expected: what is Cypher or GQL
//! is never called something else, and what is SQL is told with what to write.

use super::super::ast::Span;
use super::super::code;
use super::super::token::TokenKind;
use super::{Diagnostic, Parser};

/// A construct by the words or symbols it begins with.
struct Known {
    begins: &'static [&'static str],
    /// Whether it is Cypher or GQL.
    is_cypher: bool,
    /// What it is, as a message names it.
    what: &'static str,
    help: &'static str,
}

const fn cypher(begins: &'static [&'static str], what: &'static str, help: &'static str) -> Known {
    Known { begins, is_cypher: true, what, help }
}

const fn other(begins: &'static [&'static str], what: &'static str, help: &'static str) -> Known {
    Known { begins, is_cypher: false, what, help }
}

const BY_WITH: &str = "write `WITH .. WHERE condition`";
const LEFT_OUT: &str = "leave it out";
const CLASSIC: &str = "a pattern without it finds every path on which no relationship comes twice";
const COMMAND: &str = "a command to a database server";
const TRUTH: &str = "write `x`, `NOT x` or `x IS NULL`, in a CASE where null counts as false";
const NEGATED: &str = "the negation stands before the whole comparison: `NOT x IN list`";

const KNOWN: &[Known] = &[
    cypher(&["NEXT"], "NEXT", "pass the columns on with `WITH`"),
    cypher(&["FOR"], "FOR", "write `UNWIND list AS item`"),
    cypher(&["FINISH"], "FINISH", "end the query with `RETURN`"),
    cypher(
        &["WHEN"],
        "a query chosen by WHEN",
        "write a query for each condition, with `WHERE`, and put them together by `UNION ALL`",
    ),
    cypher(&["EXCEPT"], "EXCEPT", "write `WHERE NOT EXISTS { .. }`"),
    cypher(&["INTERSECT"], "INTERSECT", "write `WHERE EXISTS { .. }`"),
    cypher(&["OTHERWISE"], "OTHERWISE", "write the second query with `WHERE NOT EXISTS { .. }`"),
    cypher(&["EXPLAIN"], "EXPLAIN", "leave it out, and ask `livewell explain` for the plan"),
    cypher(&["PROFILE"], "PROFILE", "leave it out, and ask `livewell explain` for the plan"),
    cypher(&["CYPHER"], "CYPHER with options before the query", LEFT_OUT),
    cypher(&["USING"], "a hint for the planner", LEFT_OUT),
    cypher(
        &["REPEATABLE"],
        "REPEATABLE ELEMENTS",
        "match relationships that may be the same in two `MATCH` clauses",
    ),
    cypher(&["SEARCH"], "SEARCH", "there are no vectors; compare properties"),
    cypher(&["YIELD"], "YIELD", "procedures are not called; match the graph"),
    cypher(&["SELECT"], "SELECT", "write `MATCH (n:Label) RETURN n.name`"),
    cypher(
        &["GROUP", "BY"],
        "GROUP BY",
        "leave it out: rows are grouped by the items that have no aggregate",
    ),
    cypher(&["HAVING"], "HAVING", BY_WITH),
    cypher(
        &["NULLS"],
        "NULLS FIRST or NULLS LAST",
        "null comes last, and with `DESC` first; for the other order sort by `x IS NULL` before `x`",
    ),
    cypher(&["WALK"], "WALK", CLASSIC),
    cypher(&["TRAIL"], "TRAIL", CLASSIC),
    cypher(&["ACYCLIC"], "ACYCLIC", CLASSIC),
    cypher(&["SIMPLE"], "SIMPLE", CLASSIC),
    cypher(&["SHOW"], COMMAND, "ask `livewell status`"),
    cypher(&["TERMINATE"], COMMAND, "use `livewell stop`"),
    cypher(&["DROP"], COMMAND, LEFT_OUT),
    cypher(&["ALTER"], COMMAND, LEFT_OUT),
    cypher(&["GRANT"], COMMAND, LEFT_OUT),
    cypher(&["DENY"], COMMAND, LEFT_OUT),
    cypher(&["REVOKE"], COMMAND, LEFT_OUT),
    cypher(&["IS", "NORMALIZED"], "IS NORMALIZED", "store the text normalised"),
    cypher(&["IS", "NFC"], "IS NORMALIZED", "store the text normalised"),
    cypher(&["IS", "NFD"], "IS NORMALIZED", "store the text normalised"),
    cypher(&["IS", "NFKC"], "IS NORMALIZED", "store the text normalised"),
    cypher(&["IS", "NFKD"], "IS NORMALIZED", "store the text normalised"),
    cypher(&["IS", "TRUE"], "IS TRUE", TRUTH),
    cypher(&["IS", "FALSE"], "IS FALSE", TRUTH),
    cypher(&["IS", "UNKNOWN"], "IS UNKNOWN", TRUTH),
    cypher(&["IS", "DIRECTED"], "IS DIRECTED", "every relationship has a direction"),
    cypher(&["IS", "SOURCE"], "IS SOURCE OF", "write `startNode(r) = n`"),
    cypher(&["IS", "DESTINATION"], "IS DESTINATION OF", "write `endNode(r) = n`"),
    cypher(
        &["~"],
        "a relationship without a direction, `~[..]~`",
        "write `-[..]-`, which matches either way",
    ),
    other(
        &["LIKE"],
        "LIKE",
        "write `STARTS WITH`, `ENDS WITH`, `CONTAINS`, or `=~` with a regular expression",
    ),
    other(&["ILIKE"], "ILIKE", "write `toLower(x) CONTAINS 'text'`, or `=~ '(?i)..'`"),
    other(&["RLIKE"], "RLIKE", "write `=~` with a regular expression"),
    other(&["REGEXP"], "REGEXP", "write `=~` with a regular expression"),
    other(&["BETWEEN"], "BETWEEN", "write `1 <= x <= 9`"),
    other(&["NOT", "IN"], "NOT IN", NEGATED),
    other(&["NOT", "LIKE"], "NOT LIKE", "write `NOT x CONTAINS 'text'`, or `NOT x =~ '..'`"),
    other(&["NOT", "BETWEEN"], "NOT BETWEEN", "write `NOT 1 <= x <= 9`"),
    other(&["NOT", "CONTAINS"], "NOT CONTAINS", NEGATED),
    other(&["NOT", "STARTS"], "NOT STARTS WITH", NEGATED),
    other(&["NOT", "ENDS"], "NOT ENDS WITH", NEGATED),
    other(&["IS", "DISTINCT"], "IS DISTINCT FROM", "write `coalesce(a <> b, (a IS NULL) <> (b IS NULL))`"),
    other(
        &["OVER", "("],
        "OVER",
        "aggregate in a `WITH` clause of its own, or collect what belongs together with `COLLECT { .. }`",
    ),
    other(&["FROM"], "FROM", "what a query reads stands in its sources; write `MATCH (n:Label)`"),
    other(&["JOIN"], "JOIN", "write a pattern, or two with a condition: `MATCH (a), (b) WHERE a.x = b.x`"),
    other(&["INNER", "JOIN"], "JOIN", "write a pattern: `MATCH (a)-->(b)`"),
    other(&["LEFT", "JOIN"], "JOIN", "write `OPTIONAL MATCH`"),
    other(&["FETCH"], "FETCH", "write `LIMIT 10`"),
    other(&["&", "&"], "`&&`", "write `AND`"),
];

impl Parser<'_> {
    /// What comes next, if it is a construct that only other queries have.
    pub(super) fn known_elsewhere(&self) -> Option<Diagnostic> {
        let found = KNOWN.iter().find(|known| {
            // IS may be negated.
            let skipped = |at| usize::from(at > 0 && known.begins[0] == "IS" && self.keyword_ahead(1, "NOT"));
            let mut words = known.begins.iter().enumerate().map(|(at, word)| (at + skipped(at), word));
            words.all(|(at, word)| self.keyword_ahead(at, word) || self.symbol_ahead(at, word))
        })?;
        let (span, what) = (self.span(), found.what);
        Some(if found.is_cypher {
            let message = format!("{what} is not supported in a standing query");
            Diagnostic::not_supported(code::CONSTRUCT, span, message).with_help(found.help)
        } else {
            let message = format!("{what} is not part of Cypher");
            Diagnostic::not_cypher(code::UNEXPECTED, span, message).with_help(found.help)
        })
    }

    /// `DATE '2026-01-01'` and its kin, where the string comes next.
    pub(super) fn written_out(&self) -> Option<Diagnostic> {
        let before = self.tokens.get(self.at.checked_sub(1)?)?;
        let (TokenKind::Word(word), TokenKind::Text(_)) = (&before.kind, self.peek()) else { return None };
        let kinds = ["date", "time", "datetime", "localtime", "localdatetime", "duration", "timestamp"];
        let kind = kinds.iter().find(|kind| word.eq_ignore_ascii_case(kind))?;
        let function = if *kind == "timestamp" { "datetime" } else { kind };
        let message = format!("a value written as `{word} '..'` is not supported in a standing query");
        Some(
            Diagnostic::not_supported(code::CONSTRUCT, self.span(), message)
                .with_help(format!("write `{function}('..')`"))
                .with_edit(
                    Span { start: before.span.start, ..self.span() },
                    format!("{function}({})", &self.text[self.span().start..self.span().end]),
                ),
        )
    }
}
