//! Reads the columns of a table.

use super::declared;
use super::refuse;
use crate::SourceError;
use crate::mysql::connection::{Connection, Row, cell, cell_or_null, literal};
use crate::mysql::failure::not_understood;
use crate::mysql::kind::{Column, Kind};

/// Returns the columns, and the names of those whose texts may be equal though they differ.
pub(super) fn read(
    connection: &mut Connection,
    schema: &str,
    table: &str,
) -> Result<(Vec<Column>, Vec<String>), SourceError> {
    let statement = format!(
        "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME, COLLATION_NAME, \
         concat(EXTRA, ' ', IS_GENERATED), CHARACTER_OCTET_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, \
         DATETIME_PRECISION FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND BINARY TABLE_NAME = {} \
         ORDER BY ORDINAL_POSITION",
        literal(schema),
        literal(table)
    );
    let (mut columns, mut folded) = (Vec::new(), Vec::new());
    for row in connection.query(&statement, "to show its columns")? {
        let column = column(&row, &format!("{schema}.{table}"))?;
        let collation = cell_or_null(&row, 4)?;
        if collation.is_some_and(|collation| !collation.ends_with("_bin")) {
            folded.push(column.name.clone());
        }
        columns.push(column);
    }
    Ok((columns, folded))
}

fn column(row: &Row, table: &str) -> Result<Column, SourceError> {
    let (name, data_type, declared) = (cell(row, 0)?, cell(row, 1)?, cell(row, 2)?);
    refuse::column(table, &name, &declared, cell_or_null(row, 3)?.as_deref(), &cell(row, 5)?)?;
    let number = |at: usize| -> Result<u64, SourceError> {
        let text = cell_or_null(row, at)?.unwrap_or_else(|| "0".into());
        text.parse().map_err(|_| not_understood(format!("`{text}` of a column")))
    };
    let unsigned = declared.contains(" unsigned");
    let int = |bytes| Kind::Int { bytes, unsigned };
    let bytes = number(6)?;
    let (short, digits) = (bytes.min(u16::MAX.into()) as u16, number(9)? as u8);
    let labels = match data_type.as_str() {
        "enum" | "set" => declared::labels(&declared),
        _ => Vec::new(),
    };
    let kind = match data_type.as_str() {
        "tinyint" => int(1),
        "smallint" => int(2),
        "mediumint" => int(3),
        "int" => int(4),
        "bigint" => int(8),
        "year" => Kind::Year,
        "decimal" => Kind::Decimal { precision: number(7)? as u8, scale: number(8)? as u8 },
        "float" => Kind::Float,
        "double" => Kind::Double,
        "bit" => Kind::Bit { bits: number(7)? as u8 },
        "char" => Kind::Char { bytes: short },
        "varchar" => Kind::Varchar { bytes: short },
        "tinytext" | "text" | "mediumtext" | "longtext" => Kind::Text { length: length_of(bytes) },
        "binary" => Kind::Binary { bytes: short },
        "varbinary" => Kind::Varbinary { bytes: short },
        "tinyblob" | "blob" | "mediumblob" | "longblob" => Kind::Blob { length: length_of(bytes) },
        "enum" => Kind::Enum { bytes: if labels.len() < 256 { 1 } else { 2 } },
        "set" => Kind::Set { bytes: set_bytes(labels.len()) },
        "date" => Kind::Date,
        "time" => Kind::Time { digits },
        "datetime" => Kind::DateTime { digits },
        "timestamp" => Kind::Timestamp { digits },
        _ => return Err(refuse::of_type(table, &name, &declared)),
    };
    refuse::labels(table, &name, kind, &labels)?;
    Ok(Column { name, kind, labels, is_filled: declared.contains(" zerofill") })
}

/// Returns how many bytes hold the length of a value with so many bytes.
fn length_of(bytes: u64) -> u8 {
    match bytes {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xff_ffff => 3,
        _ => 4,
    }
}

fn set_bytes(labels: usize) -> u8 {
    match labels.div_ceil(8) {
        bytes @ 0..=4 => bytes.max(1) as u8,
        _ => 8,
    }
}
