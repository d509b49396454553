//! What the log says of a table before its rows.

use crate::SourceError;
use crate::mysql::catalog::Table;
use crate::mysql::failure::{altered, not_understood, unsaid};
use crate::mysql::fields::{Fields, text};
use crate::mysql::kind::Announced;
use std::ops::Range;

// The kinds of what follows the columns.
const SIGNS: u8 = 1;
const NAMES: u8 = 4;
const SET_LABELS: u8 = 5;
const ENUM_LABELS: u8 = 6;

/// The numbers of the types of numbers, each of which has a sign or none.
const NUMBERS: [u8; 8] = [1, 2, 3, 4, 5, 8, 9, 246];

/// The names of a table, before anything else of it is read.
pub(super) struct Named<'a> {
    pub id: u64,
    pub schema: String,
    pub name: String,
    rest: Fields<'a>,
}

impl<'a> Named<'a> {
    pub fn read(body: &'a [u8]) -> Result<Self, SourceError> {
        let mut rest = Fields(body);
        let id = rest.number(6)?;
        rest.take(2)?;
        let mut name = || -> Result<String, SourceError> {
            let length = rest.u8()?;
            let name = text(rest.take(length.into())?)?;
            rest.take(1)?;
            Ok(name)
        };
        let (schema, name) = (name()?, name()?);
        Ok(Self { id, schema, name, rest })
    }

    /// Compares the columns that are announced with those of the catalogs.
    ///
    /// # Errors
    /// Returns which column differs.
    pub fn check(mut self, table: &Table) -> Result<(), SourceError> {
        let count = self.rest.packed()?;
        let types = self.rest.take(count)?;
        let announced = announced(types, self.rest.packed_bytes()?)?;
        self.rest.take(count.div_ceil(8))?;
        let more = More::read(self.rest, types)?;
        let differs = |column: &str| {
            altered(format!(
                "the log announces another column `{column}` of `{}` than the one that was copied: the table was altered",
                table.shown()
            ))
        };
        if more.names.len() != count {
            return Err(unsaid(format!(
                "the log has rows of `{}` without the names of their columns (`binlog_row_metadata` was not FULL)",
                table.shown()
            )));
        }
        if count != table.columns.len() {
            return Err(differs(more.names.last().map_or("", String::as_str)));
        }
        let mut numbers = 0;
        let (mut sets, mut enums) = (more.set_labels.iter(), more.enum_labels.iter());
        for ((column, announced), name) in table.columns.iter().zip(&announced).zip(&more.names) {
            let unsigned = NUMBERS.contains(&announced.0).then(|| {
                numbers += 1;
                more.unsigned.get(numbers - 1).copied().unwrap_or_default()
            });
            let labels = match announced.1.to_le_bytes()[0] {
                247 if announced.0 == 254 => enums.next(),
                248 if announced.0 == 254 => sets.next(),
                _ => None,
            };
            let has_sign = column.kind.is_unsigned().is_none_or(|is| unsigned == Some(is));
            let is_type = *announced == column.kind.announced()
                || *announced == (14, 0) && column.kind.announced() == (10, 0);
            if !is_type
                || !has_sign
                || *name != column.name
                || labels.is_some_and(|labels| *labels != column.labels)
            {
                return Err(differs(name));
            }
        }
        Ok(())
    }
}

/// Returns the types with what is announced about their lengths.
fn announced(types: &[u8], lengths: &[u8]) -> Result<Vec<Announced>, SourceError> {
    let mut fields = Fields(lengths);
    let one = |number: &u8| -> Result<Announced, SourceError> {
        let length = match number {
            4 | 5 | 17 | 18 | 19 | 140 | 245 | 249..=252 | 255 => fields.u8()?.into(),
            15 | 16 | 141 | 246 | 253 | 254 | 247 | 248 => fields.u16()?,
            _ => 0,
        };
        Ok((*number, length))
    };
    types.iter().map(one).collect()
}

/// What follows the columns.
#[derive(Default)]
struct More {
    /// Whether each number has no sign.
    unsigned: Vec<bool>,
    names: Vec<String>,
    set_labels: Vec<Vec<String>>,
    enum_labels: Vec<Vec<String>>,
}

impl More {
    fn read(mut fields: Fields<'_>, types: &[u8]) -> Result<Self, SourceError> {
        let numbers: Range<usize> = 0..types.iter().filter(|number| NUMBERS.contains(number)).count();
        let mut more = Self::default();
        while !fields.is_empty() {
            let (kind, mut part) = (fields.u8()?, Fields(fields.packed_bytes()?));
            match kind {
                SIGNS => {
                    let bits = part.take(numbers.end.div_ceil(8))?;
                    let is_set = |at: usize| bits[at / 8] << (at % 8) & 0x80 != 0;
                    more.unsigned = numbers.clone().map(is_set).collect();
                }
                NAMES => {
                    while !part.is_empty() {
                        more.names.push(text(part.packed_bytes()?)?);
                    }
                }
                SET_LABELS | ENUM_LABELS => {
                    let mut all = Vec::new();
                    while !part.is_empty() {
                        let count = part.packed()?;
                        let labels = (0..count).map(|_| text(part.packed_bytes()?));
                        all.push(labels.collect::<Result<_, _>>()?);
                    }
                    *(if kind == SET_LABELS { &mut more.set_labels } else { &mut more.enum_labels }) = all;
                }
                _ => {}
            }
        }
        if more.names.len() > types.len() {
            return Err(not_understood("a table has more names than columns"));
        }
        Ok(more)
    }
}
