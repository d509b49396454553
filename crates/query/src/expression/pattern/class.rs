//! Classes in brackets: `[a-z]`, `[^a-z]`, `[a-z[A-Z]]`, `[a-z&&[^x]]`. Java knows no other operators inside them.

use super::reader::{Read, Reader, is_blank, ranges};
use regex_syntax::hir::ClassUnicode;

/// What one item of a class is.
enum Item {
    Char(char),
    Set(ClassUnicode),
}

impl Reader {
    /// Behind the opening bracket.
    pub(super) fn class(&mut self) -> Read<ClassUnicode> {
        let negated = self.eat('^');
        let mut set = ranges(&[]);
        let mut intersected: Option<ClassUnicode> = None;
        let mut is_empty = true;
        loop {
            self.skip_blanks_in_class()?;
            match self.peek() {
                None => return Err("a class is not closed".into()),
                Some(']') if !is_empty => break,
                Some('&') if self.ahead(1) == Some('&') => {
                    if negated || is_empty || matches!(self.ahead(2), Some('&' | ']')) {
                        let why = "`&&` in a class that begins with `^`, or without a class on each side,";
                        return Err(format!("{why} is not supported"));
                    }
                    self.at += 2;
                    intersect(&mut intersected, std::mem::replace(&mut set, ranges(&[])));
                    is_empty = true;
                    continue;
                }
                Some('[') => {
                    self.at += 1;
                    if negated {
                        return Err("a class inside one that begins with `^` is not supported".into());
                    }
                    set.union(&self.deeper(Self::class)?);
                }
                Some(_) => {
                    let item = self.item()?;
                    set.union(&self.from(item)?);
                }
            }
            is_empty = false;
        }
        self.at += 1;
        intersect(&mut intersected, set);
        let mut class = intersected.unwrap_or_else(|| ranges(&[]));
        if negated {
            class.negate();
        }
        Ok(class)
    }

    /// What `(?x)` leaves out of a class, where blanks have no meaning, either.
    fn skip_blanks_in_class(&mut self) -> Read<()> {
        while self.flags.comments && self.peek().is_some_and(is_blank) {
            self.at += 1;
        }
        if self.flags.comments && self.peek() == Some('#') {
            return Err("a comment inside a class is not supported".into());
        }
        Ok(())
    }

    fn item(&mut self) -> Read<Item> {
        match self.next()? {
            '\\' => {
                let escaped = self.next()?;
                match self.set(escaped)? {
                    Some(set) => Ok(Item::Set(set)),
                    None => self.escaped(escaped).map(Item::Char),
                }
            }
            c => Ok(Item::Char(c)),
        }
    }

    /// The characters of an item, or of the range that begins with it.
    fn from(&mut self, item: Item) -> Read<ClassUnicode> {
        let first = match item {
            Item::Set(set) => return Ok(set),
            Item::Char(first) => first,
        };
        self.skip_blanks_in_class()?;
        let is_range = self.peek() == Some('-') && !matches!(self.ahead(1), None | Some('[' | ']'));
        let last = if is_range {
            self.at += 1;
            self.skip_blanks_in_class()?;
            match self.item()? {
                Item::Char(last) if first <= last => last,
                Item::Char(last) => return Err(format!("the range `{first}-{last}` is the wrong way round")),
                Item::Set(_) => return Err("a range ends with a character".into()),
            }
        } else {
            first
        };
        let mut class = ranges(&[(first, last)]);
        self.fold(&mut class);
        Ok(class)
    }
}

fn intersect(all: &mut Option<ClassUnicode>, set: ClassUnicode) {
    match all {
        Some(all) => all.intersect(&set),
        None => *all = Some(set),
    }
}
