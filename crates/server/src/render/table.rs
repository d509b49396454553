//! Rows as a table for people.

use super::cell::cell;
use super::grid::{Grid, Shown};
use super::row::Row;
use super::screen::Screen;
use livewell_model::{SmolStr, Value};
use std::io::{self, Write};

/// Writes the rows, how many there are, and which columns have no room.
pub fn write(
    out: &mut dyn Write,
    screen: &Screen,
    names: &[SmolStr],
    rows: impl IntoIterator<Item = io::Result<Row>>,
) -> io::Result<()> {
    let mut grid = Grid::new(names.iter().map(SmolStr::as_str));
    let mut count = 0u64;
    for row in rows {
        let (_, columns) = row?;
        grid.add(columns.iter().map(shown).collect::<io::Result<Vec<_>>>()?);
        count += 1;
    }
    let left_out = grid.write(out, screen)?;
    write!(out, "{count} {}", if count == 1 { "row" } else { "rows" })?;
    if !left_out.is_empty() {
        let (names, their) = (left_out.join("`, `"), if left_out.len() == 1 { "its" } else { "their" });
        write!(out, "; no room for `{names}`: `--format csv` or a wider screen has {their} values")?;
    }
    writeln!(out)
}

/// Returns a value as a cell.
pub fn shown(value: &Value) -> io::Result<Shown> {
    let text = cell(value)?;
    let is_number = matches!(value, Value::Int(_) | Value::Float(_) | Value::Decimal(_));
    Ok(if is_number { Shown::number(text) } else { Shown::text(&text) })
}
