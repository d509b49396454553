//! Rows as CSV: a header, then a record for each row; the signature is left out.

use super::cell::cell;
use super::row::Row;
use livewell_model::SmolStr;
use std::io::{self, Write};

/// Writes the header and the rows.
pub fn write(
    out: &mut dyn Write,
    names: &[SmolStr],
    rows: impl IntoIterator<Item = io::Result<Row>>,
) -> io::Result<()> {
    let mut records = csv::Writer::from_writer(out);
    records.write_record(names.iter().map(SmolStr::as_str))?;
    for row in rows {
        let (_, columns) = row?;
        let cells = columns.iter().map(cell).collect::<io::Result<Vec<_>>>()?;
        records.write_record(&cells)?;
    }
    records.flush()
}
