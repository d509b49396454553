//! Rows as Parquet.
//!
//! A file says the type of each column before its values, and only all values say it. So the rows go through a
//! temporary file, which keeps both the one sequence and the memory small.

use super::columns::{Seen, Type, special};
use crate::render::{Row, cell};
use livewell_model::SmolStr;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type as Schema;
use serde_json::Value as Json;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::sync::Arc;

/// How many rows a group has, which are in memory together.
const GROUP: usize = 65_536;

/// Writes the rows.
pub fn write(
    out: &mut (dyn Write + Send),
    names: &[SmolStr],
    rows: &mut dyn Iterator<Item = io::Result<Row>>,
) -> io::Result<()> {
    let (types, spooled) = spool(names.len(), rows)?;
    let schema = schema(names, &types).map_err(io::Error::other)?;
    let created_by = concat!("livewell version ", env!("CARGO_PKG_VERSION")).to_owned();
    let properties = WriterProperties::builder()
        .set_created_by(created_by)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let mut writer =
        SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).map_err(io::Error::other)?;
    let mut lines = BufReader::new(spooled).lines();
    loop {
        let group: Vec<Vec<Json>> = lines
            .by_ref()
            .take(GROUP)
            .map(|line| Ok(serde_json::from_str(&line?)?))
            .collect::<io::Result<_>>()?;
        if group.is_empty() {
            break;
        }
        write_group(&mut writer, &types, &group).map_err(io::Error::other)?;
    }
    writer.close().map(drop).map_err(io::Error::other)
}

/// Writes the rows to a temporary file, a line each, and returns it at its start, with the types of the columns.
fn spool(columns: usize, rows: &mut dyn Iterator<Item = io::Result<Row>>) -> io::Result<(Vec<Type>, File)> {
    let mut seen = vec![Seen::default(); columns];
    let mut spool = BufWriter::new(tempfile::tempfile()?);
    for row in rows {
        let (_, columns) = row?;
        let values = columns.iter().map(serde_json::to_value).collect::<serde_json::Result<Vec<Json>>>()?;
        seen.iter_mut().zip(&values).for_each(|(seen, value)| seen.note(value));
        serde_json::to_writer(&mut spool, &values)?;
        spool.write_all(b"\n")?;
    }
    let mut file = spool.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok((seen.into_iter().map(Seen::of).collect(), file))
}

fn schema(names: &[SmolStr], types: &[Type]) -> Result<Schema> {
    let field = |(name, of): (&SmolStr, &Type)| {
        let (physical, logical) = match of {
            Type::Boolean => (Physical::BOOLEAN, None),
            Type::Integer => (Physical::INT64, None),
            Type::Float => (Physical::DOUBLE, None),
            Type::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let field = Schema::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
        field.with_logical_type(logical).build().map(Arc::new)
    };
    let fields = names.iter().zip(types).map(field).collect::<Result<_>>()?;
    Schema::group_type_builder("rows").with_fields(fields).build()
}

fn write_group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    types: &[Type],
    rows: &[Vec<Json>],
) -> Result<()> {
    let mut group = writer.next_row_group()?;
    for (at, of) in types.iter().enumerate() {
        let Some(column) = group.next_column()? else { break };
        let values = rows.iter().map(|row| row.get(at).unwrap_or(&Json::Null));
        match of {
            Type::Boolean => write_column::<BoolType>(column, values, |value| value.as_bool()),
            Type::Integer => write_column::<Int64Type>(column, values, |value| value.as_i64()),
            Type::Float => write_column::<DoubleType>(column, values, float),
            Type::Text => write_column::<ByteArrayType>(column, values, text),
        }?;
    }
    group.close().map(drop)
}

fn write_column<'a, T: DataType>(
    mut column: SerializedColumnWriter<'_>,
    values: impl Iterator<Item = &'a Json>,
    read: impl Fn(&Json) -> Option<T::T>,
) -> Result<()> {
    let read: Vec<Option<T::T>> = values.map(read).collect();
    // A null has a level and no value.
    let levels: Vec<i16> = read.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = read.into_iter().flatten().collect();
    column.typed::<T>().write_batch(&values, Some(&levels), None)?;
    column.close()
}

fn float(value: &Json) -> Option<f64> {
    value.as_f64().or_else(|| special(value.as_str()?))
}

fn text(value: &Json) -> Option<ByteArray> {
    match value {
        Json::Null => None,
        value => Some(cell::of_json(value.clone()).into_bytes().into()),
    }
}
