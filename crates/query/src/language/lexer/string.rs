//! Strings and their escapes.

use super::Lexer;
use crate::language::code;
use crate::language::diagnostic::Diagnostic;
use crate::language::token::TokenKind;

impl Lexer<'_> {
    pub(super) fn string(&mut self) -> Result<TokenKind, Diagnostic> {
        let start = self.at;
        let quote = self.bump();
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| c != '\\' && Some(c) != quote));
            match self.bump() {
                None => {
                    let span = crate::language::ast::Span { start, end: start + 1 };
                    return Err(Diagnostic::not_cypher(code::STRING, span, "this string is never closed"));
                }
                Some('\\') => text.push(self.escape()?),
                Some(_) => return Ok(TokenKind::Text(text.into())),
            }
        }
    }

    /// What stands for the escape whose backslash was just taken.
    fn escape(&mut self) -> Result<char, Diagnostic> {
        let start = self.at - 1;
        let escaped = match self.bump() {
            Some(c @ ('\\' | '\'' | '"' | '`')) => Some(c),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('u') => self.utf16(),
            Some('U') => self.hex(8).and_then(char::from_u32),
            _ => None,
        };
        escaped.ok_or_else(|| {
            let message = "this escape does not exist";
            Diagnostic::not_cypher(code::STRING, self.span_from(start), message).with_help(
                "write a backslash as `\\\\`, a character by its code as `\\u00e9` or `\\U0001f41f`",
            )
        })
    }

    /// Four hexadecimal digits; a character beyond the first plane takes two such escapes.
    fn utf16(&mut self) -> Option<char> {
        let unit = self.hex(4)?;
        if !(0xd800..0xdc00).contains(&unit) {
            return char::from_u32(unit);
        }
        self.at += self.rest().strip_prefix("\\u").map(|_| 2)?;
        let low = self.hex(4).filter(|low| (0xdc00..0xe000).contains(low))?;
        char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let taken = self.rest().get(..digits)?;
        if !taken.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += digits;
        u32::from_str_radix(taken, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens;
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        let read = tokens(text).ok().map(|tokens| tokens[0].kind.clone());
        assert_eq!(read, expect.map(|text| TokenKind::Text(text.into())), "{text}");
    }

    #[test]
    fn escapes_are_resolved_in_both_quotes() {
        check(r#"'it\'s "x"'"#, Some("it's \"x\""));
        check(r#""a\n\t\\\"""#, Some("a\n\t\\\""));
        check(r"'\u00e9\U0001f41f\uD83D\uDC1F'", Some("é🐟🐟"));
        check("'línea\n2'", Some("línea\n2"));
    }

    #[test]
    fn an_escape_that_does_not_exist_and_an_open_string_are_refused() {
        for bad in [
            r"'\x'",
            r"'\uH'",
            r"'\u00'",
            r"'\uD83D'",
            r"'\uD83D\u0041'",
            r"'\U00110000'",
            "'abc",
            r"'abc\",
            "'\\",
        ] {
            check(bad, None);
        }
    }
}
