//! `\p{..}`: characters by a property.

use super::reader::{Read, Reader, ranges};
use regex_syntax::hir::{Class, ClassUnicode, HirKind};

/// The general categories of Unicode.
const CATEGORIES: &[&str] = &[
    "C", "Cc", "Cf", "Cn", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd",
    "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp",
    "Zs",
];

/// What tells the cases apart, which under `(?i)` would mean something else in Java.
const CASES: &[&str] = &["lu", "ll", "lt", "lower", "upper", "lowercase", "uppercase", "titlecase"];

impl Reader {
    /// Behind `\p`.
    pub(super) fn property(&mut self) -> Read<ClassUnicode> {
        let mut name = String::new();
        if self.eat('{') {
            while !self.eat('}') {
                name.push(self.next()?);
            }
        } else {
            name.push(self.next()?);
        }
        let refused = || Err(format!("the property `\\p{{{name}}}` is not supported"));
        let bare = name.rsplit('=').next().unwrap_or_default();
        let bare = bare.strip_prefix("Is").unwrap_or(bare);
        if self.flags.either_case && CASES.contains(&bare.to_ascii_lowercase().as_str()) {
            return refused();
        }
        if let Some(class) = of_ascii(&name) {
            return if self.flags.unicode_classes { refused() } else { Ok(class) };
        }
        let named = match name.split_once('=') {
            Some(("sc" | "script" | "gc" | "general_category", value)) => is_name(value).then_some(value),
            Some(_) => None,
            None if CATEGORIES.contains(&&*name) => Some(&*name),
            None => name.strip_prefix("Is").filter(|name| is_name(name)),
        };
        let class = named.and_then(|name| parsed(&format!("\\p{{{name}}}")).ok());
        class.map_or_else(refused, Ok)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
}

/// The class that the syntax of `regex_syntax` writes so.
pub(super) fn parsed(text: &str) -> Read<ClassUnicode> {
    let parsed = regex_syntax::parse(text).map_err(|error| error.to_string())?;
    match parsed.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Ok(class),
        _ => Err(format!("`{text}` is not a character class")),
    }
}

/// The classes of POSIX, which are about ASCII alone.
fn of_ascii(name: &str) -> Option<ClassUnicode> {
    Some(ranges(match name {
        "Lower" => &[('a', 'z')],
        "Upper" => &[('A', 'Z')],
        "ASCII" => &[('\0', '\u{7f}')],
        "Alpha" => &[('A', 'Z'), ('a', 'z')],
        "Digit" => &[('0', '9')],
        "Alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "Punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "Graph" => &[('!', '~')],
        "Print" => &[(' ', '~')],
        "Blank" => &[(' ', ' '), ('\t', '\t')],
        "Cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')],
        "XDigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        "Space" => &[(' ', ' '), ('\t', '\r')],
        _ => return None,
    }))
}
