//! What stands behind a backslash.

use super::property::parsed;
use super::reader::{Read, Reader, of_class, ranges};
use regex_syntax::hir::{ClassUnicode, Hir, Look};

impl Reader {
    /// Behind a backslash outside of a class.
    pub(super) fn escape(&mut self) -> Read<Hir> {
        let escaped = self.next()?;
        let boundary =
            |ascii, unicode| Ok(Hir::look(if self.flags.unicode_classes { unicode } else { ascii }));
        match escaped {
            'b' if self.peek() == Some('{') => Err("`\\b{` is not supported".into()),
            'b' => boundary(Look::WordAscii, Look::WordUnicode),
            'B' => boundary(Look::WordAsciiNegate, Look::WordUnicodeNegate),
            'A' => Ok(Hir::look(Look::Start)),
            'z' => Ok(Hir::look(Look::End)),
            '1'..='9' | 'k' => Err("a back-reference is not supported".into()),
            'G' | 'R' | 'X' | 'Z' | 'N' => Err(format!("`\\{escaped}` is not supported")),
            _ => match self.set(escaped)? {
                Some(set) => Ok(of_class(set)),
                None => self.escaped(escaped).map(|c| self.literal(c)),
            },
        }
    }

    /// A set of characters that a backslash and a letter stand for.
    pub(super) fn set(&mut self, escaped: char) -> Read<Option<ClassUnicode>> {
        let mut set = match escaped.to_ascii_lowercase() {
            'p' => self.property()?,
            'd' | 'w' | 's' if self.flags.unicode_classes => {
                parsed(&format!("\\{}", escaped.to_ascii_lowercase()))?
            }
            'd' => ranges(&[('0', '9')]),
            'w' => ranges(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
            's' => ranges(&[(' ', ' '), ('\t', '\r')]),
            'h' => ranges(&[
                (' ', ' '),
                ('\t', '\t'),
                ('\u{a0}', '\u{a0}'),
                ('\u{1680}', '\u{1680}'),
                ('\u{180e}', '\u{180e}'),
                ('\u{2000}', '\u{200a}'),
                ('\u{202f}', '\u{202f}'),
                ('\u{205f}', '\u{205f}'),
                ('\u{3000}', '\u{3000}'),
            ]),
            'v' => ranges(&[('\n', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')]),
            _ => return Ok(None),
        };
        if escaped.is_ascii_uppercase() {
            set.negate();
        }
        Ok(Some(set))
    }

    /// The one character that a backslash and what stands behind it mean.
    pub(super) fn escaped(&mut self, escaped: char) -> Read<char> {
        match escaped {
            't' => Ok('\t'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            'f' => Ok('\u{c}'),
            'a' => Ok('\u{7}'),
            'e' => Ok('\u{1b}'),
            '0' => self.octal(),
            'x' if self.eat('{') => {
                let mut code = 0;
                while !self.eat('}') {
                    code = code * 16 + self.hexadecimal(1)?;
                    if code > u32::from(char::MAX) {
                        return Err("`\\x{..}` is too large".into());
                    }
                }
                character(code)
            }
            'x' => self.hexadecimal(2).and_then(character),
            'u' => self.utf16(),
            'c' => {
                let control = self.next()?;
                if control.is_ascii() { character(u32::from(control) ^ 64) } else { Err(unknown('c')) }
            }
            c if c.is_ascii_alphanumeric() => Err(unknown(c)),
            c => Ok(c),
        }
    }

    /// `\uhhhh`, or two of them for one character beyond 16 bits.
    fn utf16(&mut self) -> Read<char> {
        let first = self.hexadecimal(4)?;
        if !(0xd800..0xdc00).contains(&first) {
            return character(first);
        }
        if !(self.eat('\\') && self.eat('u')) {
            return Err("half a character".into());
        }
        let second = self.hexadecimal(4)?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err("half a character".into());
        }
        character(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    }

    fn octal(&mut self) -> Read<char> {
        let digit = |reader: &Self| reader.peek().and_then(|c| c.to_digit(8));
        let mut code = digit(self).ok_or("`\\0` needs an octal number")?;
        let most = if code <= 3 { 3 } else { 2 };
        self.at += 1;
        for _ in 1..most {
            if let Some(next) = digit(self) {
                code = code * 8 + next;
                self.at += 1;
            }
        }
        character(code)
    }

    fn hexadecimal(&mut self, digits: usize) -> Read<u32> {
        (0..digits).try_fold(0, |code, _| {
            let digit =
                self.next()?.to_digit(16).ok_or("a character by its number needs hexadecimal digits")?;
            Ok(code * 16 + digit)
        })
    }
}

fn character(code: u32) -> Read<char> {
    char::from_u32(code).ok_or_else(|| "there is no character of that number".into())
}

fn unknown(escaped: char) -> String {
    format!("there is no escape `\\{escaped}`")
}
