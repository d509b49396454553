//! Rows as they are stored among the live results.

use crate::codec::{DecodeError, Reader, Writer};
use crate::diff::Columns;
use crate::{Value, key};
use xxhash_rust::xxh3::xxh3_64;

/// The stored form of a row without an order.
const PLAIN: u8 = 1;

/// The stored form of a row that has its place in an order after its columns.
const ORDERED: u8 = 2;

/// One row of a query's result: its key and its columns.
///
/// The key identifies the row, and the row signature is its hash. It is stored with the row so that two keys with the
/// same hash can be told apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The row's identity within its query, in the encoding of [`crate::key`].
    pub key: Vec<u8>,
    /// The values, in the order of the query's columns.
    pub columns: Columns,
    /// The row's place in the order of its query's ORDER BY: a reader sorts by these bytes, then by the key. Empty if
    /// the query has no order.
    pub order: Vec<u8>,
}

impl Row {
    /// Returns the stored bytes of a row.
    pub fn encode(&self) -> Vec<u8> {
        encode(&self.key, &self.columns, &self.order)
    }

    /// Reads the row in `bytes`, as [`Row::encode`] wrote it.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the bytes are not a row, or one of a version that this code does not know.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("row", bytes);
        let format = reader.u8()?;
        if !matches!(format, PLAIN | ORDERED) {
            return Err(reader.error("unknown row format"));
        }
        let (key, columns) = (reader.bytes()?.to_vec(), reader.values()?);
        let order = if format == ORDERED { reader.bytes()?.to_vec() } else { Vec::new() };
        let row = Self { key, columns, order };
        reader.finish()?;
        Ok(row)
    }
}

/// Returns the stored bytes of the row with this key, these values and this place in an order; see [`Row::encode`].
pub fn encode(key: &[u8], columns: &[Value], order: &[u8]) -> Vec<u8> {
    let mut out = Writer::new();
    write(key, columns, order, &mut out);
    out.bytes
}

/// Writes what [`encode`] returns.
pub fn write(key: &[u8], columns: &[Value], order: &[u8], out: &mut Writer) {
    out.u8(if order.is_empty() { PLAIN } else { ORDERED }).bytes(key).values(columns);
    if !order.is_empty() {
        out.bytes(order);
    }
}

/// Returns the key of the first `parameters` columns of a stored row: equal for rows of one value of a query that is
/// run for each value of its parameters.
///
/// # Errors
/// Returns [`DecodeError`] if the bytes are not a row with so many columns.
pub fn value_key(bytes: &[u8], parameters: usize) -> Result<Vec<u8>, DecodeError> {
    let mut reader = Reader::new("row", bytes);
    if !matches!(reader.u8()?, PLAIN | ORDERED) {
        return Err(reader.error("unknown row format"));
    }
    reader.bytes()?;
    if reader.count()? < parameters {
        return Err(reader.error("fewer columns than parameters"));
    }
    let values = (0..parameters).map(|_| reader.value()).collect::<Result<Vec<_>, _>>()?;
    Ok(key::of(&values))
}

/// Returns the hash that row signatures come from: XXH3 with 64 bits, whose output is frozen by its specification.
pub fn key_hash(key: &[u8]) -> u64 {
    xxh3_64(key)
}

/// Returns a row signature as JSON carries it: sixteen hexadecimal digits.
pub fn signature_text(row_signature: u64) -> String {
    format!("{row_signature:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_survives_its_bytes() {
        for order in [vec![], vec![5, 0]] {
            let columns = vec![Value::Int(-7), Value::Null, "x".into()].into();
            let row = Row { key: vec![1, 0, 2], columns, order };
            assert_eq!(Row::decode(&row.encode()), Ok(row));
        }
    }

    #[test]
    fn a_cut_or_extended_row_is_refused() {
        let bytes = Row { key: vec![9; 4], columns: vec![Value::Float(0.5)].into(), order: vec![] }.encode();
        for end in 0..bytes.len() {
            assert!(Row::decode(&bytes[..end]).is_err(), "cut at {end}");
        }
        assert!(Row::decode(&[bytes, vec![0]].concat()).is_err());
    }

    #[test]
    fn the_key_of_a_value_is_that_of_the_first_columns() {
        for order in [vec![], vec![5, 0]] {
            let columns = vec!["c42".into(), Value::Int(7), Value::Float(0.5)].into();
            let row = Row { key: vec![1, 0, 2], columns, order };
            for parameters in 0..=3 {
                let of = value_key(&row.encode(), parameters);
                assert_eq!(of, Ok(key::of(&row.columns[..parameters])), "{parameters} parameters");
            }
            assert!(value_key(&row.encode(), 4).is_err());
        }
    }

    #[test]
    fn the_hash_of_a_key_never_changes() {
        assert_eq!(key_hash(b""), 0x2d06_8005_38d3_94c2);
        assert_eq!(key_hash(b"livewell"), key_hash(b"livewell"));
    }
}
