//! Relationships: the columns of one table that hold the key of another, and how their values are printed in the form
//! of that key.
//!
//! Ids are made of texts, and PostgreSQL considers some values equal whose texts differ. So a column's text is brought
//! to the form that the key's column prints, as the database's own implicit cast would, or the relationship is refused.

use super::facts::{ColumnFacts, TypeFacts};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How the text of a column becomes the text of the key column that it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::postgres) enum Print {
    AsItIs,
    /// A number with this many digits after the point; a value with more digits matches no key.
    Scale(usize),
    /// Without blanks at its end.
    Trimmed,
    /// Padded with blanks to this many characters.
    Padded(usize),
    /// A date as a time without zone.
    Midnight,
}

impl Print {
    /// Returns a number for it and its length, for stored digests.
    pub fn tag(self) -> (u8, usize) {
        match self {
            Self::AsItIs => (0, 0),
            Self::Scale(digits) => (1, digits),
            Self::Trimmed => (2, 0),
            Self::Padded(length) => (3, length),
            Self::Midnight => (4, 0),
        }
    }

    /// Returns the text as the key prints it; `None` if no key can be equal to it.
    pub fn apply(self, text: &str) -> Option<Cow<'_, str>> {
        match self {
            Self::AsItIs => Some(text.into()),
            Self::Scale(digits) => scaled(text, digits).map(Into::into),
            Self::Trimmed => Some(text.trim_end_matches(' ').into()),
            Self::Padded(length) => {
                let trimmed = text.trim_end_matches(' ');
                let missing = length.checked_sub(trimmed.chars().count())?;
                Some(format!("{trimmed}{}", " ".repeat(missing)).into())
            }
            Self::Midnight => Some(match text.strip_suffix(" BC") {
                Some(date) => format!("{date} 00:00:00 BC").into(),
                None if text.ends_with("infinity") => text.into(),
                None => format!("{text} 00:00:00").into(),
            }),
        }
    }
}

fn scaled(text: &str, digits: usize) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (kept, lost) = fraction.split_at_checked(digits).unwrap_or((fraction, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if !is_number(whole) || lost.bytes().any(|digit| digit != b'0') {
        return None;
    }
    Some(if digits == 0 { whole.to_owned() } else { format!("{whole}.{kept:0<digits$}") })
}

/// The types that columns of two tables are of.
type Types = BTreeMap<u32, TypeFacts>;

/// Returns how a column is printed as the key's column. The error says why it cannot be, in words that follow both
/// columns' names.
pub(in crate::postgres) fn print(
    column: &ColumnFacts,
    key: &ColumnFacts,
    types: &Types,
) -> Result<Print, String> {
    if let Some(why) = ambiguous(key, types) {
        return Err(why);
    }
    if let Some(why) = ambiguous(column, types).filter(|_| !is_numeric(column, types)) {
        return Err(why);
    }
    let (from, to) = (below(column, types), below(key, types));
    match (from.0, to.0) {
        (SMALL | INTEGER | BIG, SMALL | INTEGER | BIG) => Ok(Print::AsItIs),
        (SMALL | INTEGER | BIG | NUMERIC, NUMERIC) => Ok(Print::Scale(scale(to.1))),
        (TEXT | VARCHAR | NAME, TEXT | VARCHAR) => Ok(Print::AsItIs),
        (CHAR, TEXT | VARCHAR) => Ok(Print::Trimmed),
        (TEXT | VARCHAR | CHAR, CHAR) => Ok(usize::try_from(to.1 - 4).map_or(Print::AsItIs, Print::Padded)),
        (DATE, TIMESTAMP) => Ok(Print::Midnight),
        (one, other) if one == other => Ok(Print::AsItIs),
        _ => Err("their types differ, and equal values of the two need not print alike".into()),
    }
}

const BIG: u32 = 20;
const SMALL: u32 = 21;
const INTEGER: u32 = 23;
const TEXT: u32 = 25;
const NAME: u32 = 19;
const CHAR: u32 = 1042;
const VARCHAR: u32 = 1043;
const DATE: u32 = 1082;
const TIMESTAMP: u32 = 1114;
const NUMERIC: u32 = 1700;

/// Returns the type below domains, with the modifier that applies.
fn below(column: &ColumnFacts, types: &Types) -> (u32, i32) {
    let (mut kind, mut modifier) = (column.kind, column.modifier);
    while let Some(facts) = types.get(&kind).filter(|facts| facts.kind == "d") {
        modifier = if modifier == -1 { facts.modifier } else { modifier };
        kind = facts.base;
    }
    (kind, modifier)
}

fn is_numeric(column: &ColumnFacts, types: &Types) -> bool {
    below(column, types).0 == NUMERIC
}

/// Returns the digits after the point: the lower half of the modifier, signed in 11 bits.
fn scale(modifier: i32) -> usize {
    let half = (modifier - 4) & 0x7ff;
    usize::try_from((half ^ 1024) - 1024).unwrap_or(0)
}

/// Returns why equal values of the column may have different texts.
fn ambiguous(column: &ColumnFacts, types: &Types) -> Option<String> {
    let (kind, modifier) = below(column, types);
    let name = types.get(&kind).map_or("this type", |facts| facts.name.as_str());
    if !column.is_deterministic {
        return Some("its collation holds different texts equal".into());
    }
    if kind == NUMERIC {
        let advice =
            "a `numeric` without a scale prints equal numbers differently; declare it as `numeric(p, s)`";
        return (modifier < 4).then(|| advice.into());
    }
    prints_differently(kind, types, 8).then(|| format!("equal values of `{name}` can print differently"))
}

fn prints_differently(kind: u32, types: &Types, depth: usize) -> bool {
    const REAL: u32 = 700;
    const DOUBLE: u32 = 701;
    const INTERVAL: u32 = 1186;
    const JSON: u32 = 114;
    const JSONB: u32 = 3802;
    let (Some(facts), Some(depth)) = (types.get(&kind), depth.checked_sub(1)) else { return false };
    match kind {
        REAL | DOUBLE | INTERVAL | JSON | JSONB => true,
        _ if facts.name == "citext" => true,
        _ => match facts.kind.as_str() {
            "r" | "m" => true,
            "c" => facts.fields.iter().any(|(_, _, kind, modifier)| {
                *kind == NUMERIC && *modifier < 4 || prints_differently(*kind, types, depth)
            }),
            _ if facts.is_array => {
                facts.element == NUMERIC || prints_differently(facts.element, types, depth)
            }
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: u32, modifier: i32) -> ColumnFacts {
        ColumnFacts { kind, modifier, is_deterministic: true, ..ColumnFacts::default() }
    }

    /// `numeric(10, 2)`, `char(5)`.
    const MONEY: i32 = (10 << 16 | 2) + 4;
    const FIVE: i32 = 9;

    #[test]
    fn what_the_database_holds_equal_prints_as_the_key() {
        for (from, to, text, printed) in [
            (column(INTEGER, -1), column(BIG, -1), "7", Some("7")),
            (column(INTEGER, -1), column(NUMERIC, MONEY), "7", Some("7.00")),
            (column(NUMERIC, -1), column(NUMERIC, MONEY), "7.0", Some("7.00")),
            (column(NUMERIC, -1), column(NUMERIC, MONEY), "-7.125", None),
            (column(NUMERIC, MONEY), column(NUMERIC, (10 << 16) + 4), "7.00", Some("7")),
            (column(CHAR, 12), column(CHAR, FIVE), "ab      ", Some("ab   ")),
            (column(CHAR, 12), column(CHAR, FIVE), "abcdefgh", None),
            (column(TEXT, -1), column(CHAR, FIVE), "ab", Some("ab   ")),
            (column(CHAR, FIVE), column(TEXT, -1), "ab   ", Some("ab")),
            (column(DATE, -1), column(TIMESTAMP, -1), "2024-02-29", Some("2024-02-29 00:00:00")),
            (column(DATE, -1), column(TIMESTAMP, -1), "0044-03-15 BC", Some("0044-03-15 00:00:00 BC")),
            (column(2950, -1), column(2950, -1), "a0ee", Some("a0ee")),
        ] {
            let print = print(&from, &to, &Types::new()).unwrap();
            assert_eq!(print.apply(text).as_deref(), printed, "{text}");
        }
    }

    #[test]
    fn what_prints_differently_though_it_is_equal_is_refused() {
        let named = |name: &str, kind: &str| TypeFacts {
            name: name.into(),
            kind: kind.into(),
            ..TypeFacts::default()
        };
        let types = Types::from([
            (701, named("float8", "b")),
            (3802, named("jsonb", "b")),
            (90_000, named("citext", "b")),
            (3904, named("int4range", "r")),
        ]);
        for (from, to) in [
            (column(701, -1), column(701, -1)),
            (column(3802, -1), column(3802, -1)),
            (column(90_000, -1), column(90_000, -1)),
            (column(3904, -1), column(3904, -1)),
            (column(INTEGER, -1), column(NUMERIC, -1)),
            (column(TEXT, -1), column(2950, -1)),
            (ColumnFacts { is_deterministic: false, ..column(TEXT, -1) }, column(TEXT, -1)),
        ] {
            assert!(print(&from, &to, &types).is_err(), "{from:?}");
        }
    }
}
