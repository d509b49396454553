//! Rows as a table for people: numbers to the right, long cells cut, control characters shown as such.

use super::cell::cell;
use super::row::Row;
use comfy_table::{Cell, CellAlignment, Table, presets};
use livewell_model::{SmolStr, Value};
use std::io::{self, Write};

const CELL_CHARS_MAX: usize = 80;

/// Writes the rows and how many there are.
pub fn write(
    out: &mut dyn Write,
    names: &[SmolStr],
    rows: impl IntoIterator<Item = io::Result<Row>>,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(names.iter().map(|name| printable(name)));
    let mut count = 0u64;
    for row in rows {
        let (_, columns) = row?;
        table.add_row(columns.iter().map(aligned).collect::<io::Result<Vec<_>>>()?);
        count += 1;
    }
    writeln!(out, "{table}")?;
    writeln!(out, "{count} {}", if count == 1 { "row" } else { "rows" })
}

fn aligned(value: &Value) -> io::Result<Cell> {
    let shown = Cell::new(printable(&cell(value)?));
    let is_number = matches!(value, Value::Int(_) | Value::Float(_) | Value::Decimal(_));
    Ok(if is_number { shown.set_alignment(CellAlignment::Right) } else { shown })
}

/// Makes text from outside printable: it must neither control the terminal nor break the table.
fn printable(text: &str) -> String {
    let mut shown: String =
        text.chars().take(CELL_CHARS_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(CELL_CHARS_MAX).is_some() {
        shown.push_str("...");
    }
    shown
}
