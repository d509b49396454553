//! The notes that a source keeps beside its position.

use super::catalog::Table;
use super::failure::damaged;
use crate::SourceError;
use crate::source::Stored;

const FORMAT: u8 = 1;

/// The tables as their rows were last copied.
const TABLES: &[u8] = b"f";
/// That all tables are to be copied, though there is a position.
pub(super) const OWED: &[u8] = b"o";

/// Returns the key and the value of the note that holds the tables.
pub(super) fn tables(tables: &[Table]) -> (&'static [u8], Vec<u8>) {
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, tables).expect("what is noted is JSON");
    (TABLES, bytes)
}

/// Reads the tables.
pub(super) fn stored_tables(stored: &dyn Stored) -> Result<Vec<Table>, SourceError> {
    match stored.note(TABLES)?.as_deref().and_then(<[u8]>::split_first) {
        Some((&FORMAT, json)) => serde_json::from_slice(json).map_err(|_| damaged()),
        _ => Err(damaged()),
    }
}
