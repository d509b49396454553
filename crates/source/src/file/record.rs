//! Parses rows of a table in the form of RFC 4180: fields between commas, quotes around what holds commas, quotes or
//! line breaks.
//!
//! Many parsers accept anything, so that a stray quote silently swallows rows; here it is an error.

use crate::InputError;
use crate::error::code;
use std::borrow::Cow;

/// Finds where a row ends, over chunks of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Boundary {
    /// At the beginning of a field, where a quote opens.
    #[default]
    FieldStart,
    /// Within a field that has no quotes.
    Plain,
    /// Within quotes.
    Quoted,
    /// After a quote within quotes: the closing one, or the first of a pair.
    AfterQuote,
}

impl Boundary {
    /// Returns the length of `chunk` up to and including the row's line break, if there is one.
    pub fn find(&mut self, chunk: &[u8]) -> Option<usize> {
        for (at, byte) in chunk.iter().enumerate() {
            *self = match (*self, byte) {
                (Self::Quoted, b'"') => Self::AfterQuote,
                (Self::Quoted, _) => Self::Quoted,
                (_, b'\n') => return Some(at + 1),
                (_, b',') => Self::FieldStart,
                (Self::FieldStart | Self::AfterQuote, b'"') => Self::Quoted,
                _ => Self::Plain,
            };
        }
        None
    }
}

/// A field of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// What it holds.
    pub text: Cow<'a, str>,
    /// Where it begins, as an offset in the row.
    pub offset: usize,
}

/// Returns the fields of a row without its line break.
pub(super) fn fields(row: &[u8]) -> Result<Vec<Field<'_>>, InputError> {
    let row = std::str::from_utf8(row).map_err(|error| {
        let message = "this is not UTF-8 text; write the file in UTF-8";
        error_at(&String::from_utf8_lossy(row), error.valid_up_to(), code::SYNTAX, message)
    })?;
    let mut fields = Vec::new();
    let mut offset = 0;
    loop {
        let (text, end) = match row[offset..].starts_with('"') {
            true => quoted(row, offset)?,
            false => plain(row, offset)?,
        };
        fields.push(Field { text, offset });
        if end == row.len() {
            return Ok(fields);
        }
        offset = end + 1;
    }
}

/// Returns the field at `start` and where it ends: at a comma or the row's end.
fn plain(row: &str, start: usize) -> Result<(Cow<'_, str>, usize), InputError> {
    let end = row[start..].find(',').map_or(row.len(), |length| start + length);
    let text = &row[start..end];
    match text.find('"') {
        Some(quote) => Err(error_at(
            row,
            start + quote,
            code::TABLE,
            "a quote within a field that does not begin with one; put the field in quotes and double those within",
        )),
        None => Ok((text.into(), end)),
    }
}

fn quoted(row: &str, start: usize) -> Result<(Cow<'_, str>, usize), InputError> {
    let body = start + 1;
    let mut at = body;
    let mut doubled = false;
    loop {
        let Some(length) = row[at..].find('"') else {
            return Err(error_at(row, start, code::TABLE, "this quote is never closed"));
        };
        let quote = at + length;
        match row.as_bytes().get(quote + 1) {
            Some(b'"') => (at, doubled) = (quote + 2, true),
            None | Some(b',') => {
                let text = &row[body..quote];
                let text = if doubled { text.replace("\"\"", "\"").into() } else { text.into() };
                return Ok((text, quote + 1));
            }
            Some(_) => {
                let message = "text after a closing quote; double the quotes within a field";
                return Err(error_at(row, quote + 1, code::TABLE, message));
            }
        }
    }
}

/// Returns an error at an offset of a row, which may span lines.
pub(super) fn error_at(
    row: &str,
    offset: usize,
    code: &'static str,
    message: impl Into<String>,
) -> InputError {
    let before = row.get(..offset).unwrap_or(row);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    InputError {
        column: Some(before[line_start..].chars().count() + 1),
        lines_below: before.matches('\n').count() as u64,
        ..InputError::new(code, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bad_quote_is_an_error_at_its_place() {
        let cases: [(&str, u64, usize); 5] =
            [("a,5\" pipe", 0, 4), ("a,\"b\"c", 0, 6), ("a,\"b", 0, 3), ("\"x\ny\",é\"", 1, 5), ("\"", 0, 1)];
        for (row, lines_below, column) in cases {
            let error = fields(row.as_bytes()).unwrap_err();
            assert_eq!((error.lines_below, error.column), (lines_below, Some(column)), "{row}");
        }
    }

    proptest! {
        #[test]
        fn rows_are_read_as_the_csv_crate_writes_them(
            rows in prop::collection::vec(prop::collection::vec("[a\",\n\r é]{0,5}", 2..4), 1..4),
            cut in 1usize..7,
        ) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let (mut read, mut row, mut boundary) = (Vec::new(), Vec::new(), Boundary::default());
            for mut chunk in text.chunks(cut) {
                while let Some(end) = boundary.find(chunk) {
                    row.extend_from_slice(&chunk[..end - 1]);
                    read.push(fields(&row).unwrap().iter().map(|f| f.text.to_string()).collect::<Vec<_>>());
                    (boundary, chunk) = (Boundary::default(), &chunk[end..]);
                    row.clear();
                }
                row.extend_from_slice(chunk);
            }
            prop_assert_eq!(read, rows);
        }
    }
}
