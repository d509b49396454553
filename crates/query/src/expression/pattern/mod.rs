//! The regular expressions of `=~`. Their syntax and meaning are those of Java's `java.util.regex`, which Cypher
//! has always used: what would mean something else here, or cannot be decided in linear time, is refused by name.
//!
//! Java's syntax is read here and becomes the tree of `regex_syntax`, so nothing of that crate's own syntax
//! can be reached.

mod class;
mod escape;
mod property;
mod reader;

use super::EvalError;
use reader::{Flags, Read, Reader, of_class, ranges};
use regex_automata::meta::{Config, Regex};
use regex_syntax::hir::{Dot, Hir, Look, Repetition};

/// How large a compiled pattern may be, in bytes.
const SIZE: usize = 1 << 20;

/// How often a part of a pattern may be repeated by a number.
const REPEATED: u32 = 100_000;

/// Compiles a pattern, which then has to match the whole text.
///
/// # Errors
/// [`EvalError`] if it is not a regular expression, uses what is not supported, or is too large.
pub(super) fn compile(text: &str) -> Result<Regex, EvalError> {
    let refused = |why: &dyn std::fmt::Display| {
        EvalError::argument(format!("`{text}` is not a pattern that `=~` takes: {why}"))
    };
    let inner = Reader::of(text).whole().map_err(|why| refused(&why))?;
    let whole = Hir::concat(vec![Hir::look(Look::Start), inner, Hir::look(Look::End)]);
    let limits = Config::new().nfa_size_limit(Some(SIZE)).onepass_size_limit(Some(SIZE));
    Regex::builder().configure(limits).build_from_hir(&whole).map_err(|error| refused(&error))
}

impl Reader {
    fn whole(mut self) -> Read<Hir> {
        let read = self.alternatives()?;
        match self.peek() {
            None => Ok(read),
            Some(_) => Err("a `)` closes no group".into()),
        }
    }

    fn alternatives(&mut self) -> Read<Hir> {
        let mut alternatives = vec![self.sequence()?];
        while self.eat('|') {
            alternatives.push(self.sequence()?);
        }
        Ok(Hir::alternation(alternatives))
    }

    fn sequence(&mut self) -> Read<Hir> {
        let mut parts = vec![];
        loop {
            self.skip_comments();
            match self.peek() {
                None | Some('|' | ')') => return Ok(Hir::concat(parts)),
                Some('(') if self.sets_flags()? => {}
                Some(_) => {
                    let part = self.part()?;
                    parts.push(self.repeated(part)?);
                }
            }
        }
    }

    fn part(&mut self) -> Read<Hir> {
        match self.next()? {
            '(' => self.deeper(Self::group),
            '[' => self.deeper(Self::class).map(of_class),
            '.' => Ok(self.dot()),
            '^' if self.flags.lines => Err("`^` with the flag `m` is not supported".into()),
            '^' => Ok(Hir::look(Look::Start)),
            '$' => self.end(),
            '\\' => self.escape(),
            c @ ('*' | '+' | '?') => Err(format!("`{c}` repeats nothing")),
            '{' => Err("`{` repeats nothing; as a character it is `\\{`".into()),
            c => Ok(self.literal(c)),
        }
    }

    /// `$`. Before a line break at the very end it holds in Java, too; where something follows that could take
    /// the break, that would make a difference.
    fn end(&self) -> Read<Hir> {
        if self.flags.lines {
            return Err("`$` with the flag `m` is not supported".into());
        }
        match self.peek() {
            None | Some('|' | ')') => Ok(Hir::look(Look::End)),
            Some(_) => Err("`$` before something else is not supported".into()),
        }
    }

    fn dot(&self) -> Hir {
        match self.flags {
            Flags { dot_all: true, .. } => Hir::dot(Dot::AnyChar),
            Flags { unix_lines: true, .. } => Hir::dot(Dot::AnyCharExceptLF),
            _ => {
                let mut ends =
                    ranges(&[('\n', '\n'), ('\r', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')]);
                ends.negate();
                of_class(ends)
            }
        }
    }

    /// `(?i)` and its kin, which hold up to the end of the group around them.
    fn sets_flags(&mut self) -> Read<bool> {
        let is_flag = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic() || c == '-');
        if self.ahead(1) != Some('?') || !is_flag(self.ahead(2)) {
            return Ok(false);
        }
        let start = self.at;
        self.at += 2;
        let flags = self.read_flags()?;
        if self.eat(')') {
            self.flags = flags;
            return Ok(true);
        }
        self.at = start;
        Ok(false)
    }

    fn read_flags(&mut self) -> Read<Flags> {
        let (mut flags, mut on) = (self.flags, true);
        loop {
            let flag = match self.peek() {
                Some('-') if on => {
                    on = false;
                    self.at += 1;
                    continue;
                }
                Some('i') => &mut flags.either_case,
                Some('d') => &mut flags.unix_lines,
                Some('m') => &mut flags.lines,
                Some('s') => &mut flags.dot_all,
                Some('u') => &mut flags.unicode_case,
                Some('x') => &mut flags.comments,
                Some('U') => {
                    flags.unicode_case = on;
                    &mut flags.unicode_classes
                }
                Some(')' | ':') => return Ok(flags),
                Some(c) => return Err(format!("there is no flag `{c}`")),
                None => return Err("a group is not closed".into()),
            };
            *flag = on;
            self.at += 1;
        }
    }

    /// Behind the opening parenthesis of a group.
    fn group(&mut self) -> Read<Hir> {
        let around = self.flags;
        if self.eat('?') {
            self.group_kind()?;
        }
        let inner = self.alternatives()?;
        if !self.eat(')') {
            return Err("a group is not closed".into());
        }
        self.flags = around;
        Ok(inner)
    }

    /// What stands behind `(?`.
    fn group_kind(&mut self) -> Read<()> {
        match (self.peek(), self.ahead(1)) {
            (Some('=' | '!'), _) | (Some('<'), Some('=' | '!')) => Err("look-around is not supported".into()),
            (Some('>'), _) => Err("an atomic group `(?>` is not supported".into()),
            (Some('<'), _) => {
                self.at += 1;
                let begin = self.at;
                while self.peek().is_some_and(|c| c.is_ascii_alphanumeric()) {
                    self.at += 1;
                }
                let begins = self.text.get(begin).is_some_and(char::is_ascii_alphabetic);
                if begins && self.eat('>') { Ok(()) } else { Err("the name of a group is not closed".into()) }
            }
            _ => {
                self.flags = self.read_flags()?;
                if self.eat(':') { Ok(()) } else { Err("`(?` begins no group".into()) }
            }
        }
    }

    /// A part with what stands behind it: `*`, `+`, `?`, `{2,3}`.
    fn repeated(&mut self, part: Hir) -> Read<Hir> {
        self.skip_comments();
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => self.bounds()?,
            _ => return Ok(part),
        };
        self.at += 1;
        if self.peek() == Some('+') {
            return Err("a possessive quantifier, with `+` behind it, is not supported".into());
        }
        // How eagerly a part repeats does not change whether the whole matches.
        self.eat('?');
        Ok(Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(part) }))
    }

    /// `{2}`, `{2,}` or `{2,3}`, up to the closing brace.
    fn bounds(&mut self) -> Read<(u32, Option<u32>)> {
        self.at += 1;
        let min = self.number()?.ok_or("`{` needs a number; as a character it is `\\{`")?;
        let max = if self.eat(',') { self.number()? } else { Some(min) };
        match self.peek() {
            Some('}') if max.is_none_or(|max| max >= min) => Ok((min, max)),
            Some('}') => Err("the bounds of a repetition are the wrong way round".into()),
            _ => Err("a `{` is not closed".into()),
        }
    }

    fn number(&mut self) -> Read<Option<u32>> {
        let mut number = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            let next = number.unwrap_or(0_u32) * 10 + digit;
            if next > REPEATED {
                return Err(format!("a part is repeated more than {REPEATED} times"));
            }
            number = Some(next);
        }
        Ok(number)
    }
}
