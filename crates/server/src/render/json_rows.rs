//! Rows as JSON: one array, or one a line.

use super::Numbers;
use super::row::Row;
use livewell_model::SmolStr;
use livewell_model::json::{Data, RowShape};
use std::io::{self, Write};

/// Writes `[`, each row on a line of its own, then `]`.
pub fn array(
    out: &mut dyn Write,
    numbers: Numbers,
    names: &[SmolStr],
    rows: impl IntoIterator<Item = io::Result<Row>>,
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (at, row) in rows.into_iter().enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        one(out, numbers, names, &row?)?;
    }
    out.write_all(b"\n]\n")
}

/// Writes one row a line.
pub fn lines(
    out: &mut dyn Write,
    numbers: Numbers,
    names: &[SmolStr],
    rows: impl IntoIterator<Item = io::Result<Row>>,
) -> io::Result<()> {
    for row in rows {
        one(out, numbers, names, &row?)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn one(
    out: &mut dyn Write,
    numbers: Numbers,
    names: &[SmolStr],
    (row_signature, columns): &Row,
) -> io::Result<()> {
    let shape = RowShape { row_signature: *row_signature, data: Data { names, columns } };
    Ok(numbers.write(out, &shape)?)
}
