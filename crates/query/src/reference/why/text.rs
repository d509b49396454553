//! The parts of a query's text, as steps show them.

use super::answer::Place;
use crate::language::ast::{Expr, LOCAL, Span};
use livewell_model::SmolStr;

/// How many characters of a step's text are shown.
const TEXT_CHARS: usize = 400;

/// The query's text.
#[derive(Debug, Clone)]
pub(super) struct Text(pub(super) String);

impl Text {
    /// Returns the text at a place, on one line; `None` if it is not a place of this text.
    pub(super) fn at(&self, span: Span) -> Option<String> {
        let text = self.0.get(span.start..span.end).filter(|text| !text.is_empty())?;
        Some(cut(text.split_whitespace().collect::<Vec<_>>().join(" ")))
    }

    /// Returns the text of an expression, as it was written if it has a place.
    pub(super) fn of(&self, expr: &Expr) -> String {
        self.at(expr.span).unwrap_or_else(|| cut(expr.to_string()))
    }

    /// Returns a place with its line and column; `None` if it is not a place of this text.
    pub(super) fn place(&self, span: Span) -> Option<Place> {
        let before = self.0.get(..span.start)?;
        if span.end <= span.start || span.end > self.0.len() {
            return None;
        }
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Some(Place { start: span.start, end: span.end, line, column })
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(TEXT_CHARS) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

/// Returns a variable as the text has it; `None` if the text does not have it.
pub(super) fn written(name: &SmolStr) -> Option<SmolStr> {
    let written = name.split(LOCAL).next().unwrap_or_default();
    (!written.is_empty()).then(|| written.into())
}
