//! The mapping of each table by the settings, checked against the catalogs.

use super::facts::{ColumnFacts, Facts, TableFacts};
use super::{keys, links};
use crate::SourceError;
use crate::postgres::failure::refused;
use crate::postgres::rows::{EdgeShape, Shape, escaped, prefix};
use crate::postgres::value::{self, Instead};
use crate::settings::{ForeignKey, Infinity, PostgresSettings, PropertyType, TableSettings, table_name};
use livewell_model::codec::Writer;
use std::collections::BTreeMap;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// The followed tables by number.
pub(in crate::postgres) type Shapes = BTreeMap<u32, Arc<Shape>>;

/// Returns the shapes of the existing tables with these names. `may_leave_out`: whether to leave out a table without a
/// usable key instead of returning an error.
///
/// # Errors
/// Returns an error if a table has no usable key, lacks a column that the settings name, or has a relationship whose
/// columns do not hold the key that they lead to.
pub(in crate::postgres) fn shapes(
    facts: &Facts,
    settings: &PostgresSettings,
    names: &[(String, String)],
    may_leave_out: &dyn Fn(&(String, String)) -> bool,
) -> Result<Shapes, SourceError> {
    let mut tables = Vec::with_capacity(names.len());
    for full_name @ (schema, name) in names {
        let Some((oid, table)) = facts.find(schema, name) else { continue };
        let own = own(settings, schema, name);
        match keys::key(table, own.map(|own| own.key.as_slice()).unwrap_or_default()) {
            Ok(key) => tables.push((oid, table, own, key)),
            Err(error) if may_leave_out(full_name) => {
                tracing::warn!(source = %settings.id, code = error.code, "a new table of the publication is left out: {error}");
            }
            Err(error) => return Err(error),
        }
    }
    let keys: BTreeMap<(&str, &str), (&TableFacts, &[String])> = tables
        .iter()
        .map(|(_, table, _, key)| ((table.schema.as_str(), table.name.as_str()), (*table, key.as_slice())))
        .collect();
    let mut shapes = Shapes::new();
    for (oid, table, own, key) in &tables {
        let mut shape = Shape {
            source: settings.id.as_str().into(),
            name: table.shown(),
            label: own.and_then(|own| own.label.clone()).unwrap_or_else(|| table.name.clone()).into(),
            prefix: prefix(&table.schema, &table.name),
            key: key.clone(),
            types: own.map(|own| own.types.clone()).unwrap_or_default(),
            id_bytes_max: settings.limits.id_bytes_max,
            ..Shape::default()
        };
        shape.types.keys().try_for_each(|name| column(table, name).map(drop))?;
        shape.has_decimals = table.columns.iter().any(|column| {
            let kind = value::kind(&facts.types, column.kind, column.modifier, instead(settings));
            shape.kind(&column.name, kind).was_float()
        });
        for foreign in own.map(|own| own.relationships.as_slice()).unwrap_or_default() {
            let target = keys.get(&table_name(&foreign.table));
            let (target, key) = target.ok_or_else(|| {
                refused(format!("`{}` leads to `{}`, which is not followed", shape.name, foreign.table))
            })?;
            shape.edges.push(edge(facts, table, foreign, target, key)?);
        }
        shapes.insert(*oid, Arc::new(shape));
    }
    Ok(shapes)
}

/// Returns the settings of a table.
pub(in crate::postgres) fn own<'a>(
    settings: &'a PostgresSettings,
    schema: &str,
    name: &str,
) -> Option<&'a TableSettings> {
    settings.tables.iter().find(|table| table.name() == (schema, name))
}

fn column<'a>(table: &'a TableFacts, name: &str) -> Result<&'a ColumnFacts, SourceError> {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    table.columns.iter().find(|column| column.name == name).ok_or_else(|| {
        let advice = crate::suggest::advice(name, &names);
        refused(format!("`{}` has no column `{name}` that is sent; {advice}", table.shown()))
    })
}

fn edge(
    facts: &Facts,
    table: &TableFacts,
    foreign: &ForeignKey,
    target: &TableFacts,
    key: &[String],
) -> Result<EdgeShape, SourceError> {
    let ForeignKey { kind, columns, .. } = foreign;
    let (name, other) = (table.shown(), target.shown());
    if columns.len() != key.len() {
        return Err(refused(format!(
            "the relationship `{kind}` of `{name}` has the columns [{}], and the key of `{other}` is [{}]; name one \
             column for each of these, in this order",
            columns.join(", "),
            key.join(", ")
        )));
    }
    let mut prints = Vec::with_capacity(columns.len());
    for (from, to) in columns.iter().zip(key) {
        let print = links::print(column(table, from)?, column(target, to)?, &facts.types);
        prints.push(print.map_err(|why| {
            refused(format!(
                "the column `{from}` of `{name}` cannot lead to the column `{to}` of `{other}` (`{kind}`): {why}"
            ))
        })?);
    }
    let parts: Vec<String> = [kind].into_iter().chain(columns).map(|part| escaped(part)).collect();
    Ok(EdgeShape {
        kind: kind.as_str().into(),
        prefix: format!("{}.{}:", prefix(&table.schema, &table.name), parts.join(".")),
        target: format!("{}:", prefix(&target.schema, &target.name)),
        columns: columns.clone(),
        prints,
    })
}

/// Returns what infinities become.
pub(in crate::postgres) fn instead(settings: &PostgresSettings) -> Option<Instead> {
    match settings.infinity {
        Infinity::Refuse => None,
        Infinity::Null => Some(value::Instead::Null),
        Infinity::Text => Some(value::Instead::Text),
    }
}

/// Returns a digest of everything that decides which elements the rows of a table become.
pub(in crate::postgres) fn digest(shape: &Shape, infinity: Infinity) -> u64 {
    let mut out = Writer::new();
    out.string(&shape.source).string(&shape.label).string(&shape.prefix).u8(infinity as u8);
    put_list(&mut out, shape.key.iter());
    let (texts, others): (Vec<_>, Vec<_>) =
        shape.types.iter().partition(|(_, wanted)| **wanted == PropertyType::Text);
    put_list(&mut out, texts.into_iter().map(|(name, _)| name));
    for edge in &shape.edges {
        put_list(&mut out, [&edge.prefix, &edge.target].into_iter());
        put_list(&mut out, edge.columns.iter());
        for print in &edge.prints {
            let (tag, length) = print.tag();
            out.u8(tag).varint(length as u64);
        }
    }
    // After everything that existing stores have, so that only tables whose rows differ now are copied.
    for (name, wanted) in others {
        out.string(name).u8(*wanted as u8);
    }
    if shape.has_decimals {
        out.string("decimals");
    }
    xxh3_64(&out.bytes)
}

fn put_list<'a>(out: &mut Writer, texts: impl ExactSizeIterator<Item = &'a String>) {
    out.varint(texts.len() as u64);
    for text in texts {
        out.string(text);
    }
}
