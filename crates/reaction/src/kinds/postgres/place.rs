//! The places of the target's tables: the schemas where they were first found, whatever `search_path` is later.

use super::checkpoint;
use super::failure::Failure;
use super::text::{name_of, quoted};
use crate::ReactionError;
use crate::aside::Asides;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{DecodeError, SmolStr};
use tokio_postgres::Transaction;

/// The formats of the detail: without schemas, of earlier versions; with them; and with what was set aside.
const WITHOUT: u8 = 1;
const FORMAT: u8 = 2;
const WITH_ASIDES: u8 = 3;

/// The names of the tables, with their schemas, as SQL quotes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    /// The table of checkpoints.
    pub checkpoint: String,
    /// The target table; empty if there is none.
    pub table: String,
    schemas: [SmolStr; 2],
}

impl Places {
    /// Returns the places that a checkpoint's detail names, or the ones that `search_path` leads to now; and what was set
    /// aside.
    pub async fn find(
        transaction: &Transaction<'_>,
        detail: Option<&[u8]>,
        table: &str,
    ) -> Result<(Self, Asides), Failure> {
        let stored = detail.map(read).transpose().map_err(|cause| ReactionError::Detail { cause })?;
        let (schemas, asides) = stored.unwrap_or_default();
        let [checkpoint, of_table] = match schemas {
            Some(schemas) => schemas,
            None => {
                let checkpoint = schema_of(transaction, checkpoint::TABLE).await?;
                let is_named = table.is_empty() || table.contains('.');
                let of_table = if is_named {
                    SmolStr::default()
                } else {
                    schema_of(transaction, &name_of(table)).await?
                };
                [checkpoint, of_table]
            }
        };
        let within = |schema: &str, name: &str| match schema {
            "" => name.to_owned(),
            schema => format!("{}.{name}", quoted(schema)),
        };
        // If the setting names a schema, that one counts.
        let table = match table {
            "" => String::new(),
            table if table.contains('.') => name_of(table),
            table => within(&of_table, &name_of(table)),
        };
        let checkpoint_table = within(&checkpoint, checkpoint::TABLE);
        let places = Self { checkpoint: checkpoint_table, table, schemas: [checkpoint, of_table] };
        Ok((places, asides))
    }

    /// Returns the detail of a checkpoint; the target knows the rest.
    pub fn encode(&self, asides: &Asides) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(if asides.is_empty() { FORMAT } else { WITH_ASIDES });
        for schema in &self.schemas {
            out.string(schema);
        }
        if !asides.is_empty() {
            asides.write(&mut out);
        }
        out.bytes
    }
}

fn read(detail: &[u8]) -> Result<(Option<[SmolStr; 2]>, Asides), DecodeError> {
    let mut reader = Reader::new("places in the target", detail);
    let format = reader.u8()?;
    let schemas = match format {
        WITHOUT => None,
        FORMAT | WITH_ASIDES => Some([reader.string()?, reader.string()?]),
        _ => return Err(reader.error("unknown format")),
    };
    let asides = if format == WITH_ASIDES { Asides::read(&mut reader)? } else { Asides::default() };
    reader.finish()?;
    Ok((schemas, asides))
}

/// Returns the schema of an existing table, or the one in which it would be created.
async fn schema_of(transaction: &Transaction<'_>, table: &str) -> Result<SmolStr, Failure> {
    let find = "SELECT coalesce((SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                WHERE c.oid = to_regclass($1)), current_schema(), '')::text";
    Ok(transaction.query_one(find, &[&table]).await?.get::<_, &str>(0).into())
}
