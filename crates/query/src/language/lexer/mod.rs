//! From text to tokens: white space and comments are dropped, escapes resolved, numbers read.

mod number;
mod string;

use super::ast::Span;
use super::code;
use super::diagnostic::Diagnostic;
use super::token::{SYMBOLS, Token, TokenKind};
use livewell_model::SmolStr;

/// A place in the text and what is ahead of it.
struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

/// The tokens of `text`; the last is [`TokenKind::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Diagnostic> {
    let mut lexer = Lexer { text, at: 0 };
    if text.starts_with('\u{feff}') {
        lexer.at = '\u{feff}'.len_utf8();
    }
    let mut tokens = vec![];
    loop {
        lexer.skip_blank()?;
        let start = lexer.at;
        let kind = lexer.token()?;
        let end = kind == TokenKind::End;
        tokens.push(Token { kind, span: Span { start, end: lexer.at } });
        if end {
            return Ok(tokens);
        }
    }
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Takes characters while they fit, and returns them.
    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn span_from(&self, start: usize) -> Span {
        Span { start, end: self.at }
    }

    fn skip_blank(&mut self) -> Result<(), Diagnostic> {
        loop {
            self.take_while(char::is_whitespace);
            if self.rest().starts_with("//") {
                self.take_while(|c| c != '\n');
            } else if let Some(comment) = self.rest().strip_prefix("/*") {
                let Some(length) = comment.find("*/") else {
                    let span = Span { start: self.at, end: self.at + 2 };
                    return Err(Diagnostic::not_cypher(code::STRING, span, "this comment is never closed")
                        .with_help("close it with `*/`"));
                };
                self.at += length + 4;
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<TokenKind, Diagnostic> {
        let start = self.at;
        let Some(next) = self.peek() else { return Ok(TokenKind::End) };
        let fraction = next == '.' && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit());
        if next.is_ascii_digit() || fraction {
            return self.number();
        }
        match next {
            '\'' | '"' => self.string(),
            '`' => Ok(TokenKind::Quoted(self.quoted_name()?)),
            '$' => self.parameter(),
            c if begins_name(c) => Ok(TokenKind::Word(self.take_while(continues_name).into())),
            _ => {
                if let Some(symbol) = SYMBOLS.iter().find(|symbol| self.rest().starts_with(**symbol)) {
                    self.at += symbol.len();
                    return Ok(TokenKind::Symbol(symbol));
                }
                self.bump();
                let message = format!("`{}` has no meaning in Cypher", next.escape_debug());
                Err(Diagnostic::not_cypher(code::UNEXPECTED, self.span_from(start), message))
            }
        }
    }

    fn parameter(&mut self) -> Result<TokenKind, Diagnostic> {
        let start = self.at;
        self.bump();
        let name = match self.peek() {
            Some('`') => self.quoted_name()?,
            Some('(') => {
                let message =
                    "a label or type that is computed, `$(..)`, is not supported in a standing query";
                return Err(Diagnostic::not_supported(code::CONSTRUCT, self.span_from(start), message)
                    .with_help("test it: `WHERE $label IN labels(n)`, or `WHERE type(r) = $type`"));
            }
            _ => self.take_while(continues_name).into(),
        };
        if name.is_empty() {
            let message = "expected the name of a parameter after `$`";
            return Err(Diagnostic::not_cypher(code::UNEXPECTED, self.span_from(start), message));
        }
        Ok(TokenKind::Parameter(name))
    }

    /// A name in backticks; two backticks inside it stand for one.
    fn quoted_name(&mut self) -> Result<SmolStr, Diagnostic> {
        let start = self.at;
        let mut name = String::new();
        self.bump();
        loop {
            name.push_str(self.take_while(|c| c != '`'));
            if self.bump().is_none() {
                let span = Span { start, end: start + 1 };
                return Err(Diagnostic::not_cypher(code::STRING, span, "this name is never closed")
                    .with_help("close it with a backtick"));
            }
            if self.peek() != Some('`') {
                break;
            }
            self.bump();
            name.push('`');
        }
        if name.is_empty() {
            return Err(Diagnostic::not_cypher(
                code::STRING,
                self.span_from(start),
                "a name cannot be empty",
            ));
        }
        Ok(name.into())
    }
}

fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let shown = match tokens(text) {
            Ok(tokens) => tokens.iter().map(|token| token.kind.describe()).collect::<Vec<_>>().join(" "),
            Err(diagnostic) => format!("{} at {}", diagnostic.message, diagnostic.span.start),
        };
        assert_eq!(shown, expect, "{text}");
    }

    #[test]
    fn blanks_and_comments_are_dropped_wherever_they_stand() {
        check("\u{feff}a /* x\n */ b // c\nd", "`a` `b` `d` the end of the query");
        check("a /* b", "this comment is never closed at 2");
    }

    #[test]
    fn names_quoted_names_and_parameters_are_told_apart() {
        check(
            "größe `a``b c` $p $`x y` $1",
            "`größe` the name `a`b c` the parameter `$p` the parameter `$x y` the parameter `$1` the end of the query",
        );
        check("x `a", "this name is never closed at 2");
        check("``", "a name cannot be empty at 0");
        check("$ a", "expected the name of a parameter after `$` at 0");
        check("a # b", "`#` has no meaning in Cypher at 2");
    }

    #[test]
    fn a_slice_is_no_float() {
        check("[1..3]", "`[` a number `..` a number `]` the end of the query");
        check("a.b<-[-->", "`a` `.` `b` `<` `-` `[` `-` `-` `>` the end of the query");
    }
}
