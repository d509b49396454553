//! What is wrong with a text, as editors show it.

use livewell_query::language::Diagnostic as Found;
use livewell_query::language::ast;
use schemars::JsonSchema;
use serde::Serialize;

/// One thing that is wrong with a text, or seems to be.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Diagnostic {
    /// The code of the reason, which has a page.
    code: &'static str,
    /// Whether the text is refused for it.
    #[schemars(extend("enum" = ["error", "warning"]))]
    severity: &'static str,
    message: String,
    /// What to do.
    help: Option<String>,
    span: Span,
    /// The line of its beginning, from 1.
    line: usize,
    /// The column of its beginning in characters, from 1, as the commands show it.
    column: usize,
    /// Changes of the text that mend it.
    edits: Vec<Edit>,
}

/// A part of the text that was sent, in UTF-16 code units, in which browsers and editors count.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Span {
    start: usize,
    end: usize,
}

/// A change of the text.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Edit {
    title: String,
    span: Span,
    text: String,
}

impl Diagnostic {
    /// Returns what was found in a text and makes it be refused.
    pub fn error(text: &str, found: &Found) -> Self {
        Self::of(text, found, "error")
    }

    /// Returns what was found in a text that can be used nevertheless.
    pub fn warning(text: &str, found: &Found) -> Self {
        Self::of(text, found, "warning")
    }

    fn of(text: &str, found: &Found, severity: &'static str) -> Self {
        let start = text.floor_char_boundary(found.span.start.min(text.len()));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let edit = found.edit.iter().map(|edit| Edit {
            title: format!("Make it {}", edit.text),
            span: Span::of(text, edit.span),
            text: edit.text.clone(),
        });
        Self {
            code: found.code,
            severity,
            message: found.message.clone(),
            help: found.help.clone(),
            span: Span::of(text, found.span),
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            edits: edit.collect(),
        }
    }
}

impl Span {
    /// Returns a part of a text, whose bytes are given.
    pub fn of(text: &str, span: ast::Span) -> Self {
        let ast::Span { start, end } = span.in_utf16(text);
        Self { start, end: end.max(start) }
    }
}
