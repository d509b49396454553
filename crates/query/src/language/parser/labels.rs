//! Label expressions: `:A&!(B|C)`, `:%`, `IS A`; in patterns and behind an operand.

use super::super::ast::{Labels, Name};
use super::super::token::TokenKind;
use super::{Parsed, Parser};

/// Words after IS that are keywords, not labels.
const OTHER: &[&str] = &[
    "NOT",
    "NULL",
    "TYPED",
    "NORMALIZED",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "TRUE",
    "FALSE",
    "UNKNOWN",
    "DISTINCT",
    "DIRECTED",
    "SOURCE",
    "DESTINATION",
    "LABELED",
];

impl Parser<'_> {
    /// The labels of a node pattern: those it must all have, and what else must hold for them.
    pub(super) fn node_labels(&mut self) -> Parsed<(Vec<Name>, Option<Labels>)> {
        self.pattern_labels(true, |labels| matches!(labels, Labels::All(_)))
    }

    /// The types of a relationship pattern: the types of which it must have one, and what else must hold.
    pub(super) fn relationship_types(&mut self) -> Parsed<(Vec<Name>, Option<Labels>)> {
        let (mut names, test) = self.pattern_labels(false, |labels| matches!(labels, Labels::One(_)))?;
        let mut seen = vec![];
        names.retain(|name: &Name| {
            let is_new = !seen.contains(&name.text);
            seen.push(name.text.clone());
            is_new
        });
        Ok((names, test))
    }

    /// Names alone where the expression is a name, or `is_list` says that it joins its parts by what a list of names
    /// means; else a test.
    fn pattern_labels(
        &mut self,
        colons: bool,
        is_list: fn(&Labels) -> bool,
    ) -> Parsed<(Vec<Name>, Option<Labels>)> {
        let start = self.span();
        if !self.eat_symbol(":") && !self.eat_keyword("IS") {
            return Ok((vec![], None));
        }
        let labels = self.labels(colons)?;
        let span = self.span_from(start.start);
        let is_name = |labels: &Labels| matches!(labels, Labels::Is(_));
        let names_alone = match &labels {
            Labels::All(parts) | Labels::One(parts) => is_list(&labels) && parts.iter().all(is_name),
            one => is_name(one),
        };
        if !names_alone {
            return Ok((vec![], Some(labels)));
        }
        let names = labels.names().into_iter().map(|name| Name { text: name.clone(), span });
        Ok((names.collect(), None))
    }

    /// Whether a label expression stands behind an operand: `:A`, or `IS A`.
    pub(super) fn is_labels(&self) -> bool {
        if self.is_symbol(":") {
            return true;
        }
        self.is_keyword("IS")
            && match self.ahead(1) {
                TokenKind::Word(word) => !OTHER.iter().any(|other| word.eq_ignore_ascii_case(other)),
                TokenKind::Quoted(_) => true,
                TokenKind::Symbol(symbol) => ["!", "(", "%"].contains(symbol),
                _ => false,
            }
    }

    /// Behind `:` or IS: alternatives, of parts that must all hold, of names and negations. With `colons` a `:` is
    /// an `&`.
    pub(super) fn labels(&mut self, colons: bool) -> Parsed<Labels> {
        let mut alternatives = vec![self.label_conjunction(colons)?];
        while self.is_symbol("|") && !self.ends_at_bar() {
            self.advance();
            self.eat_symbol(":");
            alternatives.push(self.label_conjunction(colons)?);
        }
        Ok(Labels::of(alternatives, Labels::One))
    }

    fn label_conjunction(&mut self, colons: bool) -> Parsed<Labels> {
        let mut parts = vec![self.label(colons)?];
        while self.eat_symbol("&") || (colons && self.eat_symbol(":")) {
            parts.push(self.label(colons)?);
        }
        Ok(Labels::of(parts, Labels::All))
    }

    fn label(&mut self, colons: bool) -> Parsed<Labels> {
        let mut negated = false;
        while self.eat_symbol("!") {
            negated = !negated;
        }
        let label = if self.eat_symbol("%") {
            Labels::Any
        } else if self.is_symbol("(") {
            self.nested(|parser| {
                parser.advance();
                let inner = parser.labels(colons)?;
                parser.expect_symbol(")")?;
                Ok(inner)
            })?
        } else {
            Labels::Is(self.take_any_name("a label")?.text)
        };
        Ok(if negated { Labels::Not(Box::new(label)) } else { label })
    }

    /// How many tokens a label expression takes that begins `distance` ahead, as far as a pattern can be told by it.
    pub(super) fn labels_ahead(&self, distance: usize) -> usize {
        let mut at = distance;
        if !self.symbol_ahead(at, ":") && !self.keyword_ahead(at, "IS") {
            return at;
        }
        at += 1;
        let (mut open, mut named) = (0usize, false);
        loop {
            match self.ahead(at) {
                TokenKind::Word(_) | TokenKind::Quoted(_) if !named => named = true,
                TokenKind::Symbol("%") if !named => named = true,
                TokenKind::Symbol("(") if !named => open += 1,
                TokenKind::Symbol(")") if open > 0 => open -= 1,
                TokenKind::Symbol("!") if !named => {}
                TokenKind::Symbol(":" | "|" | "&") => named = false,
                _ => return at,
            }
            at += 1;
        }
    }
}
