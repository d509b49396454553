//! What is wrong with a query, where, and what to do about it.

use super::ast::Span;
use super::code;
use super::edit::{Edit, quoted};
use std::fmt::{self, Display, Formatter, Write};

/// What kind of refusal a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiagnosticKind {
    /// The text is not Cypher.
    NotCypher,
    /// It is Cypher, but not supported in a standing query.
    NotSupported,
    /// It can be read, but its meaning is in conflict.
    Semantic,
}

/// A query refused: the reason, the place in its text, and where there is one, the way out.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// What kind of refusal this is.
    pub kind: DiagnosticKind,
    /// The code of the reason, `LW` and four digits.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where in the text.
    pub span: Span,
    /// What to do.
    pub help: Option<String>,
    /// A change of the text that mends it.
    pub edit: Option<Box<Edit>>,
    /// Line and column of the span's start, both from 1; the column counts characters. Absent where the
    /// diagnostic was made without the text at hand.
    pub position: Option<(usize, usize)>,
}

/// How many characters of a line [`Diagnostic::render`] shows at most.
const SHOWN: usize = 160;

/// How many of them stand before the marked place, at most, in a longer line.
const SHOWN_BEFORE: usize = 80;

impl Diagnostic {
    /// A refusal because the text is not Cypher.
    pub fn not_cypher(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(DiagnosticKind::NotCypher, code, span, message.into())
    }

    /// An integer that 64 bits cannot hold, as it is written.
    pub(crate) fn beyond_64_bits(span: Span, written: &str) -> Self {
        let refused = Self::not_cypher(code::NUMBER, span, "this integer does not fit 64 bits");
        match written.bytes().all(|byte| byte.is_ascii_digit()) {
            true => refused.with_help(format!(
                "compute with decimals, which are exact: `livewell.toDecimal('{written}')`"
            )),
            false => refused,
        }
    }

    /// A construct that standing queries do not have yet.
    pub fn not_yet(span: Span, what: &str) -> Self {
        Self::not_supported(code::CONSTRUCT, span, format!("{what} is not supported in a standing query yet"))
    }

    /// A refusal of Cypher that standing queries do not have.
    pub fn not_supported(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(DiagnosticKind::NotSupported, code, span, message.into())
    }

    /// A refusal because of what the query means.
    pub fn semantic(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(DiagnosticKind::Semantic, code, span, message.into())
    }

    fn new(kind: DiagnosticKind, code: &'static str, span: Span, message: String) -> Self {
        Self { kind, code, message, span, help: None, edit: None, position: None }
    }

    /// Adds a way out.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a change of the text at `span` that mends it.
    #[must_use]
    pub fn with_edit(mut self, span: Span, text: impl Into<String>) -> Self {
        self.edit = Some(Box::new(Edit { span, text: text.into() }));
        self
    }

    /// Adds the change that puts this name at `span`.
    #[must_use]
    pub fn with_name(self, span: Span, name: &str) -> Self {
        self.with_edit(span, quoted(name))
    }

    /// Adds the line and column that its span has in `text`.
    #[must_use]
    pub fn located(mut self, text: &str) -> Self {
        let line = Line::of(text, self.span.start);
        self.position = Some((line.number, line.before.chars().count() + 1));
        self
    }

    /// The diagnostic with the line it points at, for a terminal or a log. `origin` names the text, a file
    /// or a query.
    pub fn render(&self, text: &str, origin: &str) -> String {
        let line = Line::of(text, self.span.start);
        let column = line.before.chars().count();
        let gutter = " ".repeat(line.number.to_string().len());
        let (shown, indent, marks) = line.excerpt(self.span);
        let mut out = format!("error[{}]: {}\n", self.code, self.message);
        let mut add = |part: String| out.push_str(&part);
        add(format!("{gutter}--> {origin}:{}:{}\n", line.number, column + 1));
        add(format!("{gutter} |\n{} | {shown}\n{gutter} | {indent}{marks}\n", line.number));
        if let Some(help) = &self.help {
            add(format!("{gutter} = help: {help}\n"));
        }
        out
    }
}

impl Display for Diagnostic {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some((line, column)) = self.position {
            write!(f, " (line {line}, column {column})")?;
        }
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// The line of a text in which a place stands, cut in two at that place.
struct Line<'t> {
    number: usize,
    before: &'t str,
    after: &'t str,
}

impl<'t> Line<'t> {
    fn of(text: &'t str, at: usize) -> Self {
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let (head, tail) = text.split_at(at);
        let before = head.rsplit('\n').next().unwrap_or_default();
        let after = tail.split('\n').next().unwrap_or_default();
        let after = after.strip_suffix('\r').unwrap_or(after);
        Self { number: head.matches('\n').count() + 1, before, after }
    }

    /// The line, what stands under it before the marks, and the marks. Tabs are kept on both lines, so the
    /// marks stand under their place however wide a tab is.
    fn excerpt(&self, span: Span) -> (String, String, String) {
        let column = self.before.chars().count();
        let skipped =
            if column + self.after.chars().count() > SHOWN { column.saturating_sub(SHOWN_BEFORE) } else { 0 };
        let before: String = self.before.chars().skip(skipped).map(printable).collect();
        let after: String =
            self.after.chars().take(SHOWN - (column - skipped).min(SHOWN)).map(printable).collect();
        let indent = before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let length = span.end.saturating_sub(span.start);
        let marked = self.after.char_indices().take_while(|(at, _)| *at < length).count();
        let mut shown = String::new();
        // Writing into a string cannot fail.
        let _ = write!(shown, "{before}{after}");
        (shown, indent, "^".repeat(marked.min(after.chars().count()).max(1)))
    }
}

/// Control characters of a hostile text must not reach a terminal.
fn printable(c: char) -> char {
    if c.is_control() && c != '\t' { '\u{fffd}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, marked: &str) -> Diagnostic {
        let start = text.find(marked).expect("the marked text");
        Diagnostic::semantic("LW0000", Span { start, end: start + marked.len() }, "no").located(text)
    }

    #[test]
    fn columns_count_characters_after_tabs_wide_characters_and_crlf() {
        let text = "MATCH (n)\r\n\tWHERE n.naïve = 'ü' AND x\r\nRETURN n";
        let diagnostic = at(text, "x");
        assert_eq!(diagnostic.position, Some((2, 26)));
        assert_eq!(
            diagnostic.render(text, "q.cypher"),
            "error[LW0000]: no\n --> q.cypher:2:26\n  |\n2 | \tWHERE n.naïve = 'ü' AND x\n  | \t                        ^\n"
        );
    }

    #[test]
    fn the_marks_cover_the_span_and_stop_at_the_end_of_the_line() {
        let text = "RETURN abc +\nd";
        assert!(at(text, "abc").render(text, "q").contains("\n  |        ^^^\n"));
        assert!(at(text, "+\nd").render(text, "q").ends_with("^\n"));
        let end = Diagnostic::semantic("LW0000", Span { start: 99, end: 99 }, "no").with_help("do");
        assert!(end.render(text, "q").ends_with("2 | d\n  |  ^\n  = help: do\n"));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place_and_control_characters_are_replaced() {
        let text = format!("RETURN {}x\u{1b}[2J{}", "1+".repeat(500), "+1".repeat(500));
        let shown = at(&text, "x").render(&text, "q");
        assert!(shown.lines().all(|line| line.chars().count() <= SHOWN + 8));
        assert!(!shown.contains('\u{1b}'));
        assert!(shown.contains("+x\u{fffd}[2J+1"));
    }
}
