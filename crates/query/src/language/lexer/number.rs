//! Numbers: decimal, hexadecimal and octal integers, and floats.

use super::{Lexer, continues_name};
use crate::language::code;
use crate::language::diagnostic::Diagnostic;
use crate::language::token::TokenKind;

/// The magnitude of the smallest 64-bit integer, the largest an integer can have (behind a minus sign).
const LARGEST: u64 = 1 << 63;

impl Lexer<'_> {
    pub(super) fn number(&mut self) -> Result<TokenKind, Diagnostic> {
        let rest = self.rest();
        for (prefixes, radix, digits) in [(["0x", "0X"], 16, "hexadecimal"), (["0o", "0O"], 8, "octal")] {
            if prefixes.iter().any(|prefix| rest.starts_with(prefix)) {
                return self.radix(radix, digits);
            }
        }
        let start = self.at;
        let whole = self.take_while(|c| c.is_ascii_digit());
        let mut float = false;
        let mut after = self.rest().chars();
        if after.next() == Some('.') && after.next().is_some_and(|c| c.is_ascii_digit()) {
            float = true;
            self.bump();
            self.take_while(|c| c.is_ascii_digit());
        }
        float |= self.exponent();
        self.ends_here(start)?;
        if float {
            return self.float(start);
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(self
                .bad_number(start, "an integer does not begin with 0")
                .with_help("write octal as `0o17`"));
        }
        self.integer(start, whole.parse().ok())
    }

    fn radix(&mut self, radix: u32, named: &str) -> Result<TokenKind, Diagnostic> {
        let start = self.at;
        self.at += 2;
        let digits = self.take_while(|c| c.is_digit(radix));
        self.ends_here(start)?;
        if digits.is_empty() {
            return Err(self.bad_number(start, &format!("expected {named} digits")));
        }
        self.integer(start, u64::from_str_radix(digits, radix).ok())
    }

    fn integer(&mut self, start: usize, magnitude: Option<u64>) -> Result<TokenKind, Diagnostic> {
        match magnitude {
            Some(magnitude) if magnitude <= LARGEST => Ok(TokenKind::Integer(magnitude)),
            _ => Err(Diagnostic::beyond_64_bits(self.span_from(start), &self.text[start..self.at])),
        }
    }

    /// Takes an exponent, if one is complete.
    fn exponent(&mut self) -> bool {
        let Some(rest) = self.rest().strip_prefix(['e', 'E']) else { return false };
        let unsigned = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        if !unsigned.starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        self.at = self.text.len() - unsigned.len();
        self.take_while(|c| c.is_ascii_digit());
        true
    }

    fn float(&mut self, start: usize) -> Result<TokenKind, Diagnostic> {
        match self.text[start..self.at].parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(TokenKind::Float(float)),
            _ => Err(self.bad_number(start, "this number is too large for a float")),
        }
    }

    /// A number must not run into a name: `12ab` is neither.
    fn ends_here(&mut self, start: usize) -> Result<(), Diagnostic> {
        let behind = self.take_while(continues_name);
        if behind.is_empty() {
            return Ok(());
        }
        if behind.starts_with('_') && behind.chars().all(|c| c.is_ascii_digit() || c == '_') {
            let message = "a number with `_` between its digits is not supported in a standing query";
            return Err(Diagnostic::not_supported(code::NUMBER, self.span_from(start), message)
                .with_help("write the digits alone")
                .with_edit(self.span_from(start), self.text[start..self.at].replace('_', "")));
        }
        Err(self.bad_number(start, "this is not a number"))
    }

    fn bad_number(&self, start: usize, message: &str) -> Diagnostic {
        Diagnostic::not_cypher(code::NUMBER, self.span_from(start), message)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens;
    use super::*;

    fn check(text: &str, expect: impl Into<Option<TokenKind>>) {
        assert_eq!(tokens(text).ok().map(|tokens| tokens[0].kind.clone()), expect.into(), "{text}");
    }

    #[test]
    fn integers_are_read_in_three_bases_up_to_their_limit() {
        check("0", Some(TokenKind::Integer(0)));
        check("0x1A", Some(TokenKind::Integer(26)));
        check("0o17", Some(TokenKind::Integer(15)));
        check("9223372036854775808", Some(TokenKind::Integer(LARGEST)));
        for bad in ["9223372036854775809", "0x", "0o8", "12ab", "0x1G", "007", "1_000"] {
            check(bad, None);
        }
    }

    #[test]
    fn floats_are_read_with_and_without_fraction_and_exponent() {
        for (text, float) in [("1.5", 1.5), (".5", 0.5), ("1e3", 1e3), ("1.5E-2", 0.015), ("0.0", 0.0)] {
            check(text, Some(TokenKind::Float(float)));
        }
        for bad in ["1e999", "1e", "1.5x", "1e+"] {
            check(bad, None);
        }
    }
}
