//! Rows as CSV: a header, then a record for each row; the signature is left out.

use super::cell::cell;
use super::row::Row;
use csv::QuoteStyle;
use livewell_model::{SmolStr, Value};
use schemars::JsonSchema;
use serde::Deserialize;
use std::borrow::Cow;
use std::io::{self, Write};

/// What a spreadsheet takes for the beginning of a formula, or passes over before one.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// How a text is written that a spreadsheet would take for a formula.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Formulas {
    /// As it is.
    #[default]
    Plain,
    /// Behind an apostrophe.
    Quoted,
}

impl Formulas {
    fn text(self, text: Cow<'_, str>) -> Cow<'_, str> {
        let quotes = self == Self::Quoted && text.starts_with(FORMULA);
        if quotes { format!("'{text}").into() } else { text }
    }

    fn cell(self, value: &Value) -> io::Result<String> {
        let text = cell(value)?;
        let is_number = matches!(value, Value::Int(_) | Value::Float(_) | Value::Decimal(_));
        Ok(if is_number { text } else { self.text(text.into()).into_owned() })
    }
}

/// Writes the header and the rows.
pub fn write(
    out: &mut dyn Write,
    formulas: Formulas,
    names: &[SmolStr],
    rows: impl IntoIterator<Item = io::Result<Row>>,
) -> io::Result<()> {
    // A spreadsheet may split at other characters than a comma, and then takes a part of a text for a cell.
    let quotes = if formulas == Formulas::Quoted { QuoteStyle::NonNumeric } else { QuoteStyle::Necessary };
    let mut records = csv::WriterBuilder::new().quote_style(quotes).from_writer(out);
    let header: Vec<_> = names.iter().map(|name| formulas.text(name.as_str().into())).collect();
    records.write_record(header.iter().map(|name| name.as_bytes()))?;
    for row in rows {
        let (_, columns) = row?;
        let cells = columns.iter().map(|value| formulas.cell(value)).collect::<io::Result<Vec<_>>>()?;
        records.write_record(&cells)?;
    }
    records.flush()
}
