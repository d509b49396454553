//! A place in a pattern, and the steps over its text.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir};

/// How deep groups and classes may be nested.
const DEPTH: usize = 100;

/// What is read, or why it cannot be.
pub(super) type Read<T> = Result<T, String>;

/// The flags of `(?idmsuxU)`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    /// `i`: letters of ASCII in either case; with `unicode_case` all letters.
    pub(super) either_case: bool,
    /// `d`: `\n` alone ends a line.
    pub(super) unix_lines: bool,
    /// `m`: `^` and `$` are about lines.
    pub(super) lines: bool,
    /// `s`: a dot is every character.
    pub(super) dot_all: bool,
    /// `u`
    pub(super) unicode_case: bool,
    /// `x`: blanks and comments are left out.
    pub(super) comments: bool,
    /// `U`: `\d`, `\w`, `\s` and `\b` go by Unicode; implies `u`.
    pub(super) unicode_classes: bool,
}

/// A place in a pattern.
pub(super) struct Reader {
    pub(super) text: Vec<char>,
    pub(super) at: usize,
    pub(super) flags: Flags,
    depth: usize,
}

impl Reader {
    pub(super) fn of(text: &str) -> Self {
        Self { text: without_quotes(text), at: 0, flags: Flags::default(), depth: 0 }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, distance: usize) -> Option<char> {
        self.text.get(self.at + distance).copied()
    }

    pub(super) fn next(&mut self) -> Read<char> {
        let next = self.peek().ok_or("it ends too early")?;
        self.at += 1;
        Ok(next)
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// Passes over what `(?x)` leaves out.
    pub(super) fn skip_comments(&mut self) {
        while self.flags.comments {
            match self.peek() {
                Some(c) if is_blank(c) => self.at += 1,
                Some('#') => {
                    while self.peek().is_some_and(|c| !is_line_end(c)) {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("it is nested more than {DEPTH} levels deep"));
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    pub(super) fn literal(&self, c: char) -> Hir {
        let mut class = ranges(&[(c, c)]);
        self.fold(&mut class);
        of_class(class)
    }

    /// Adds the other case of letters, where the flags want it.
    pub(super) fn fold(&self, class: &mut ClassUnicode) {
        if !self.flags.either_case {
            return;
        }
        if self.flags.unicode_case {
            class.case_fold_simple();
            return;
        }
        let mut letters = class.clone();
        letters.intersect(&ranges(&[('A', 'Z'), ('a', 'z')]));
        letters.case_fold_simple();
        letters.intersect(&ranges(&[('\0', '\u{7f}')]));
        class.union(&letters);
    }
}

/// Returns the pattern with what stands between `\Q` and `\E` escaped character by character.
fn without_quotes(text: &str) -> Vec<char> {
    let mut out = vec![];
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.extend(rest[..at].chars());
        let behind = &rest[at + 1..];
        if let Some(quoted) = behind.strip_prefix('Q') {
            let (quoted, after) = quoted.split_once("\\E").unwrap_or((quoted, ""));
            quoted.chars().for_each(|c| {
                out.extend(
                    (c.is_ascii() && !c.is_ascii_alphanumeric()).then_some('\\').into_iter().chain([c]),
                );
            });
            rest = after;
        } else {
            let length = behind.chars().next().map_or(0, char::len_utf8);
            out.push('\\');
            out.extend(behind[..length].chars());
            rest = &behind[length..];
        }
    }
    out.extend(rest.chars());
    out
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn ranges(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(from, to)| ClassUnicodeRange::new(*from, *to)))
}

pub(super) fn of_class(class: ClassUnicode) -> Hir {
    Hir::class(Class::Unicode(class))
}
