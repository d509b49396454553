//! Reads the rows of an event.

use super::bytes::cell;
use crate::SourceError;
use crate::mysql::catalog::Table;
use crate::mysql::failure::unsaid;
use crate::mysql::fields::Fields;
use crate::mysql::value::Cell;

/// What an event did to its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Insert,
    Update,
    Delete,
}

/// The values of a row, in the order of the columns.
pub(super) type Cells = Vec<Cell>;

/// Returns what an event of this number does, and whether it has the head of a later version.
pub(super) fn act(number: u8) -> Option<(Act, bool)> {
    match number {
        23 => Some((Act::Insert, false)),
        24 => Some((Act::Update, false)),
        25 => Some((Act::Delete, false)),
        30 => Some((Act::Insert, true)),
        31 => Some((Act::Update, true)),
        32 => Some((Act::Delete, true)),
        _ => None,
    }
}

/// Returns the number of the table that an event is about.
pub(super) fn table_of(body: &[u8]) -> Result<u64, SourceError> {
    Fields(body).number(6)
}

/// Calls `each` with every row before and after the event.
pub(super) fn each(
    body: &[u8],
    (act, is_later): (Act, bool),
    table: &Table,
    mut each: impl FnMut(Option<Cells>, Option<Cells>) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let mut fields = Fields(body);
    fields.take(8)?;
    if is_later {
        let length = usize::from(fields.u16()?).saturating_sub(2);
        fields.take(length)?;
    }
    let columns = fields.packed()?;
    let images = if act == Act::Update { 2 } else { 1 };
    for _ in 0..images {
        let present = fields.take(columns.div_ceil(8))?;
        if columns != table.columns.len() || !(0..columns).all(|at| is_set(present, at)) {
            return Err(unsaid(format!(
                "the log has rows of `{}` without all their columns: a session has set `binlog_row_image` to another value \
                 than FULL",
                table.shown()
            )));
        }
    }
    while !fields.is_empty() {
        let first = row(&mut fields, table)?;
        match act {
            Act::Insert => each(None, Some(first))?,
            Act::Delete => each(Some(first), None)?,
            Act::Update => {
                let after = row(&mut fields, table)?;
                each(Some(first), Some(after))?;
            }
        }
    }
    Ok(())
}

fn row(fields: &mut Fields<'_>, table: &Table) -> Result<Cells, SourceError> {
    let nulls = fields.take(table.columns.len().div_ceil(8))?;
    let columns = table.columns.iter().enumerate();
    let value = |(at, column)| if is_set(nulls, at) { Ok(Cell::Null) } else { cell(column, fields) };
    columns.map(value).collect()
}

fn is_set(bits: &[u8], at: usize) -> bool {
    bits[at / 8] >> (at % 8) & 1 == 1
}
